"""Two engine processes call each other through a registrar on loopback; audio is heard in recordings at both ends."""

import pytest
from callmanager.api import (
    Answer,
    CallArrived,
    CallFinished,
    CallMediaReported,
    CallProgressed,
    CallState,
    EndCause,
    HangUp,
    Ring,
    Transport,
)
from plugins.sip_engine.phones import Phone, account, heard, tone_file
from plugins.sip_engine.tiny_pbx import TinyPbx


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP])
async def test_two_engines_hear_each_other(tmp_path, transport):
    async with (
        TinyPbx({"2001": "one", "2002": "two"}, transport=transport.value) as pbx,
        Phone(tmp_path) as anna,
        Phone(tmp_path) as ben,
    ):
        a = account("2001", "127.0.0.1", pbx.port, transport, display_name="Anna")
        b = account("2002", "127.0.0.1", pbx.port, transport)
        anna.use_files(say=tone_file(tmp_path / "a.wav", 700), hear=tmp_path / "heard-a.wav")
        ben.use_files(say=tone_file(tmp_path / "b.wav", 1100), hear=tmp_path / "heard-b.wav")
        await anna.registered(a, "one")
        await ben.registered(b, "two")
        call = anna.place(a, "2002")
        arrived = await ben.wait(CallArrived)
        assert (arrived.remote.number, arrived.remote.name, arrived.called) == ("2001", "Anna", "2002")
        ben.engine.submit(Ring(call_id=arrived.call_id))
        await anna.wait(CallProgressed, lambda f: f.state is CallState.PROGRESS and f.sip_code == 180)
        ben.engine.submit(Answer(call_id=arrived.call_id))
        for phone in (anna, ben):
            await phone.wait(CallProgressed, lambda f: f.state is CallState.CONNECTED)
            media = await phone.wait(CallMediaReported, lambda f: f.media.flowing)
            assert (media.media.codec, media.media.wideband, media.media.encrypted) == ("G722", True, False)
        await heard(tmp_path / "heard-a.wav", 1100)
        await heard(tmp_path / "heard-b.wav", 700)
        anna.engine.submit(HangUp(call_id=call))
        assert (await anna.wait(CallFinished)).end.cause is EndCause.LOCAL
        end = await ben.wait(CallFinished)
        assert end.end.cause is EndCause.REMOTE
        assert end.statistics.packets_received > 10

"""Calls on real sound devices: PipeWire null sinks stand for microphone, speaker and ringer, and are pulled out in the call."""

import asyncio

import pytest
from audio_bench.bench import tone_file, tone_share
from callmanager.api import (
    AudioChoice,
    AudioDevicesReported,
    AudioDeviceSwitched,
    AudioRole,
    CallArrived,
    CallFinished,
    CallProgressed,
    CallState,
    ConfigureAudio,
    HangUp,
    Reject,
    Ring,
    Transport,
    WatchAudioDevices,
)
from far_ends.tones import read_wav
from plugins.sip_engine.phones import Phone, account

pytestmark = [pytest.mark.pbx, pytest.mark.audio, pytest.mark.slow, pytest.mark.timeout(120), pytest.mark.expects_log(".*")]

SPOKEN, HEARD = 700, 500


@pytest.fixture
async def phone(pbx, audio_bench, tmp_path):
    for sink in ("headset", "desk", "bell"):
        audio_bench.add_sink(sink)
    for microphone in ("boom", "spare"):
        audio_bench.add_microphone(microphone)
    known = pbx.account("2001")
    ours = account("2001", pbx.host, 8089, Transport.WSS, ca_file=pbx.ca_file)
    async with Phone(tmp_path) as engine:
        engine.engine.submit(WatchAudioDevices(watched=True))
        listed = await engine.wait(AudioDevicesReported, lambda fact: len(fact.devices) >= 5)
        engine.ids = {device.name: device.id for device in listed.devices}
        engine.engine.submit(
            ConfigureAudio(
                choice=AudioChoice(
                    microphone=engine.ids["boom"],
                    speaker=engine.ids["headset"],
                    ringer=engine.ids["bell"],
                    echo_cancellation=False,
                    noise_suppression=False,
                    gain_control=False,
                )
            )
        )
        await engine.registered(ours, known.password)
        engine.account = ours
        yield engine


async def sounds(recording, hertz: float, *, seconds: float = 8.0) -> None:
    """Wait until the tone is most of what came out last."""
    share = 0.0
    end = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < end:
        samples = await asyncio.to_thread(recording.samples, 0.4)
        share = tone_share(samples, hertz) if len(samples) and abs(samples).max() > 200 else 0.0
        if share > 0.8:
            return
    raise AssertionError(f"{hertz} Hz is only {share:.0%} of what came out")


async def talk(phone, number: str):
    call = phone.place(phone.account, number)
    await phone.wait(CallProgressed, lambda fact: fact.call_id == call and fact.state is CallState.CONNECTED)
    return call


async def hang_up(phone, call) -> None:
    phone.engine.submit(HangUp(call_id=call))
    await phone.wait(CallFinished, lambda fact: fact.call_id == call)


async def test_a_tone_goes_from_the_microphone_to_the_far_end_and_from_there_to_the_speaker(pbx, phone, audio_bench, tmp_path):
    spoken = audio_bench.play_into_microphone("boom", tone_file(tmp_path / "spoken.wav", frequency=SPOKEN, seconds=30))
    with audio_bench.record_speaker("headset") as headset:
        call = await talk(phone, "61577")
        await sounds(headset, HEARD)
        await hang_up(phone, call)
    spoken.end()
    assert read_wav(await asyncio.to_thread(pbx.recorded, "77")).tail(0.5).share(SPOKEN) > 0.8


async def test_a_speaker_pulled_out_in_the_call_is_replaced_and_taken_back(phone, audio_bench):
    with audio_bench.record_speaker("headset") as headset:
        call = await talk(phone, "602")
        await sounds(headset, HEARD)
    audio_bench.remove_sink("headset")
    switched = await phone.wait(AudioDeviceSwitched, lambda fact: fact.role is AudioRole.SPEAKER)
    assert switched.device is not None
    with audio_bench.record_speaker(switched.device.name) as other:
        await sounds(other, HEARD)
    since = phone.now
    audio_bench.add_sink("headset")
    await phone.wait(AudioDeviceSwitched, lambda fact: fact.device is not None and fact.device.name == "headset", since=since)
    with audio_bench.record_speaker("headset") as headset:
        await sounds(headset, HEARD)
    await hang_up(phone, call)


async def test_a_microphone_pulled_out_in_the_call_is_replaced(pbx, phone, audio_bench, tmp_path):
    tone = tone_file(tmp_path / "spoken.wav", frequency=SPOKEN, seconds=60)
    boom = audio_bench.play_into_microphone("boom", tone)
    call = await talk(phone, "60778")
    boom.end()
    audio_bench.remove_microphone("boom")
    switched = await phone.wait(AudioDeviceSwitched, lambda fact: fact.role is AudioRole.MICROPHONE)
    assert switched.device is not None
    spare = audio_bench.play_into_microphone(switched.device.name, tone)
    await sounds_at_far_end(phone)
    await hang_up(phone, call)
    spare.end()
    assert read_wav(await asyncio.to_thread(pbx.recorded, "78")).tail(0.4).share(SPOKEN) > 0.8


async def sounds_at_far_end(phone) -> None:
    """Our own level meter shows the tone on its way out, for a second and more."""
    from callmanager.api import CallStatisticsReported

    since = phone.now
    loud = lambda fact: fact.statistics.sent_level_dbfs > -30  # noqa: E731 - used twice below
    first = await phone.wait(CallStatisticsReported, loud, since=since)
    await phone.wait(CallStatisticsReported, lambda fact: loud(fact) and fact is not first, since=since)


async def test_an_incoming_call_rings_on_the_ringer_and_not_on_the_speaker(pbx, phone, audio_bench):
    with audio_bench.record_speaker("bell") as bell, audio_bench.record_speaker("headset") as headset:
        pbx.originate("2001", action="tone")
        arrived = await phone.wait(CallArrived)
        phone.engine.submit(Ring(call_id=arrived.call_id))
        end = asyncio.get_running_loop().time() + 8
        loudest = 0
        while loudest < 500 and asyncio.get_running_loop().time() < end:
            samples = await asyncio.to_thread(bell.samples, 0.3)
            loudest = int(abs(samples).max()) if len(samples) else 0
        assert loudest >= 500, "the ringer is silent"
        quiet = await asyncio.to_thread(headset.samples, 0.3)
        assert not len(quiet) or int(abs(quiet).max()) < 50
        phone.engine.submit(Reject(call_id=arrived.call_id))
        await phone.wait(CallFinished)

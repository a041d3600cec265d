"""The edge against Asterisk 22: registration, calls out and in, hold, a tone heard each time, a cut cable."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Iterator

import attrs
import pytest
from callmanager_sip_engine.edge import DtlsState, Edge, EdgeSettings, IceState
from pbx.accounts import Dial
from pbx.bench import AsteriskPbx
from pbx.fixtures import start_or_skip
from plugins.sip_engine.edge.far_ends import Witness, raw_client
from plugins.sip_engine.edge.scripted_phone import ScriptedPhone

pytestmark = pytest.mark.pbx

_log = logging.getLogger(__name__)


@attrs.frozen(kw_only=True)
class Line:
    """A registered phone behind an edge, and the PBX."""

    pbx: AsteriskPbx
    edge: Edge
    witness: Witness
    phone: ScriptedPhone


@pytest.fixture(scope="module")
def asterisk() -> Iterator[AsteriskPbx]:
    server = start_or_skip(AsteriskPbx())
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
async def line(asterisk: AsteriskPbx) -> AsyncIterator[Line]:
    witness = Witness()
    settings = EdgeSettings(
        host=asterisk.host, port=8089, transport="wss", ca_file=asterisk.ca_file, ping_interval=0.5, ping_timeout=0.5
    )
    edge = Edge(settings, witness)
    port = await edge.start()
    try:
        started = time.perf_counter()
        await edge.connect()
        connected = time.perf_counter()
        async with raw_client(port) as client:
            phone = ScriptedPhone(client, asterisk.account("2001"), edge_port=port)
            assert (await phone.register()).status == 200
            register_ms = (time.perf_counter() - connected) * 1000
            _log.info("link %.0f ms, registered %.0f ms later", (connected - started) * 1000, register_ms)
            yield Line(pbx=asterisk, edge=edge, witness=witness, phone=phone)
            phone.close()
    finally:
        await edge.stop()
        asterisk.hang_up()


async def test_a_tone_comes_back_from_the_echo_extension(line):
    started = time.perf_counter()
    answer = await line.phone.invite(Dial.ECHO)
    assert answer.status == 200
    answered = time.perf_counter()
    first, share = await line.phone.talk(answer.body, frequency=700, frames=75)
    assert share > 0.9
    call_id, state = line.witness.media[-1]
    assert call_id == answer.call_id
    assert (state.ice, state.dtls, state.encrypted) == (IceState.CONNECTED, DtlsState.CONNECTED, True)
    _log.info(
        "answer %.0f ms, first packet %.0f ms later; ICE %.0f ms, DTLS %.0f ms, %s, %s/%s",
        (answered - started) * 1000,
        first,
        state.ice_ms,
        state.dtls_ms,
        state.srtp_profile,
        state.local_candidate,
        state.remote_candidate,
    )
    assert (await line.phone.bye(answer)).status == 200
    await line.witness.wait(lambda w: w.media[-1][1].ice is IceState.CLOSED)


async def test_a_call_of_the_pbx_is_answered_and_its_tone_heard(line):
    line.pbx.originate("2001", action="tone")
    invite = await line.phone.next_request("INVITE")
    assert "RTP/AVP" in invite.body.decode()
    await line.phone.reply(invite, 180, "Ringing")
    await line.phone.reply(invite, 200, "OK", body=line.phone.sdp())
    await line.phone.next_request("ACK")
    _, share = await line.phone.talk(invite.body, frequency=500, frames=75)
    assert share > 0.9
    line.pbx.hang_up()
    await line.phone.reply(await line.phone.next_request("BYE"), 200, "OK")
    await line.witness.wait(lambda w: w.media[-1][1].ice is IceState.CLOSED)


async def test_hold_and_resume_keep_the_encrypted_path(line):
    answer = await line.phone.invite(Dial.ECHO)
    await line.phone.talk(answer.body, frequency=700, frames=40)
    before = line.witness.media[-1][1]
    dialog = {
        "call_id": answer.call_id,
        "to": answer.required("to"),
        "route": line.phone.routes(answer),
        "uri": line.phone.target(answer),
    }
    held = await line.phone.invite("", body=line.phone.sdp(direction="sendonly", version=2), **dialog)
    assert held.status == 200
    assert re.search(rb"a=(recvonly|inactive)", held.body)
    resumed = await line.phone.invite("", body=line.phone.sdp(version=3), **dialog)
    assert b"a=recvonly" not in resumed.body
    _, share = await line.phone.talk(resumed.body, frequency=900, frames=75)
    assert share > 0.9
    after = line.witness.media[-1][1]
    assert (after.ice_ms, after.dtls_ms) == (before.ice_ms, before.dtls_ms)
    await line.phone.bye(answer)


async def test_early_media_is_heard_before_any_answer(line):
    call = asyncio.create_task(line.phone.invite(Dial.EARLY_MEDIA))
    await line.witness.wait(lambda w: bool(w.media) and w.media[-1][1].encrypted)
    assert (await call).status == 486 or (await call).status >= 400


async def test_a_refused_call_leaves_no_leg(line):
    assert (await line.phone.invite(Dial.BUSY)).status == 486
    await line.witness.wait(lambda w: w.media[-1][1].ice is IceState.CLOSED)
    assert not line.edge._calls._calls


async def test_a_cut_cable_is_noticed_and_the_dialog_goes_on_afterwards(line):
    answer = await line.phone.invite(Dial.ECHO)
    await line.phone.talk(answer.body, frequency=700, frames=40)
    line.pbx.link_down()
    try:
        await line.witness.wait(lambda w: bool(w.lost))
    finally:
        line.pbx.link_up()
    async with asyncio.timeout(10):
        await line.edge.connect()
    _, share = await line.phone.talk(answer.body, frequency=900, frames=75)
    assert share > 0.9
    assert (await line.phone.bye(answer)).status == 200

"""Two media legs against each other: real ICE, real DTLS, real SRTP, over an address of this machine."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable

import attrs
import pytest
from aioice.ice import get_host_addresses
from callmanager_sip_engine.edge.certificate import DtlsCertificate, make_certificate
from callmanager_sip_engine.edge.facts import DtlsState, IceState, LegState
from callmanager_sip_engine.edge.ice import IcePool
from callmanager_sip_engine.edge.leg import MediaLeg
from callmanager_sip_engine.edge.message import Request, Response, parse
from callmanager_sip_engine.edge.negotiation import CallNegotiation
from callmanager_sip_engine.edge.sdp import SdpError
from plugins.sip_engine.edge.far_ends import PATIENCE, request

pytestmark = pytest.mark.skipif(
    not get_host_addresses(use_ipv4=True, use_ipv6=False),
    reason="ICE leaves loopback out and this machine has no other address",
)


class Phone:
    """What pjsua2 is to a leg: an RTP and an RTCP socket on loopback."""

    def __init__(self) -> None:
        self.rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.rtcp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for sock in (self.rtp, self.rtcp):
            sock.bind(("127.0.0.1", 0))
            sock.setblocking(False)

    def sdp(self, *, direction: str = "sendrecv", video: bool = False) -> bytes:
        lines = [
            "v=0",
            "o=- 1 1 IN IP4 127.0.0.1",
            "s=pjmedia",
            "c=IN IP4 127.0.0.1",
            "t=0 0",
            f"m=audio {self.rtp.getsockname()[1]} RTP/AVP 9 0 101",
            f"a=rtcp:{self.rtcp.getsockname()[1]} IN IP4 127.0.0.1",
            f"a={direction}",
            "a=rtpmap:9 G722/8000",
            "a=rtpmap:0 PCMU/8000",
            "a=rtpmap:101 telephone-event/8000",
            "a=fmtp:101 0-16",
        ]
        if video:
            lines += ["m=video 5000 RTP/AVP 96", "a=rtpmap:96 H264/90000"]
        return ("\r\n".join(lines) + "\r\n").encode()

    async def receive(self, *, rtcp: bool = False) -> bytes:
        async with asyncio.timeout(PATIENCE):
            return await asyncio.get_running_loop().sock_recv(self.rtcp if rtcp else self.rtp, 2048)

    def close(self) -> None:
        self.rtp.close()
        self.rtcp.close()


@attrs.define
class End:
    """One leg with its negotiation, its phone and what it reported."""

    leg: MediaLeg
    negotiation: CallNegotiation
    phone: Phone
    states: list[LegState]
    changed: asyncio.Event

    async def until(self, fact: Callable[[LegState], bool]) -> LegState:
        async with asyncio.timeout(PATIENCE):
            while not fact(self.leg.state):
                self.changed.clear()
                await self.changed.wait()
        return self.leg.state

    def send_rtp(self, number: int, payload: bytes = b"\xff" * 160) -> bytes:
        packet = struct.pack("!BBHII", 0x80, 0, number, number * 160, 0x1234) + payload
        self.phone.rtp.sendto(packet, ("127.0.0.1", self.leg.loopback.rtp_port))
        return packet


@pytest.fixture
async def ends() -> AsyncIterator[tuple[End, End]]:
    pool = IcePool(stun_servers=(), turn_servers=())
    pool.warm()
    made = [await _end(pool, make_certificate(), controlling=controlling) for controlling in (True, False)]
    yield made[0], made[1]
    for end in made:
        await end.leg.close()
        end.phone.close()
    await pool.close()


async def _end(pool: IcePool, certificate: DtlsCertificate, *, controlling: bool) -> End:
    states: list[LegState] = []
    changed = asyncio.Event()

    def note(state: LegState) -> None:
        states.append(state)
        changed.set()

    leg = MediaLeg(ice=await pool.take(controlling=controlling), certificate=certificate, changed=note)
    await leg.open()
    return End(leg, CallNegotiation(leg), Phone(), states, changed)


def _invite(body: bytes, cseq: int = 1) -> Request:
    message = parse(request("INVITE", cseq=cseq, body=body))
    assert isinstance(message, Request)
    return message


def _ok(body: bytes, cseq: int = 1) -> Response:
    invite = _invite(body, cseq)
    return Response(status=200, reason="OK", headers=invite.headers, body=body)


def _call(caller: End, callee: End, *, cseq: int = 1, direction: str = "sendrecv") -> tuple[str, str]:
    """Exchange offer and answer; return what the callee's and the caller's phone get to see."""
    offer = caller.negotiation.outbound(_invite(caller.phone.sdp(direction=direction), cseq))
    plain_offer = callee.negotiation.inbound(_invite(offer, cseq))
    back = {"sendonly": "recvonly", "sendrecv": "sendrecv", "inactive": "inactive"}[direction]
    answer = callee.negotiation.outbound(_ok(callee.phone.sdp(direction=back), cseq))
    plain_answer = caller.negotiation.inbound(_ok(answer, cseq))
    return plain_offer.decode(), plain_answer.decode()


async def _talk(ends: tuple[End, End]) -> None:
    for end in ends:
        await end.until(lambda state: state.dtls is DtlsState.CONNECTED)


async def test_audio_crosses_both_ways_and_only_then_counts_as_encrypted(ends):
    caller, callee = ends
    _call(caller, callee)
    await _talk(ends)
    assert not caller.leg.state.encrypted
    there = caller.send_rtp(1)
    assert await callee.phone.receive() == there
    back = callee.send_rtp(1, b"\x55" * 160)
    assert await caller.phone.receive() == back
    for end in ends:
        state = await end.until(lambda state: state.encrypted)
        assert state.ice is IceState.CONNECTED
        assert state.srtp_profile == "SRTP_AEAD_AES_128_GCM"
        assert (state.packets_in, state.packets_out) == (1, 1)
        assert state.local_candidate in {"host", "prflx"}
        assert state.ice_ms > 0
        assert state.dtls_ms > 0
    assert caller.leg.state.fingerprint == callee.leg.local.fingerprint


async def test_rtcp_shares_the_path_and_comes_out_at_its_own_port(ends):
    caller, callee = ends
    _call(caller, callee)
    await _talk(ends)
    report = struct.pack("!BBHI", 0x80, 201, 1, 0x1234)
    caller.phone.rtcp.sendto(report, ("127.0.0.1", caller.leg.loopback.rtcp_port))
    assert await callee.phone.receive(rtcp=True) == report


async def test_holding_keeps_the_transport(ends):
    caller, callee = ends
    _call(caller, callee)
    await _talk(ends)
    before = caller.negotiation.outbound(_invite(caller.phone.sdp(), 2)).decode()
    plain_offer, plain_answer = _call(caller, callee, cseq=3, direction="sendonly")
    assert "a=sendonly" in plain_offer
    assert "a=recvonly" in plain_answer
    after = caller.negotiation.outbound(_invite(caller.phone.sdp(), 4)).decode()
    assert before == after
    packet = caller.send_rtp(9)
    assert await callee.phone.receive() == packet


async def test_the_offer_is_webrtc_and_names_no_loopback_address(ends):
    caller, _ = ends
    offer = caller.negotiation.outbound(_invite(caller.phone.sdp())).decode()
    assert "UDP/TLS/RTP/SAVPF 9 0 101" in offer
    for wanted in ("a=rtcp-mux", "a=setup:actpass", "a=fingerprint:sha-256 ", "a=ice-ufrag:", "a=candidate:",
                   "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-16", "a=group:BUNDLE 0"):  # fmt: skip
        assert wanted in offer
    assert "127.0.0.1" not in offer


async def test_the_phone_sees_plain_rtp_on_loopback(ends):
    caller, callee = ends
    plain_offer, plain_answer = _call(caller, callee)
    for text, end in ((plain_offer, callee), (plain_answer, caller)):
        assert f"m=audio {end.leg.loopback.rtp_port} RTP/AVP 9 0 101" in text
        assert "fingerprint" not in text
        assert "candidate" not in text
    assert "a=setup:active" in callee.negotiation.outbound(_ok(callee.phone.sdp())).decode()


async def test_video_is_refused_in_its_place(ends):
    caller, callee = ends
    offer = caller.negotiation.outbound(_invite(caller.phone.sdp())).decode()
    video = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:v\r\na=rtpmap:96 VP8/90000\r\n"
    head, audio = offer.split("m=audio", 1)
    plain = callee.negotiation.inbound(_invite((head + video + "m=audio" + audio).encode())).decode()
    assert "video" not in plain
    answer = callee.negotiation.outbound(_ok(callee.phone.sdp())).decode()
    assert answer.index("m=video 0 UDP/TLS/RTP/SAVPF 96") < answer.index("m=audio")
    assert "a=group:BUNDLE 0\r\n" in answer


async def test_a_certificate_that_is_not_the_announced_one_ends_the_media(ends):
    caller, callee = ends
    offer = caller.negotiation.outbound(_invite(caller.phone.sdp()))
    forged = offer.replace(caller.leg.local.fingerprint.encode(), make_certificate().fingerprint.encode())
    callee.negotiation.inbound(_invite(forged))
    caller.negotiation.inbound(_ok(callee.negotiation.outbound(_ok(callee.phone.sdp()))))
    state = await callee.until(lambda state: state.dtls is DtlsState.FAILED)
    assert "not the one its SDP announced" in state.failure
    callee.phone.rtp.sendto(b"\x80\x00" + b"\0" * 170, ("127.0.0.1", callee.leg.loopback.rtp_port))
    await caller.until(lambda state: state.dtls is not DtlsState.HANDSHAKE)
    assert callee.leg.state.packets_out == 0
    assert not callee.leg.state.encrypted


async def test_packets_from_a_foreign_port_do_not_enter_the_call(ends):
    caller, callee = ends
    _call(caller, callee)
    await _talk(ends)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(b"\x80\x00" + b"\x66" * 170, ("127.0.0.1", caller.leg.loopback.rtp_port))
        packet = caller.send_rtp(3)
        assert await callee.phone.receive() == packet
    assert caller.leg.state.packets_dropped == 1
    assert caller.leg.state.packets_out == 1


async def test_plain_rtp_of_the_pbx_is_not_accepted(ends):
    _, callee = ends
    with pytest.raises(SdpError, match="not set up for WebRTC"):
        callee.negotiation.inbound(_invite(b"v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"))


async def test_a_far_end_that_is_gone_is_told(ends):
    caller, callee = ends
    _call(caller, callee)
    await _talk(ends)
    await callee.leg._ice.close()
    await callee.until(lambda state: state.ice is IceState.LOST)
    assert callee.leg.state.failure == "the PBX no longer answers on the media path"


async def test_an_offer_in_the_answer_is_answered_by_the_ack(ends):
    caller, callee = ends
    offer = caller.negotiation.outbound(_ok(caller.phone.sdp()))
    callee.negotiation.inbound(_ok(offer))
    ack = parse(request("ACK", body=callee.phone.sdp()))
    answer = callee.negotiation.outbound(ack)
    caller.negotiation.inbound(attrs.evolve(ack, body=answer))
    await _talk(ends)

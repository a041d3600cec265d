"""A hundred thousand broken messages: each is passed on as exactly one sound message or refused, never anything else."""

from __future__ import annotations

import random
from pathlib import Path

import attrs
import pytest
from callmanager_sip_engine.edge.addresses import SipUri
from callmanager_sip_engine.edge.framing import StreamFramer
from callmanager_sip_engine.edge.message import Header, MessageError, Request, Response, parse
from callmanager_sip_engine.edge.rewrite import (
    EdgeIdentity,
    inbound_request,
    inbound_response,
    outbound_request,
    outbound_response,
    reply,
)
from callmanager_sip_engine.edge.sdp import (
    LocalTransport,
    SdpError,
    Setup,
    read_remote,
    to_plain,
    to_webrtc,
)
from callmanager_sip_engine.edge.sdp import parse as parse_sdp
from plugins.sip_engine.edge.far_ends import request

pytestmark = pytest.mark.expects_log("refused|cannot be translated")  # that is what this module is about

_BATCHES = 20
_PER_BATCH = 5_000
_SENT_PER_BATCH = 100

_ME = EdgeIdentity(loopback_port=40000, via_transport="WSS", contact_transport="ws", host="edge.invalid", secret=b"s" * 32)
_PEER = SipUri(scheme="sip", user="101", host="127.0.0.1", port=46001, tail=";transport=TCP")
_LOCAL = LocalTransport(
    ufrag="abcd",
    password="p" * 22,
    candidates=("1 1 udp 1 192.0.2.1 4000 typ host",),
    fingerprint="AA",
    address="192.0.2.1",
    port=4000,
)
_WEBRTC = b"".join(
    line + b"\r\n"
    for line in (
        b"v=0",
        b"o=- 1 2 IN IP4 192.0.2.7",
        b"s=Asterisk",
        b"c=IN IP4 192.0.2.7",
        b"t=0 0",
        b"a=group:BUNDLE audio-0",
        b"m=audio 10026 UDP/TLS/RTP/SAVPF 0 9 101",
        b"a=connection:new",
        b"a=setup:actpass",
        b"a=fingerprint:SHA-256 " + b":".join([b"AB"] * 32),
        b"a=ice-ufrag:5f5b",
        b"a=ice-pwd:0123456789abcdef01234567",
        b"a=candidate:H1 1 UDP 2130706431 192.0.2.7 10026 typ host",
        b"a=rtpmap:0 PCMU/8000",
        b"a=rtpmap:101 telephone-event/8000",
        b"a=ptime:20",
        b"a=sendrecv",
        b"a=rtcp-mux",
        b"a=mid:audio-0",
    )
)
_HOSTILE = [
    *(b"\r\n", b"\n", b"\r", b"\r\n ", b"\r\n\r\n", b"\0", b"%00", b"\xff", b"\xc3\x28"),
    *(b"<", b">", b'"', b"\\", b",", b";", b":", b"@", b"0" * 40, b"A" * 3000),
    *(b"Content-Length: 0\r\n", b"Content-Length: 99999\r\n", b"Contact: *\r\n", b"X: y\r\n" * 300),
    b"Via: SIP/2.0/WSS edge.invalid;branch=z9hG4bK1\r\n",
    b"Route: <sip:127.0.0.1:40000;transport=tcp;lr>\r\n",
    b"Record-Route: <sip:127.0.0.1:40000;transport=tcp;lr>, <x>\r\n",
    *(b"INVITE sip:a@b SIP/2.0\r\n", b"SIP/2.0 200 OK\r\n"),
    *(b"m=audio 0 RTP/AVP 0\r\n", b"a=candidate:\r\n", b"a=x\r\n" * 600),
]


def _seeds() -> list[bytes]:
    folder = Path(__file__).parents[3] / "data/sip/rfc4475"
    seeds = [path.read_bytes() for path in sorted(folder.glob("*.dat"))]
    contact = "Contact: <sip:101@127.0.0.1:46001;transport=TCP;ob>;expires=300\r\n"
    route = f"Route: <sip:127.0.0.1:{_ME.loopback_port};transport=tcp;lr>\r\n"
    seeds.append(request("INVITE", extra=route + contact, body=_WEBRTC))
    seeds += [request(method, extra=route + contact) for method in ("REGISTER", "ACK", "BYE", "NOTIFY")]
    invite = parse(seeds[49])
    assert isinstance(invite, Request)
    answer = attrs.evolve(reply(outbound_request(invite, _ME), 200, "OK", tag="t"), body=_WEBRTC)
    seeds.append(answer.serialise())
    return seeds + seeds[49:] * 6  # the messages of a real call as often as the RFC's


def _mutate(chance: random.Random, seeds: list[bytes]) -> bytes:
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        at = chance.randrange(len(data) + 1)
        end = min(len(data), at + chance.randrange(1, 40))
        match chance.randrange(7):
            case 0 if data:
                data[at % len(data)] ^= 1 << chance.randrange(8)
            case 1:
                del data[at:end]
            case 2:
                data[at:at] = chance.choice(_HOSTILE)
            case 3:
                data[at:end] = chance.choice(_HOSTILE)
            case 4:
                data[at:at] = data[at:end]
            case 5:
                other = chance.choice(seeds)
                data[at:] = other[chance.randrange(len(other)) :]
            case _:
                data[at:end] = chance.randbytes(end - at)
    return bytes(data)


def _check(data: bytes) -> bool:
    """Send one message through everything pure; return whether it passed."""
    try:
        message = parse(data)
        if isinstance(message, Request):
            changed = [
                outbound_request(message, _ME),
                inbound_request(message, _ME, peer=_PEER),
                reply(message, 503, "x", tag="t"),
            ]
        else:
            changed = [inbound_response(message, _ME, peer=_PEER), _answered(message)]
    except MessageError:
        return False
    for each in changed:
        wire = each.serialise()
        (framed,) = StreamFramer().feed(wire)
        again = parse(framed)
        assert again.call_id == message.call_id
        assert len(again.headers) == len([header for header in each.headers if header.key != "content-length"]) + 1
    if message.body:
        _check_sdp(message.body)
    return True


def _answered(response: Response) -> Response:
    own = Header("Via", f"SIP/2.0/TCP 127.0.0.1:{_ME.loopback_port};branch=z9hG4bKnot-ours")
    with pytest.raises(MessageError):
        outbound_response(attrs.evolve(response, headers=(own, *response.headers)), _ME)
    return response


def _check_sdp(body: bytes) -> None:
    try:
        description = parse_sdp(body)
        plain = to_plain(description, rtp_port=4000, rtcp_port=4001)
    except SdpError:
        return
    text = plain.serialise()
    assert text.count(b"\r\nm=") == 1
    assert b"c=IN IP4 127.0.0.1\r\n" in text
    assert b"candidate" not in text
    again = to_webrtc(parse_sdp(text), _LOCAL, setup=Setup.ACTIVE, answering=description).serialise()
    assert again.count(b"\r\nm=") == len(description.media)
    try:
        read_remote(description)
    except SdpError:
        return


@pytest.mark.parametrize("batch", range(_BATCHES))
async def test_each_mutation_passes_whole_or_is_refused_and_a_call_works_afterwards(bench, batch):
    chance = random.Random(f"batch {batch}")
    seeds = _seeds()
    passed = sum(_check(_mutate(chance, seeds)) for _ in range(_PER_BATCH))
    assert 0 < passed < _PER_BATCH, "the mutations must neither all break nor all leave the messages alone"
    for _ in range(_SENT_PER_BATCH):
        mutation = _mutate(chance, seeds)
        await bench.pbx.client.send(mutation.decode(errors="replace") if chance.random() < 0.9 else mutation)
    await bench.client.send(request("OPTIONS", call_id="after"))
    while (seen := await bench.pbx.next()).call_id != "after":
        pass
    await bench.pbx.answer(seen, 200, "OK")
    while (answer := await bench.client.next()).call_id != "after":
        pass
    assert answer.status == 200
    assert bench.edge.connected

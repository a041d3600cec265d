"""A hundred thousand broken messages: each is passed on as exactly one sound message or refused, never anything else."""

from __future__ import annotations

import random

import attrs
import pytest
from callmanager_sip_engine.edge.addresses import SipUri
from callmanager_sip_engine.edge.framing import StreamFramer
from callmanager_sip_engine.edge.message import Header, MessageError, Request, Response, parse
from callmanager_sip_engine.edge.rewrite import (
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
from plugins.sip_engine.edge.mutations import ME, mutate, seeds

pytestmark = pytest.mark.expects_log("refused|cannot be translated")  # that is what this module is about

_BATCHES = 20
_PER_BATCH = 5_000
_SENT_PER_BATCH = 100

_PEER = SipUri(scheme="sip", user="101", host="127.0.0.1", port=46001, tail=";transport=TCP")
_LOCAL = LocalTransport(
    ufrag="abcd",
    password="p" * 22,
    candidates=("1 1 udp 1 192.0.2.1 4000 typ host",),
    fingerprint="AA",
    address="192.0.2.1",
    port=4000,
)


def _check(data: bytes) -> bool:
    """Send one message through everything pure; return whether it passed."""
    try:
        message = parse(data)
        if isinstance(message, Request):
            changed = [
                outbound_request(message, ME),
                inbound_request(message, ME, peer=_PEER),
                reply(message, 503, "x", tag="t"),
            ]
        else:
            changed = [inbound_response(message, ME, peer=_PEER), _answered(message)]
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
    own = Header("Via", f"SIP/2.0/TCP 127.0.0.1:{ME.loopback_port};branch=z9hG4bKnot-ours")
    with pytest.raises(MessageError):
        outbound_response(attrs.evolve(response, headers=(own, *response.headers)), ME)
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
async def test_each_mutation_passes_whole_or_is_refused_and_an_exchange_works_afterwards(bench, batch):
    chance = random.Random(f"batch {batch}")
    broken = seeds()
    passed = sum(_check(mutate(chance, broken)) for _ in range(_PER_BATCH))
    assert 0 < passed < _PER_BATCH, "the mutations must neither all break nor all leave the messages alone"
    for _ in range(_SENT_PER_BATCH):
        mutation = mutate(chance, broken)
        await bench.pbx.client.send(mutation.decode(errors="replace") if chance.random() < 0.9 else mutation)
    await bench.client.send(request("OPTIONS", call_id="after"))
    while (seen := await bench.pbx.next()).call_id != "after":
        pass
    await bench.pbx.answer(seen, 200, "OK")
    while (answer := await bench.client.next()).call_id != "after":
        pass
    assert answer.status == 200
    assert bench.edge.connected

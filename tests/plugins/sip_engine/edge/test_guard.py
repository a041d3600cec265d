"""What would end pjsua2's process or use up its media is stopped at the edge, and what only looks like it passes."""

from __future__ import annotations

import asyncio

import pytest
from aioice.ice import get_host_addresses
from callmanager_sip_engine.edge import calls
from callmanager_sip_engine.edge.guard import LARGEST_FOR_PJSUA, check_for_pjsua
from callmanager_sip_engine.edge.message import MessageError, parse
from callmanager_sip_engine.edge.rewrite import inbound_request, reply
from plugins.sip_engine.edge.far_ends import request
from plugins.sip_engine.edge.mutations import WEBRTC_SDP
from plugins.sip_engine.edge.test_media import Phone

needs_address = pytest.mark.skipif(
    not get_host_addresses(use_ipv4=True, use_ipv6=False),
    reason="ICE leaves loopback out and this machine has no other address",
)


def _answer(status: int, to: str, *, method: str = "INVITE"):
    return parse(
        f"SIP/2.0 {status} x\r\nVia: SIP/2.0/WSS h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: {to}\r\n"
        f"Call-ID: c\r\nCSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n".encode()
    )


_TAGLESS = [
    "<sip:600@b>",
    "<sip:600@b>;tag=",
    "<sip:600@b>;tag",
    "<sip:600@b;tag=inside>",
    '";tag=quoted" <sip:600@b>',
    "<sip:600@b>;gag=1",
    "<sip:600@b>;x=;tag=;y",
]


@pytest.mark.parametrize("to", _TAGLESS)
def test_an_ack_without_a_to_tag_is_refused(to):
    raw = request("ACK").replace(b"To: <sip:600@pbx.example.com>", f"To: {to}".encode())
    with pytest.raises(MessageError, match="acknowledges nothing"):
        check_for_pjsua(parse(raw))


@pytest.mark.parametrize("to", _TAGLESS)
@pytest.mark.parametrize("status", [180, 183, 199, 200, 299])
def test_an_answer_that_makes_no_dialog_is_refused(status, to):
    with pytest.raises(MessageError, match="makes no dialog"):
        check_for_pjsua(_answer(status, to))


@pytest.mark.parametrize(
    "message",
    [
        parse(request("ACK", to_tag="t")),
        parse(request("INVITE")),
        parse(request("BYE")),
        _answer(100, "<sip:600@b>"),
        _answer(180, "<sip:600@b>;x=y; Tag = t"),
        _answer(200, '"A;B" <sip:600@b;tag=x>;tag=t'),
        _answer(200, "sip:600@b;tag=t"),
        _answer(404, "<sip:600@b>"),
        _answer(200, "<sip:600@b>", method="REGISTER"),
    ],
    ids=lambda message: f"{message.start_line()} To {message.first('to')}",
)
def test_what_an_honest_pbx_sends_passes(message):
    check_for_pjsua(message)


@pytest.mark.expects_log("acknowledges nothing")
async def test_a_stray_ack_reaches_nobody_and_is_told(bench):
    await bench.client.send(request("OPTIONS"))
    await bench.pbx.answer(await bench.pbx.next(), 200, "OK")
    assert (await bench.client.next()).status == 200
    await bench.pbx.send(request("ACK", call_id="stray"))
    await bench.pbx.send(request("OPTIONS", call_id="after"))
    assert (await bench.client.next()).call_id == "after"
    assert "acknowledges nothing" in bench.witness.refused[0]


@pytest.fixture
async def known(bench):
    """The bench, once the edge has met its local peer."""
    await bench.client.send(request("OPTIONS", call_id="hello"))
    await bench.pbx.next()
    return bench


@needs_address
async def test_invites_that_pjsua_ignores_do_not_keep_their_media(known, monkeypatch):
    monkeypatch.setattr(calls, "_IGNORED_SECONDS", 0.05)
    for number in range(3):
        await known.pbx.send(request("INVITE", call_id=f"ignored-{number}", body=WEBRTC_SDP))
        assert (await known.client.next()).body
    table = known.edge._calls
    async with asyncio.timeout(10):
        while table._calls or table._closing:  # noqa: ASYNC110 - a timer of the edge ends it and tells nobody
            await asyncio.sleep(0.01)


@needs_address
async def test_an_invite_that_pjsua_has_taken_up_may_ring_for_long(known):
    await known.pbx.send(request("INVITE", call_id="taken", body=WEBRTC_SDP))
    seen = await known.client.next()
    call = known.edge._calls._calls["taken"]
    now = asyncio.get_running_loop().time()
    assert call.expiry.when() <= now + calls._IGNORED_SECONDS
    await known.client.send(reply(seen, 100, "Trying", tag="t").serialise())
    assert (await known.pbx.next()).status == 100
    assert call.expiry.when() >= now + calls._UNANSWERED_SECONDS


@needs_address
@pytest.mark.expects_log("calls at once")
async def test_a_flood_of_calls_leaves_room_for_one_of_our_own(known):
    for number in range(calls._MOST_CALLS):
        await known.pbx.send(request("INVITE", call_id=f"flood-{number}", body=WEBRTC_SDP))
    await known.witness.wait(lambda w: len(w.refused) == calls._KEPT_FOR_US)
    refused = [await known.pbx.next() for _ in range(calls._KEPT_FOR_US)]
    assert {answer.status for answer in refused} == {488}
    phone = Phone()
    try:
        await known.client.send(request("INVITE", call_id="ours", body=phone.sdp()))
        ours = await known.pbx.next()
        assert (ours.method, ours.call_id) == ("INVITE", "ours")
        assert b"UDP/TLS/RTP/SAVPF" in ours.body
    finally:
        phone.rtp.close()
        phone.rtcp.close()


@pytest.mark.parametrize(("method", "to_tag"), [("UPDATE", "t"), ("UPDATE", ""), ("PRACK", "t"), ("ACK", "t"), ("INVITE", "t")])
async def test_a_description_for_a_call_that_nobody_knows_opens_no_media(known, method, to_tag):
    await known.pbx.send(request(method, call_id="unknown", to_tag=to_tag, body=WEBRTC_SDP))
    seen = await known.client.next()
    assert (seen.method, seen.body, seen.first("content-type")) == (method, b"", None)
    assert not known.edge._calls._calls


@needs_address
@pytest.mark.expects_log("Via header cannot be read")
async def test_an_invite_that_cannot_be_passed_on_opens_no_media(known):
    raw = request("INVITE", call_id="bad", body=WEBRTC_SDP).replace(b"Via: SIP/2.0/TCP ", b"Via: nonsense ")
    await known.pbx.send(raw)
    await known.witness.wait(lambda w: bool(w.refused))
    assert not known.edge._calls._calls


def _padded(raw: bytes, length: int) -> bytes:
    return raw.replace(b"Content-Length", b"Pad: " + b"y" * (length - len(raw) - 7) + b"\r\nContent-Length")


def _inner_length(bench, raw: bytes) -> int:
    return len(inbound_request(parse(raw), bench.edge._me, peer=None).serialise())


async def test_a_request_that_just_fits_into_pjsuas_buffer_passes(known):
    raw = request("NOTIFY", call_id="fits")
    await known.pbx.send(_padded(raw, len(raw) + LARGEST_FOR_PJSUA - _inner_length(known, raw)))
    seen = await known.client.next()
    assert len(seen.serialise()) == LARGEST_FOR_PJSUA


@pytest.mark.expects_log("larger than the 4000")
async def test_a_request_too_large_for_pjsua_is_answered_by_the_edge(known):
    raw = request("NOTIFY", call_id="large")
    await known.pbx.send(_padded(raw, len(raw) + LARGEST_FOR_PJSUA + 1 - _inner_length(known, raw)))
    answer = await known.pbx.next()
    assert (answer.status, answer.call_id) == (513, "large")
    await known.pbx.send(request("OPTIONS", call_id="after"))
    assert (await known.client.next()).call_id == "after"
    assert "larger than the 4000" in known.witness.refused[0]


@needs_address
@pytest.mark.expects_log("larger than the 4000")
async def test_a_call_too_large_for_pjsua_keeps_no_media(known):
    await known.pbx.send(_padded(request("INVITE", call_id="large", body=WEBRTC_SDP), 6000))
    assert (await known.pbx.next()).status == 513
    assert not known.edge._calls._calls


@pytest.mark.expects_log("larger than the 4000")
async def test_an_answer_too_large_for_pjsua_ends_its_request_with_a_refusal(known):
    await known.client.send(request("SUBSCRIBE", call_id="ours"))
    seen = await known.pbx.next()
    await known.pbx.answer(seen, 183, "Long", extra="Pad: " + "y" * 5000)  # is dropped
    await known.pbx.answer(seen, 200, "Long", extra="Pad: " + "y" * 5000)
    answer = await known.client.next()
    assert (answer.status, answer.call_id, answer.first("pad")) == (502, "ours", None)
    assert len(known.witness.refused) == 2

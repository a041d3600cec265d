"""The 49 messages of RFC 4475: which pass the edge, which are refused and why, and that nothing else happens."""

from __future__ import annotations

import attrs
import pytest
from callmanager_sip_engine.edge.addresses import SipUri
from callmanager_sip_engine.edge.framing import StreamFramer
from callmanager_sip_engine.edge.message import MessageError, Request, parse
from callmanager_sip_engine.edge.rewrite import inbound_request, inbound_response, outbound_request, reply
from plugins.sip_engine.edge.far_ends import request
from plugins.sip_engine.edge.mutations import ME, rfc4475

pytestmark = pytest.mark.expects_log("refused|cannot be translated")  # that is what this module is about

_PASSES = {
    "badaspec", "badbranch", "baddate", "baddn", "badinv01", "bcast", "bext01", "cparam01", "cparam02", "esc01", "esc02",
    "escnull", "escruri", "inv2543", "invut", "longreq", "lwsdisp", "mpart01", "noreason", "novelsc", "quotbal", "regaut01",
    "regbadct", "regescrt", "sdp01", "semiuri", "transports", "unkscm", "unksm2", "unreason", "wsinv", "zeromf",
}  # fmt: skip
"""What a user agent must judge, not a proxy, goes through unchanged, wrong as some of it is."""

_REFUSED = {
    "badvers": "version is not 2.0",
    "bigcode": "neither a request nor a response",
    "clerr": "Content-Length says 9999",
    "dblreq": "Content-Length says 0",  # only a datagram may have octets behind the message
    "insuf": "header is missing",
    "intmeth": "NUL byte",  # legal in a quoted pair, but pjsua2 and the log are written in C
    "ltgtruri": "neither a request nor a response",
    "lwsruri": "neither a request nor a response",
    "lwsstart": "neither a request nor a response",
    "mcl01": "content-length header is there more than once",
    "mismatch01": "CSeq method",
    "mismatch02": "CSeq method",
    "multi01": "more than once",
    "ncl": "Content-Length is not a number",
    "scalar02": "CSeq header is not a number",
    "scalarlg": "CSeq header is not a number",
    "trws": "neither a request nor a response",
}

_PEER = SipUri(scheme="sip", user="101", host="127.0.0.1", port=46001, tail=";transport=TCP")


def _message(name: str) -> bytes:
    return rfc4475()[name]


def test_all_49_messages_are_there_and_judged():
    assert len(_PASSES) + len(_REFUSED) == 49
    assert set(rfc4475()) == _PASSES | set(_REFUSED)


@pytest.mark.parametrize("name", sorted(_REFUSED))
def test_it_is_refused_with_its_reason(name):
    with pytest.raises(MessageError, match=_REFUSED[name]):
        parse(_message(name))


@pytest.mark.parametrize("name", sorted(_PASSES))
def test_it_passes_in_both_directions_and_keeps_what_is_not_ours(name):
    message = parse(_message(name))
    if not isinstance(message, Request):
        with pytest.raises(MessageError, match="answer"):
            inbound_response(message, ME, peer=_PEER)
        return
    own = {"via", "route", "record-route", "contact", "content-length"}
    for changed in (outbound_request(message, ME), inbound_request(message, ME, peer=_PEER)):
        wire = changed.serialise()
        (framed,) = StreamFramer().feed(wire)
        again = parse(framed)
        assert isinstance(again, Request)
        assert (again.method, again.uri, again.body) == (message.method, message.uri, message.body)
        foreign = [header for header in again.headers if header.key not in own]
        assert foreign == [header for header in message.headers if header.key not in own]
        assert len(again.values("via")) == len(message.values("via")) + 1


@pytest.mark.parametrize("name", sorted(_PASSES))
def test_a_local_answer_to_it_is_a_message_again(name):
    message = parse(_message(name))
    if isinstance(message, Request):
        answer = parse(reply(message, 503, "No Connection To PBX", tag="edge").serialise())
        assert answer.values("via") == message.values("via")
        assert answer.call_id == message.call_id


@pytest.mark.parametrize("name", sorted(_PASSES | set(_REFUSED)))
async def test_an_exchange_works_after_it_came_from_the_pbx(bench, name):
    raw = _message(name)
    await bench.pbx.client.send(raw.decode() if name != "mpart01" else raw)
    await bench.client.send(request("OPTIONS", call_id="after"))
    while (seen := await bench.pbx.next()).call_id != "after":
        pass
    await bench.pbx.answer(seen, 200, "OK")
    while (answer := await bench.client.next()).call_id != "after":
        pass
    assert answer.status == 200
    assert bench.edge.connected


def test_on_a_stream_two_messages_in_a_row_are_two():
    first, second = StreamFramer().feed(_message("dblreq") + b"")
    assert parse(first).cseq == (8, "REGISTER")
    assert parse(second).cseq == (8, "INVITE")


def test_a_negative_length_loses_the_place_in_a_stream():
    with pytest.raises(MessageError, match="Content-Length"):
        StreamFramer().feed(_message("ncl"))


def test_folded_and_compact_headers_read_like_plain_ones():
    message = parse(_message("wsinv"))
    assert message.cseq == (9, "INVITE")
    assert message.call_id == "wsinv.ndaksdj@192.0.2.1"
    assert message.first("subject") == ""
    assert message.first("newfangledheader") == "newfangled value continued newfangled value"
    contact = attrs.evolve(outbound_request(message, ME)).first("contact")
    assert contact.startswith('"Quoted string \\"\\"" <sip:jdrosen@edge.invalid;transport=ws>')

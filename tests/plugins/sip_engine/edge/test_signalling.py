"""What passes through an edge and what does not, between a real WSS server and a raw SIP client."""

from __future__ import annotations

import asyncio
import contextlib

import attrs
import pytest
from callmanager_sip_engine.edge.message import Header, MessageError, Request, Response, parse
from callmanager_sip_engine.edge.rewrite import reply
from plugins.sip_engine.edge.far_ends import fake_pbx, raw_client, request

_CONTACT = "Contact: <sip:101@127.0.0.1:46001;transport=TCP;ob>;expires=300\r\n"


async def test_a_register_reaches_the_pbx_as_a_webrtc_client_sends_it(bench):
    route = f"Route: <sip:127.0.0.1:{bench.port};transport=tcp;lr>\r\n"
    await bench.client.send(request("REGISTER", extra=route + _CONTACT))
    seen = await bench.pbx.next()
    assert isinstance(seen, Request)
    own, below = seen.values("via")
    assert own.startswith("SIP/2.0/WSS ")
    assert ".invalid;branch=z9hG4bK" in own
    assert "127.0.0.1:46001" in below
    assert seen.first("route") is None
    host = own.split()[1].partition(";")[0]
    assert seen.first("contact") == f"<sip:101@{host};transport=ws>;expires=300"


async def test_the_answer_comes_back_without_the_edges_via_and_with_the_old_contact(bench):
    await bench.client.send(request("REGISTER", extra=_CONTACT))
    seen = await bench.pbx.next()
    await bench.pbx.answer(seen, 200, "OK", extra=f"Contact: {seen.first('contact')}")
    answer = await bench.client.next()
    assert isinstance(answer, Response)
    assert answer.status == 200
    assert len(answer.values("via")) == 1
    assert answer.first("contact") == "<sip:101@127.0.0.1:46001;transport=TCP;ob>;expires=300"
    assert answer.first("record-route") is None


async def test_a_dialog_of_pjsua_routes_back_through_the_edge(bench):
    await bench.client.send(request("SUBSCRIBE", extra=_CONTACT))
    seen = await bench.pbx.next()
    await bench.pbx.answer(seen, 200, "OK", extra="Record-Route: <sip:10.0.0.1;lr>\nContact: <sip:a@10.0.0.1;transport=ws>")
    answer = await bench.client.next()
    assert answer.values("record-route") == ["<sip:10.0.0.1;lr>", f"<sip:127.0.0.1:{bench.port};transport=tcp;lr>"]


async def test_a_request_of_the_pbx_reaches_pjsua_and_its_answer_goes_back_unchanged(bench):
    await bench.client.send(request("REGISTER", extra=_CONTACT))
    contact = (await bench.pbx.next()).first("contact")
    uri = contact[1 : contact.index(">")]
    await bench.pbx.send(
        f"OPTIONS {uri} SIP/2.0\r\nVia: SIP/2.0/WSS 10.0.0.1:8089;rport;branch=z9hG4bKpbx\r\n"
        "From: <sip:pbx@10.0.0.1>;tag=p\r\nTo: <sip:101@10.0.0.1>\r\nCall-ID: o1\r\nCSeq: 7 OPTIONS\r\n\r\n"
    )
    while not isinstance(seen := await bench.client.next(), Request):
        pass
    assert seen.uri == "sip:101@127.0.0.1:46001;transport=TCP;ob"
    assert seen.first("record-route") == f"<sip:127.0.0.1:{bench.port};transport=tcp;lr>"
    vias = seen.values("via")
    assert vias[0].startswith(f"SIP/2.0/TCP 127.0.0.1:{bench.port};branch=")
    reply = "SIP/2.0 200 OK\r\n" + "".join(
        f"{h.name}: {h.value}\r\n" for h in seen.headers if h.key in {"via", "from", "to", "call-id", "cseq", "record-route"}
    )
    await bench.client.send((reply + "Content-Length: 0\r\n\r\n").encode())
    answer = await bench.pbx.next()
    assert answer.values("via") == ["SIP/2.0/WSS 10.0.0.1:8089;rport;branch=z9hG4bKpbx"]
    assert answer.first("record-route") is None


async def test_cancel_and_the_ack_of_a_refusal_carry_the_branch_of_their_invite(bench):
    branches = []
    for method in ("INVITE", "CANCEL", "ACK"):
        await bench.client.send(request(method, cseq=4))
        branches.append((await bench.pbx.next()).first("via").partition("branch=")[2])
    assert len(set(branches)) == 1


async def test_without_a_link_a_request_is_answered_at_once_and_an_ack_is_dropped(bench):
    await bench.pbx.client.close()
    await bench.witness.wait(lambda w: bool(w.lost))
    assert not bench.edge.connected
    await bench.client.send(request("ACK", cseq=1))
    await bench.client.send(request("OPTIONS", cseq=2))
    answer = await bench.client.next()
    assert (answer.status, answer.reason) == (503, "No Connection To PBX")
    assert answer.cseq == (2, "OPTIONS")


async def test_a_dialog_goes_on_over_the_next_link(bench):
    await bench.pbx.client.close()
    await bench.witness.wait(lambda w: bool(w.lost))
    bench.pbx.arrived.clear()
    await bench.edge.connect()
    await bench.pbx.arrived.wait()
    await bench.client.send(request("INFO", to_tag="pbx", cseq=9))
    assert (await bench.pbx.next()).cseq == (9, "INFO")


@pytest.mark.expects_log("was turned away")
async def test_a_second_local_peer_is_turned_away_and_the_first_goes_on(bench):
    await bench.client.send(request("OPTIONS"))
    await bench.pbx.next()
    async with raw_client(bench.port) as second:
        assert await second.closed_by_edge()
    assert "second local peer" in bench.witness.refused[0]
    await bench.client.send(request("OPTIONS", cseq=2))
    assert (await bench.pbx.next()).cseq[0] == 2


async def test_a_new_local_peer_is_served_when_the_first_has_gone(bench):
    await bench.client.send(request("OPTIONS"))
    await bench.pbx.next()
    await bench.client.close()
    # the edge sees the end of the first connection in its own time: try until it has
    async with asyncio.timeout(5):
        while bench.pbx.received.empty():
            async with raw_client(bench.port) as second:
                await second.send(request("OPTIONS", cseq=3))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.2):
                        bench.pbx.received.put_nowait(await bench.pbx.received.get())
    assert (await bench.pbx.next()).cseq[0] == 3


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        pytest.param(b"SIP/2.0 200 OK\r\n\r\n", "binary frame", id="binary"),
        pytest.param("NOTIFY sip:a@b SIP/2.0\r\nX: " + "y" * 65_535 + "\r\n\r\n", "larger than 65535", id="oversized"),
        pytest.param(
            "NOTIFY sip:a@b SIP/2.0\r\nVia: SIP/2.0/WSS h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\n"
            "Call-ID: n\r\nCSeq: 1 NOTIFY\r\nContent-Length: 99\r\n\r\nshort",
            "Content-Length says 99",
            id="content-length",
        ),
        pytest.param(
            "SIP/2.0 200 OK\r\nVia: SIP/2.0/WSS stranger.invalid;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\n"
            "Call-ID: n\r\nCSeq: 1 NOTIFY\r\n\r\n",
            "does not answer a request",
            id="stray-response",
        ),
    ],
)
@pytest.mark.expects_log("message from the PBX refused")
async def test_what_the_pbx_must_not_send_is_refused_told_and_survived(bench, frame, reason):
    await bench.pbx.client.send(frame)
    await bench.witness.wait(lambda w: bool(w.refused))
    assert reason in bench.witness.refused[0]
    await bench.client.send(request("OPTIONS"))
    await bench.pbx.answer(await bench.pbx.next(), 200, "OK")
    assert (await bench.client.next()).status == 200


@pytest.mark.expects_log("cannot be framed")
async def test_a_wrong_content_length_of_the_local_peer_closes_its_connection(bench):
    await bench.client.send(request("OPTIONS").replace(b"Content-Length: 0", b"Content-Length: x"))
    assert await bench.client.closed_by_edge()
    assert "cannot be framed" in bench.witness.refused[0]


async def test_stopping_leaves_the_port_closed(settings, authority):
    async with fake_pbx(authority.server_context()):
        from callmanager_sip_engine.edge import Edge
        from plugins.sip_engine.edge.far_ends import Witness

        edge = Edge(settings, Witness())
        port = await edge.start()
        await edge.stop()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)


async def test_an_answer_with_capabilities_opens_no_media(bench):
    """pjsua2 answers OPTIONS with a session description, and a PBX asks every minute."""
    await bench.pbx.send(
        "OPTIONS sip:101@x.invalid SIP/2.0\r\nVia: SIP/2.0/WSS 10.0.0.1:8089;branch=z9hG4bKq\r\nFrom: <sip:p@h>;tag=p\r\n"
        "To: <sip:101@h>\r\nCall-ID: qualify\r\nCSeq: 7 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    )
    seen = await bench.client.next()
    body = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
    answer = attrs.evolve(reply(seen, 200, "OK", tag="t"), body=body)
    answer = attrs.evolve(answer, headers=(*answer.headers, Header("Content-Type", "application/sdp")))
    await bench.client.send(answer.serialise())
    heard = await bench.pbx.next()
    assert (heard.status, heard.body, heard.first("content-type")) == (200, b"", None)
    assert not bench.witness.media


@pytest.mark.expects_log("message from the PBX refused")
async def test_a_flood_of_rubbish_is_told_in_full_but_logged_in_part(bench, caplog):
    for _ in range(200):
        await bench.pbx.send("rubbish")
    await bench.witness.wait(lambda w: len(w.refused) == 200)
    assert len([record for record in caplog.records if "refused" in record.getMessage()]) == 20


@pytest.mark.parametrize("digits", ["\u0661", "\uff11", "1\u0660"], ids=["arabic", "full-width", "mixed"])
def test_digits_of_other_scripts_are_no_numbers(digits):
    message = request("OPTIONS").decode()
    for field in ("CSeq: 1", "Content-Length: 0"):
        with pytest.raises(MessageError):
            parse(message.replace(field, field[:-1] + digits).encode())

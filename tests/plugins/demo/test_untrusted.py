"""Whatever arrives, the office goes on."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re

import pytest
from callmanager_demo.office.server import Office
from plugins.demo.raw_phone import RawPhone, wait_until


def mutated(text: bytes, source: random.Random) -> bytes:
    # Without Content-Length a datagram's end is the body's, so that changes reach the code behind the parser.
    data = bytearray(re.sub(rb"Content-Length: [0-9]+\r\n", b"", text))
    for _ in range(source.randrange(1, 4)):
        place = source.randrange(len(data))
        kind = source.randrange(20)
        if kind < 7:
            data[place] = source.randrange(32, 127)
        elif kind < 10:
            del data[place : place + source.randrange(1, 20)]
        elif kind < 13:
            data[place:place] = data[place : place + source.randrange(1, 60)]
        elif kind < 18:
            data[place:place] = source.choice(
                [b"\r\n", b";", b",", b'"', b"<", b">", b"=", b":", b"99999999999", "ß²".encode()]
            )
        elif kind == 18:
            data[place:place] = source.randbytes(3)
        else:
            del data[place:]
        if not data:
            data = bytearray(b"x")
    return bytes(data)


async def test_thousands_of_mutated_messages_do_no_harm(
    office: Office, phone: RawPhone, caplog: pytest.LogCaptureFixture
) -> None:
    source = random.Random(20261123)
    kind = "Content-Type: application/sdp\r\n"
    await phone.register()
    await phone.call("6002")
    (call,) = office.calls.values()
    patterns = [
        phone.request("REGISTER", "", headers='Authorization: Digest username="2001", nonce="x", nc=00000001, qop=auth\r\n'),
        phone.request("INVITE", "6000", headers=kind, body=phone.sdp()),
        phone.request("INVITE", "6002", to_tag=phone.to_tag, headers=kind, body=phone.sdp()),
        phone.request(
            "INFO", "6002", to_tag=phone.to_tag, headers="Content-Type: application/dtmf-relay\r\n", body="Signal=5\r\n"
        ),
        phone.request("CANCEL", "6002"),
        phone.request("ACK", "6002", to_tag=phone.to_tag),
        phone.request("OPTIONS", "", headers="Record-Route: <sip:a;lr>, <sip:b>\r\nRequire: x\r\n"),
        "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=x\r\nFrom: a\r\nTo: b\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\r\n",
    ]
    loop_errors: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: loop_errors.append(context))
    for index in range(5000):
        phone.send(mutated(patterns[index % len(patterns)].encode(), source))
        if index % 50 == 49:
            # A normal exchange after each batch.
            phone.send(phone.request("OPTIONS", "", cseq=10_000 + index))
            await phone.next_message(lambda m, index=index: m.cseq == 10_000 + index)  # type: ignore[misc]
    assert 500 < office.dropped < 3500  # neither all nor none of them got past the parser
    assert not loop_errors
    assert not [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")]
    # The call that was up all the while still is, and the phone can still make another.
    assert not call.ended
    phone.cseq = 50_000
    assert (await phone.ask("REGISTER", "", headers="Expires: 60\r\n")).status == 200


async def test_mutated_audio_does_no_harm(office: Office, phone: RawPhone) -> None:
    source = random.Random(3)
    await phone.call("6000")
    (call,) = office.calls.values()
    for _ in range(2000):
        phone._rtp.sendto(source.randbytes(source.randrange(60)), ("127.0.0.1", phone.peer_rtp))
        phone.send_rtcp(source.randbytes(source.randrange(60)))
    await phone.within("OPTIONS")
    assert not call.ended
    count = len(phone.rtp)
    await wait_until(lambda: len(phone.rtp) > count + 5)


async def test_a_flood_of_requests_is_bounded(office: Office, phone: RawPhone) -> None:
    sent = 0
    while sent < 2050:
        for _ in range(25):
            phone.send(phone.request("OPTIONS", ""))
        sent += 25
        await wait_until(lambda sent=sent: len(phone.seen) >= sent)  # type: ignore[misc]
    statuses = [getattr(message, "status", 0) for message in phone.seen]
    assert statuses[:2000] == [200] * 2000
    assert statuses[-1] == 503


async def connect(office: Office) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", office.port)


async def test_requests_over_tcp_may_come_in_pieces(office: Office, phone: RawPhone) -> None:
    reader, writer = await connect(office)
    text = phone.request("OPTIONS", "").replace("/UDP", "/TCP").encode()
    for start in range(0, len(text), 50):
        writer.write(text[start : start + 50])
        await writer.drain()
        await asyncio.sleep(0)
    writer.write(text.replace(b"z9hG4bK", b"z9hG4bKb"))
    for _ in range(2):
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"SIP/2.0 200 OK")
    writer.write(b"\r\n\r\n")
    assert await reader.readexactly(2) == b"\r\n"
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\n\r\n", b"x" * 70_000, b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 99999\r\n\r\n"]
)
async def test_a_connection_that_is_not_sip_is_closed(office: Office, data: bytes) -> None:
    reader, writer = await connect(office)
    writer.write(data)
    with contextlib.suppress(ConnectionResetError):  # closed with our bytes unread: closed all the same
        assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()


async def test_connections_are_bounded(office: Office) -> None:
    writers = [(await connect(office))[1] for _ in range(16)]
    reader, writer = await connect(office)
    assert await asyncio.wait_for(reader.read(), 5) == b""
    for open_writer in (*writers, writer):
        open_writer.close()

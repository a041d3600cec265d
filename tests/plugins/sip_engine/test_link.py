"""The local connection lets in the engine that was invited, and nobody else."""

import asyncio
import contextlib
import json
import logging
import socket

import pytest
from callmanager_sip_engine.link import Doorkeeper, Invitation, LinkError, connect

LOG = logging.getLogger("door")


@pytest.fixture
async def door():
    keeper = Doorkeeper()
    accepting = asyncio.ensure_future(keeper.accept(LOG))
    await asyncio.sleep(0)
    yield keeper, accepting
    if accepting.done() and not accepting.cancelled():
        await accepting.result().close()
    accepting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.wait([accepting])
    keeper.close()


async def test_the_invited_engine_gets_in_and_lines_pass_both_ways(door):
    keeper, accepting = door
    engine = await connect(keeper.invitation)
    app = await accepting
    app.send(b"to the engine\n")
    engine.send(b"to the app\n")
    assert (await engine.read_line(), await app.read_line()) == (b"to the engine\n", b"to the app\n")
    await engine.close()
    assert await app.read_line() == b""


async def test_no_line_waits_for_the_acknowledgement_of_the_one_before(door):
    keeper, accepting = door
    engine = await connect(keeper.invitation)
    for end in (engine, await accepting):
        sock = end.writer.get_extra_info("socket")
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    await engine.close()


async def test_a_peer_with_a_wrong_token_is_refused_and_the_right_one_still_gets_in(door):
    keeper, accepting = door
    with pytest.raises(LinkError):
        await connect(Invitation(port=keeper.invitation.port, token="x" * 43))
    assert not accepting.done()
    engine = await connect(keeper.invitation)
    await accepting
    await engine.close()


@pytest.mark.parametrize("words", [b"\n", b"GET / HTTP/1.1\r\n\r\n", b'{"challenge": 7}\n', b"[]\n", b"\xff\xff\n"], ids=repr)
async def test_a_stranger_is_shown_the_door(door, words):
    keeper, accepting = door
    reader, writer = await asyncio.open_connection("127.0.0.1", keeper.invitation.port)
    writer.write(words)
    greeting = await reader.readline()
    assert set(json.loads(greeting)) == {"challenge"}
    assert keeper.invitation.token not in greeting.decode()
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    await writer.wait_closed()
    assert not accepting.done()


async def test_our_own_proof_sent_back_to_us_opens_nothing(door):
    keeper, accepting = door
    reader, writer = await asyncio.open_connection("127.0.0.1", keeper.invitation.port)
    writer.write(await reader.readline())
    writer.write(await reader.readline())
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    await writer.wait_closed()
    assert not accepting.done()


async def test_the_engine_does_not_trust_a_listener_without_the_token():
    async def impostor(reader, writer):
        writer.write(json.dumps({"challenge": "0" * 64}).encode() + b"\n" + json.dumps({"proof": "0" * 64}).encode() + b"\n")
        await reader.read()
        writer.close()

    server = await asyncio.start_server(impostor, "127.0.0.1", 0)
    try:
        with pytest.raises(LinkError):
            await connect(Invitation(port=server.sockets[0].getsockname()[1], token="x" * 43))
    finally:
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize(
    "line", [b"", b"{}", b"[]", b"7", b'{"port": "1", "token": "' + b"x" * 43 + b'"}', b'{"port": 1, "token": "short"}']
)
def test_a_damaged_invitation_is_refused(line):
    with pytest.raises(LinkError):
        Invitation.from_line(line)


def test_the_token_shows_in_no_repr():
    keeper = Doorkeeper()
    try:
        assert keeper.invitation.token not in repr(keeper.invitation)
        assert Invitation.from_line(keeper.invitation.to_line()) == keeper.invitation
    finally:
        keeper.close()

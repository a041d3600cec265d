"""Gathering ahead of calls, STUN and TURN, with a server of both kinds on an address of this machine."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest
from aioice.ice import get_host_addresses
from callmanager_sip_engine.edge import TurnServer
from callmanager_sip_engine.edge.certificate import make_certificate
from callmanager_sip_engine.edge.facts import DtlsState
from callmanager_sip_engine.edge.ice import IcePool, default_candidate, parse_server, rank_candidates
from plugins.sip_engine.edge.relay_server import relay_server
from plugins.sip_engine.edge.test_media import _call, _end

_ADDRESSES = get_host_addresses(use_ipv4=True, use_ipv6=False)
needs_address = pytest.mark.skipif(not _ADDRESSES, reason="ICE leaves loopback out and this machine has no other address")


@needs_address
async def test_a_stun_server_tells_the_outside_address_before_anybody_dials():
    async with relay_server(_ADDRESSES[0], mapped=("203.0.113.5", 40000)) as (_, port):
        pool = IcePool(stun_servers=(f"stun:{_ADDRESSES[0]}:{port}",), turn_servers=())
        pool.warm()
        await pool._warm
        connection = await pool.take(controlling=True)
        outside = [each for each in connection.local_candidates if each.type == "srflx"]
        assert outside[0].host == "203.0.113.5"
        assert default_candidate(connection).type == "srflx"
        pool.refill()
        await pool._warm
        await connection.close()
        await pool.close()


@needs_address
async def test_an_invite_that_is_asked_again_at_once_gets_the_outside_address_too():
    async with relay_server(_ADDRESSES[0], mapped=("203.0.113.5", 40000)) as (_, port):
        pool = IcePool(stun_servers=(f"stun:{_ADDRESSES[0]}:{port}",), turn_servers=())
        pool.warm()
        for connection in (await pool.take(controlling=True), await pool.take(controlling=True)):
            assert "srflx" in {each.type for each in connection.local_candidates}
            await connection.close()
        await pool.close()


@needs_address
async def test_a_call_crosses_a_turn_relay():
    host = _ADDRESSES[0]
    async with relay_server(host) as (server, port):
        turn = TurnServer(url=f"turn:{host}:{port}?transport=udp", username="phone", password="secret")
        far, near = IcePool(stun_servers=(), turn_servers=()), IcePool(stun_servers=(), turn_servers=(turn,))
        near.warm()
        await near._warm
        caller = await _end(near, make_certificate(), controlling=True)
        near.refill()
        await near._warm
        callee = await _end(far, make_certificate(), controlling=False)
        ice = caller.leg._ice
        assert server.refused, "the first request goes without credentials"
        # as behind a firewall that lets nothing but the relay through
        direct = [each for each in ice._protocols if each.local_candidate.type != "relay"]
        ice._protocols = [each for each in ice._protocols if each.local_candidate.type == "relay"]
        ice._local_candidates = [each for each in ice.local_candidates if each.type == "relay"]
        for protocol in direct:
            await protocol.close()
        try:
            _call(caller, callee)
            for end in (caller, callee):
                await end.until(lambda state: state.dtls is DtlsState.CONNECTED)
            packet = caller.send_rtp(1)
            assert await callee.phone.receive() == packet
            back = callee.send_rtp(1)
            assert await caller.phone.receive() == back
            assert caller.leg.state.local_candidate == "relay"
            assert sum(relay.carried for relay in server.relays.values()) >= 2
        finally:
            for end in (caller, callee):
                await end.leg.close()
                end.phone.close()
            await near.close()
            await far.close()


@needs_address
async def test_a_dead_stun_server_holds_up_no_call():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as dead:
        dead.bind((_ADDRESSES[0], 0))
        pool = IcePool(stun_servers=(f"{_ADDRESSES[0]}:{dead.getsockname()[1]}",), turn_servers=())
        pool.warm()
        started = time.monotonic()
        connection = await pool.take(controlling=True)
        assert time.monotonic() - started < 3, "gathering itself waits five seconds for the server"
        assert {each.type for each in connection.local_candidates} == {"host"}
        await connection.close()
        await pool.close()


@needs_address
async def test_the_address_that_reaches_the_pbx_is_tried_first():
    pool = IcePool(stun_servers=(), turn_servers=())
    connection = await pool.take(controlling=True)
    wanted = connection.local_candidates[-1].host
    rank_candidates(connection, preferred=wanted)
    best = max(connection.local_candidates, key=lambda each: each.priority)
    assert best.host == wanted
    assert len({each.priority for each in connection.local_candidates}) == len(connection.local_candidates)
    await connection.close()
    await pool.close()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("stun:stun.example.com", ("stun", "stun.example.com", 3478, "udp")),
        ("stun.example.com:19302", ("stun", "stun.example.com", 19302, "udp")),
        ("turn:relay.example.com:80?transport=tcp", ("turn", "relay.example.com", 80, "tcp")),
        ("turns:relay.example.com", ("turns", "relay.example.com", 5349, "tcp")),
        ("stun:[2001:db8::1]:3479", ("stun", "2001:db8::1", 3479, "udp")),
    ],
)
def test_server_addresses_are_read_as_they_are_written(text, expected):
    assert parse_server(text) == expected


@pytest.mark.parametrize("text", ["stun:", "turn:host:0", "turn:host:99999", "turn:host?transport=sctp", "host:port"])
def test_what_is_no_server_address_is_refused(text):
    with pytest.raises(ValueError, match=r"STUN or TURN|invalid literal"):
        parse_server(text)


async def test_closing_twice_is_harmless():
    pool = IcePool(stun_servers=(), turn_servers=())
    pool.warm()
    await asyncio.gather(pool.close(), pool.close())

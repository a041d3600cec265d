"""ICE connections that are gathered before anybody dials.

aioice carries one STUN and one TURN server per connection and leaves loopback addresses out. Gathering with a STUN
server takes a round trip, with a dead one five seconds: a call must not wait for either, so one gathered connection is
always kept warm.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import Any

import aioice
import attrs
from aioice.candidate import candidate_priority
from aioice.ice import get_host_addresses
from aioice.turn import TurnTransport
from typing_extensions import override

from callmanager_sip_engine.edge.datagrams import fit_receive_buffer
from callmanager_sip_engine.edge.settings import TurnServer, parse_server

_log = logging.getLogger(__name__)

_WARM_SECONDS = 25.0  # shorter than the shortest common lifetime of a UDP mapping, 30 s
_PATIENCE = 0.4
_MOST_WAITING_OCTETS = 20_000  # two seconds of voice; older packets would only be heard as delay
_TOP_PREFERENCE = 65535


@attrs.frozen(kw_only=True)
class IceServers:
    """The servers one connection uses."""

    stun: tuple[str, int] | None = None
    turn: TurnServer | None = None


class MediaConnection(aioice.Connection):
    """An ICE connection that hands over each datagram as it arrives, and sends at once.

    aioice itself goes through a queue and a task, which is a turn of the loop for each packet of each direction.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._take: Callable[[bytes], None] | None = None

    def deliver_to(self, take: Callable[[bytes], None]) -> None:
        """Call `take` with everything that comes from now on; what `recv` would still give came before."""
        self._take = take
        for protocol in self._protocols:
            fit_receive_buffer(protocol.transport)

    def send_now(self, datagram: bytes) -> bool:
        """Whether it was sent: not without a nominated pair, nor behind two seconds of voice that the socket did not take."""
        pair = self._nominated.get(1)
        if pair is None:
            return False
        transport: Any = pair.protocol.transport
        # Through TURN, aioice's own transport stands here, which has no such figure.
        waiting = 0 if isinstance(pair.protocol.transport, TurnTransport) else transport.get_write_buffer_size()
        if waiting > _MOST_WAITING_OCTETS:
            return False
        transport.sendto(datagram, pair.remote_addr)
        return True

    @override
    def data_received(self, data: bytes, component: int) -> None:
        if self._take is None:
            super().data_received(data, component)
        else:
            self._take(data)


class IcePool:
    """Hands out gathered connections at once; loop thread only."""

    def __init__(self, *, stun_servers: tuple[str, ...], turn_servers: tuple[TurnServer, ...]) -> None:
        self._stun = [parse_server(url)[1:3] for url in stun_servers]
        self._turn = [(server, *parse_server(server.url)) for server in turn_servers]
        self._next_stun = 0
        self._next_turn = 0
        self._warm: asyncio.Task[MediaConnection] | None = None
        self._warm_since = 0.0
        self._warm_addresses: frozenset[str] = frozenset()
        self._refresh: asyncio.TimerHandle | None = None
        self._discarding: set[asyncio.Task[None]] = set()
        self._closed = False
        self.preferred_address: str | None = None
        """The address from which the PBX is reached; its candidate is tried first."""

    def warm(self) -> None:
        """Start to gather for the next call, dropping what is there."""
        if self._closed:
            return
        self._drop_warm()
        self._warm_since = time.monotonic()
        self._warm_addresses = _local_addresses()
        self._warm = asyncio.create_task(self._gather(), name="edge-ice-warm")
        if self._stun or self._turn:
            self._refresh = asyncio.get_running_loop().call_later(_WARM_SECONDS, self.warm)

    def refill(self) -> None:
        """Gather for the next call if nothing is gathered: for when the message that took the last one has left."""
        if self._warm is None:
            self.warm()

    async def take(self, *, controlling: bool) -> MediaConnection:
        """Return a gathered connection within half a second, with host candidates alone when the servers are slower.

        Leaves the pool empty, as gathering would take time from the INVITE under way: see `refill`.
        """
        if self._stun or self._turn:
            self.refill()  # without servers a fresh connection is as good
        warm, self._warm = self._warm, None
        if warm is not None and self._warm_addresses != _local_addresses():
            self._discard(warm)
            warm = None
        connection: MediaConnection | None = None
        if warm is not None:
            done, _ = await asyncio.wait([warm], timeout=_PATIENCE)
            if done and not warm.cancelled() and warm.exception() is None:
                connection = warm.result()
            else:
                self._discard(warm)
        if connection is None:
            connection = MediaConnection(ice_controlling=controlling)
            await connection.gather_candidates()
        connection.ice_controlling = controlling
        rank_candidates(connection, preferred=self.preferred_address)
        return connection

    async def close(self) -> None:
        self._closed = True
        self._drop_warm()
        if self._discarding:
            await asyncio.wait(set(self._discarding))

    async def _gather(self) -> MediaConnection:
        stun = self._stun[self._next_stun % len(self._stun)] if self._stun else None
        turn = self._turn[self._next_turn % len(self._turn)] if self._turn else None
        connection = MediaConnection(
            ice_controlling=True,
            stun_server=stun,
            turn_server=(turn[2], turn[3]) if turn else None,
            turn_username=turn[0].username if turn else None,
            turn_password=turn[0].password if turn else None,
            turn_ssl=turn is not None and turn[1] == "turns",
            turn_transport=turn[4] if turn else "udp",
        )
        try:
            await connection.gather_candidates()
        except BaseException:
            await connection.close()
            raise
        types = {candidate.type for candidate in connection.local_candidates}
        if stun is not None and "srflx" not in types:
            _log.info("STUN server %s gave no address", stun[0])
            self._next_stun += 1
        if turn is not None and "relay" not in types:
            _log.info("TURN server %s gave no relay address", turn[2])
            self._next_turn += 1
        return connection

    def _drop_warm(self) -> None:
        if self._refresh is not None:
            self._refresh.cancel()
            self._refresh = None
        if self._warm is not None:
            self._discard(self._warm)
            self._warm = None

    def _discard(self, warm: asyncio.Task[MediaConnection]) -> None:
        task = asyncio.create_task(_close_gathered(warm), name="edge-ice-discard")
        self._discarding.add(task)
        task.add_done_callback(self._discarding.discard)


def rank_candidates(connection: aioice.Connection, *, preferred: str | None) -> None:
    """Give each host candidate a priority of its own, the `preferred` address the highest, IPv4 before IPv6.

    RFC 8445 section 5.1.2.1 wants them distinct; aioice gives all the same, and starts one check every 20 ms in that order.
    """
    hosts = [candidate for candidate in connection.local_candidates if candidate.type == "host"]
    hosts.sort(key=lambda candidate: (candidate.host != preferred, ":" in candidate.host))
    for rank, candidate in enumerate(hosts):
        candidate.priority = candidate_priority(1, "host", _TOP_PREFERENCE - rank)


def default_candidate(connection: aioice.Connection) -> aioice.Candidate | None:
    """Return the one for `c=` and `m=`: the likeliest to work without ICE (RFC 8839 section 4.2.1.3)."""
    order = {"relay": 0, "srflx": 1}
    ranked = sorted(connection.local_candidates, key=lambda each: (order.get(each.type, 2), -each.priority))
    return ranked[0] if ranked else None


async def _close_gathered(warm: asyncio.Task[MediaConnection]) -> None:
    # not cancelled: aioice would leave its STUN queries running; it ends them itself after five seconds at most
    with contextlib.suppress(OSError):
        connection = await warm
        await connection.close()


def _local_addresses() -> frozenset[str]:
    return frozenset(get_host_addresses(use_ipv4=True, use_ipv6=True))

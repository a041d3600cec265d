"""The calls of one edge: finds or makes the negotiation of a message and knows when its media ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs

from callmanager_sip_engine.edge.addresses import has_tag
from callmanager_sip_engine.edge.facts import LegState
from callmanager_sip_engine.edge.message import Message, Request, Response
from callmanager_sip_engine.edge.settings import EdgeSettings, parse_server

if TYPE_CHECKING:
    from callmanager_sip_engine.edge.certificate import DtlsCertificate
    from callmanager_sip_engine.edge.ice import IcePool
    from callmanager_sip_engine.edge.negotiation import CallNegotiation

_log = logging.getLogger(__name__)

_MOST_CALLS = 32
_KEPT_FOR_US = 8  # whatever comes in, the user can call out
_UNANSWERED_SECONDS = (
    300.0  # longer than any PBX lets a phone ring; a call that vanished without a word must not keep its ports
)
_IGNORED_SECONDS = 5.0  # pjsua2 says 100 at once; it drops without a word what it cannot read


class TooManyCalls(Exception):
    """Raised when every leg is taken."""


class UnknownCall(Exception):
    """Raised for a description from outside that belongs to no call."""


@attrs.define
class _Call:
    negotiation: CallNegotiation
    invite_cseq: int
    expiry: asyncio.TimerHandle | None = None


@attrs.frozen
class _Means:
    """What every call's media is made with."""

    certificate: DtlsCertificate
    pool: IcePool


class CallTable:
    """Call-ID to media; loop thread only.

    A call's media begins with the first description in it and ends with a BYE, with the final refusal of its first INVITE, or
    with the edge. The libraries of media (ICE, DTLS, SRTP) take longer to load than all others of the edge, and a registration
    needs none of them: `prepare` loads them, or else the first call. Raises ValueError for a server that cannot be one.
    """

    def __init__(self, settings: EdgeSettings, *, changed: Callable[[str, LegState], None]) -> None:
        for url in (*settings.stun_servers, *(server.url for server in settings.turn_servers)):
            parse_server(url)
        self._settings = settings
        self._preparation: asyncio.Task[_Means] | None = None
        self._preferred_address: str | None = None
        self._changed = changed
        self._calls: dict[str, _Call] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def prepare(self) -> None:
        """Begin to load what media needs, make our certificate and gather for the first call. Idempotent."""
        if self._preparation is None:
            self._preparation = asyncio.create_task(self._prepare(), name="edge-media-prepare")

    def prefer(self, address: str | None) -> None:
        """The address of ours from which the PBX is reached; its candidate is tried first."""
        self._preferred_address = address
        if (pool := self._pool) is not None:
            pool.preferred_address = address

    def network_changed(self) -> None:
        """Gather anew for the next call."""
        if (pool := self._pool) is not None:
            pool.warm()

    @property
    def _pool(self) -> IcePool | None:
        task = self._preparation
        loaded = task is not None and task.done() and not task.cancelled() and task.exception() is None
        return task.result().pool if task is not None and loaded else None

    async def translate(self, message: Message, *, outbound: bool) -> bytes:
        """Return the body for the other side; raises `SdpError`, `TooManyCalls`, `UnknownCall` or OSError.

        From outside only an INVITE opens a call.
        """
        call = self._calls.get(message.call_id)
        created = call is None
        if call is None:
            if not outbound and not (
                isinstance(message, Request) and message.method == "INVITE" and not has_tag(message.required("to"))
            ):
                raise UnknownCall(message.call_id)
            call = await self._open(message, outbound=outbound)
        try:
            negotiation = call.negotiation
            body = negotiation.outbound(message) if outbound else negotiation.inbound(message)
        except ValueError:
            if created:
                self._end(message.call_id)
            raise
        if negotiation.leg.started and call.expiry is not None:
            call.expiry.cancel()
            call.expiry = None
        return body

    def fail(self, call_id: str, detail: str) -> None:
        """Tell that a call can have no media."""
        call = self._calls.get(call_id)
        if call is not None:
            call.negotiation.leg.fail(detail)

    def passed(self, message: Message) -> None:
        """Follow a message that went through, in whichever direction."""
        if isinstance(message, Request) and message.method == "INVITE" and (pool := self._pool) is not None:
            pool.refill()
        call = self._calls.get(message.call_id)
        if call is None:
            return
        if isinstance(message, Request):
            if message.method == "BYE":
                self._end(message.call_id)
        elif isinstance(message, Response) and message.status < 200:
            if call.expiry is not None:
                self._expire_after(_UNANSWERED_SECONDS, call, message.call_id)
        elif isinstance(message, Response) and message.status >= 300:
            number, method = message.cseq
            # 401 and 407 are asked again under the same Call-ID; that INVITE opens a new leg from the warm pool
            if method == "INVITE" and number == call.invite_cseq and not call.negotiation.leg.started:
                self._end(message.call_id)

    def end_all(self) -> None:
        for call_id in list(self._calls):
            self._end(call_id)

    async def close(self) -> None:
        if self._preparation is not None:
            await asyncio.wait([self._preparation])
        self.end_all()
        if self._closing:
            await asyncio.wait(set(self._closing))
        if (pool := self._pool) is not None:
            await pool.close()

    async def _prepare(self) -> _Means:
        certificate = await asyncio.to_thread(_load)
        from callmanager_sip_engine.edge.ice import IcePool

        pool = IcePool(stun_servers=self._settings.stun_servers, turn_servers=self._settings.turn_servers)
        pool.preferred_address = self._preferred_address
        pool.warm()
        return _Means(certificate, pool)

    async def _prepared(self) -> _Means:
        self.prepare()
        assert self._preparation is not None
        return await asyncio.shield(self._preparation)

    async def _open(self, message: Message, *, outbound: bool) -> _Call:
        most = _MOST_CALLS if outbound else _MOST_CALLS - _KEPT_FOR_US
        if len(self._calls) >= most:
            raise TooManyCalls(f"more than {most} calls at once")
        call_id = message.call_id
        means = await self._prepared()
        from callmanager_sip_engine.edge.leg import MediaLeg
        from callmanager_sip_engine.edge.negotiation import CallNegotiation

        ice = await means.pool.take(controlling=outbound)
        leg = MediaLeg(ice=ice, certificate=means.certificate, changed=lambda state: self._changed(call_id, state))
        try:
            await leg.open()
        except OSError:
            await leg.close()
            raise
        call = _Call(CallNegotiation(leg), message.cseq[0])
        self._expire_after(_UNANSWERED_SECONDS if outbound else _IGNORED_SECONDS, call, call_id)
        self._calls[call_id] = call
        return call

    def _expire_after(self, seconds: float, call: _Call, call_id: str) -> None:
        if call.expiry is not None:
            call.expiry.cancel()
        call.expiry = asyncio.get_running_loop().call_later(seconds, self._expire, call_id, seconds)

    def _expire(self, call_id: str, seconds: float) -> None:
        _log.info("a call was neither answered nor refused within %d s; its media ports are freed", seconds)
        self._end(call_id)

    def _end(self, call_id: str) -> None:
        call = self._calls.pop(call_id, None)
        if call is None:
            return
        if call.expiry is not None:
            call.expiry.cancel()
        task = asyncio.create_task(call.negotiation.leg.close(), name="edge-leg-close")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def _load() -> DtlsCertificate:
    """Runs in a thread: everything that the first call would import, and its certificate."""
    import callmanager_sip_engine.edge.negotiation  # noqa: F401 - and with it the leg and ICE
    from callmanager_sip_engine.edge.certificate import make_certificate

    return make_certificate()

"""The calls of one edge: finds or makes the negotiation of a message and knows when its media ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import attrs

from callmanager_sip_engine.edge.addresses import has_tag
from callmanager_sip_engine.edge.certificate import DtlsCertificate
from callmanager_sip_engine.edge.facts import LegState
from callmanager_sip_engine.edge.ice import IcePool
from callmanager_sip_engine.edge.leg import MediaLeg
from callmanager_sip_engine.edge.message import Message, Request, Response
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


class CallTable:
    """Call-ID to media; loop thread only.

    A call's media begins with the first description in it and ends with a BYE, with the final refusal of its first INVITE, or
    with the edge.
    """

    def __init__(self, *, pool: IcePool, certificate: DtlsCertificate, changed: Callable[[str, LegState], None]) -> None:
        self._pool = pool
        self._certificate = certificate
        self._changed = changed
        self._calls: dict[str, _Call] = {}
        self._closing: set[asyncio.Task[None]] = set()

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
        self.end_all()
        if self._closing:
            await asyncio.wait(set(self._closing))

    async def _open(self, message: Message, *, outbound: bool) -> _Call:
        most = _MOST_CALLS if outbound else _MOST_CALLS - _KEPT_FOR_US
        if len(self._calls) >= most:
            raise TooManyCalls(f"more than {most} calls at once")
        call_id = message.call_id
        ice = await self._pool.take(controlling=outbound)
        leg = MediaLeg(ice=ice, certificate=self._certificate, changed=lambda state: self._changed(call_id, state))
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

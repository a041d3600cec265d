"""Client transactions: our own requests, sent again until they are answered (RFC 3261 section 17.1)."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

import attrs

from callmanager_demo.office.message import Request, Response
from callmanager_demo.office.wire import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable

    from callmanager_demo.office.timers import Timers
    from callmanager_demo.office.wire import Flow


def with_via(request: Request, flow: Flow, *, branch: str = "") -> Request:
    """The request with our Via on top; a fresh branch if none is given, as the ACK of a 2xx wants (section 13.2.2.4)."""
    branch = branch or new_branch()
    via = f"SIP/2.0/{flow.transport} {LOOPBACK}:{flow.local_port};branch={branch};rport"
    return attrs.evolve(request, headers=(("Via", via), *request.headers))


def new_branch() -> str:
    """Name of a new transaction, with the magic cookie of section 8.1.1.7."""
    return f"z9hG4bK{secrets.token_hex(8)}"


class ClientTransaction:
    """One request of ours. `on_response` gets every response but 100, and a final one once, except for copies of a 2xx to
    INVITE, which each need an ACK from the dialog. `on_timeout` is called instead of a final response."""

    def __init__(
        self,
        request: Request,
        flow: Flow,
        timers: Timers,
        *,
        branch: str,
        on_response: Callable[[Response], None],
        on_timeout: Callable[[], None],
        ended: Callable[[], None],
    ) -> None:
        self.flow = flow
        self.request = with_via(request, flow, branch=branch)
        self.provisional = False
        """A provisional answer came: only now may an INVITE be cancelled."""
        self.final = False
        self._timers = timers
        self._on_response = on_response
        self._on_timeout = on_timeout
        self._ended = ended
        self._resend: asyncio.TimerHandle | None = None
        self._end: asyncio.TimerHandle | None = None

    @property
    def is_invite(self) -> bool:
        return self.request.method == "INVITE"

    def start(self) -> None:
        self.flow.send(self.request.encode())
        loop = asyncio.get_running_loop()
        self._end = loop.call_later(self._timers.give_up, self._timed_out)
        if not self.flow.reliable:
            self._resend = loop.call_later(self._timers.t1, self._retransmit, self._timers.t1)

    def received(self, response: Response) -> None:
        """A response that belongs here came."""
        if self.final:
            self._repeated(response)
            return
        if response.status < 200:
            self._progressed(response)
            return
        self.final = True
        self.close()
        success = response.status < 300
        if self.is_invite and not success:
            self._acknowledge(response)
        lingers = self._timers.t4
        if self.is_invite:
            lingers = self._timers.give_up
        self._end = asyncio.get_running_loop().call_later(lingers, self._ended)
        self._on_response(response)

    def close(self) -> None:
        for handle in (self._resend, self._end):
            if handle is not None:
                handle.cancel()

    def _progressed(self, response: Response) -> None:
        first, self.provisional = not self.provisional, True
        if self.is_invite and first:
            # A phone may ring for as long as it likes; whoever called decides when to give up.
            self.close()
        if response.status > 100:
            self._on_response(response)

    def _repeated(self, response: Response) -> None:
        if not self.is_invite or response.status < 200:
            return
        if response.status < 300:
            self._on_response(response)
        else:
            self._acknowledge(response)

    def _acknowledge(self, response: Response) -> None:
        """The ACK of a refusal is part of the transaction (section 17.1.1.3)."""
        kept = [
            (name, value) for name, value in self.request.headers if name in ("Via", "Max-Forwards", "From", "Call-ID", "Route")
        ]
        headers = (*kept, ("To", response.first("to")), ("CSeq", f"{self.request.cseq} ACK"))
        self.flow.send(Request(method="ACK", uri=self.request.uri, headers=headers).encode())

    def _retransmit(self, interval: float) -> None:
        self.flow.send(self.request.encode())
        interval *= 2
        if not self.is_invite:
            interval = self._timers.t2 if self.provisional else min(interval, self._timers.t2)
        self._resend = asyncio.get_running_loop().call_later(interval, self._retransmit, interval)

    def _timed_out(self) -> None:
        self.close()
        self._ended()
        self._on_timeout()

"""SIP transactions with their retransmissions (RFC 3261 section 17, 2xx handling after RFC 6026)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import attrs

from callmanager_demo.office.client import ClientTransaction, new_branch
from callmanager_demo.office.message import Request, Response, answer
from callmanager_demo.office.timers import Timers

if TYPE_CHECKING:
    from collections.abc import Callable

    from callmanager_demo.office.wire import Flow

_MAXIMUM_TRANSACTIONS = 2000
_Key = tuple[str, str, str, int, str]


def _key(request: Request, method: str) -> _Key:
    return request.sent_by, request.branch, request.call_id, request.cseq, method


class ServerTransaction:
    """One request of a far end and our answer to it. A retransmitted request gets the same answer again, and nobody else
    hears of it."""

    def __init__(self, request: Request, flow: Flow, timers: Timers, *, ended: Callable[[], None]) -> None:
        self.request = request
        self.flow = flow
        self.on_unacknowledged: Callable[[], None] | None = None
        """Called once when a 2xx to INVITE was never acknowledged (section 13.3.1.4)."""
        self._timers = timers
        self._ended = ended
        self._last: Response | None = None
        self._acknowledged = False
        self._resend: asyncio.TimerHandle | None = None
        self._end: asyncio.TimerHandle | None = None

    @property
    def is_invite(self) -> bool:
        return self.request.method == "INVITE"

    @property
    def final(self) -> bool:
        """A final answer was given."""
        return self._last is not None and self._last.status >= 200

    def respond(self, response: Response) -> None:
        """Send an answer. A second final one is an error of the caller's."""
        assert not self.final, "a transaction has one final answer"
        self._last = response
        self.flow.send(response.encode())
        if response.status < 200:
            return
        loop = asyncio.get_running_loop()
        # J, H and L are all 64*T1; on a reliable transport J is nothing, but the ACK of an INVITE is awaited all the same.
        waits = self.is_invite or not self.flow.reliable
        self._end = loop.call_later(self._timers.give_up if waits else 0, self._over)
        if self.is_invite and (response.status < 300 or not self.flow.reliable):
            self._resend = loop.call_later(self._timers.t1, self._retransmit, self._timers.t1)

    def repeated(self) -> None:
        """The request came again: answer again (nothing yet to answer with: the first answer will do)."""
        if self._last is not None and not self._acknowledged:
            self.flow.send(self._last.encode())

    def acknowledged(self) -> None:
        """The ACK came; later copies of the request are absorbed until the transaction ends by itself."""
        self._acknowledged = True
        if self._resend is not None:
            self._resend.cancel()

    def close(self) -> None:
        for handle in (self._resend, self._end):
            if handle is not None:
                handle.cancel()

    def _retransmit(self, interval: float) -> None:
        assert self._last is not None
        self.flow.send(self._last.encode())
        interval = min(interval * 2, self._timers.t2)
        self._resend = asyncio.get_running_loop().call_later(interval, self._retransmit, interval)

    def _over(self) -> None:
        self.close()
        self._ended()
        lost = self.is_invite and not self._acknowledged and self._last is not None and self._last.status < 300
        if lost and self.on_unacknowledged is not None:
            self.on_unacknowledged()


@attrs.frozen
class Handlers:
    """Who is told what: new requests with their transaction, the ACK of a 2xx, and a 2xx that came again."""

    request: Callable[[ServerTransaction], None]
    acknowledgement: Callable[[Request], None]


class Transactions:
    """All transactions of the office; loop thread only."""

    def __init__(self, handlers: Handlers, *, timers: Timers) -> None:
        self._handlers = handlers
        self._timers = timers
        self._servers: dict[_Key, ServerTransaction] = {}
        self._clients: dict[tuple[str, str], ClientTransaction] = {}

    def receive(self, message: Request | Response, flow: Flow) -> None:
        """Match a message to its transaction, or begin a new one."""
        if isinstance(message, Response):
            client = self._clients.get((message.branch, message.cseq_method))
            if client is not None:
                client.received(message)
        elif message.method == "ACK":
            self._acknowledge(message)
        elif (known := self._servers.get(_key(message, message.method))) is not None:
            known.repeated()
        elif len(self._servers) >= _MAXIMUM_TRANSACTIONS:
            flow.send(answer(message, 503, "Service Unavailable", tag="office").encode())
        else:
            self._begin(message, flow)

    def find_invite(self, cancel: Request) -> ServerTransaction | None:
        """The INVITE that a CANCEL means (section 9.2)."""
        return self._servers.get(_key(cancel, "INVITE"))

    def send(
        self, request: Request, flow: Flow, *, on_response: Callable[[Response], None], on_timeout: Callable[[], None]
    ) -> ClientTransaction:
        """Send a request that has no Via yet. Each response is reported; 100 and copies of finals other than 2xx are not."""
        return self._start(request, flow, new_branch(), on_response=on_response, on_timeout=on_timeout)

    def cancel(self, invite: ClientTransaction) -> None:
        """Take back an INVITE that has a provisional answer (section 9.1); its final answer still comes."""
        headers = tuple(
            (name, value if name != "CSeq" else f"{invite.request.cseq} CANCEL")
            for name, value in invite.request.headers
            if name in ("Max-Forwards", "From", "To", "Call-ID", "CSeq", "Route")
        )
        request = Request(method="CANCEL", uri=invite.request.uri, headers=headers)
        self._start(request, invite.flow, invite.request.branch, on_response=lambda _: None, on_timeout=lambda: None)

    def close(self) -> None:
        """Forget all of them; no timer is left."""
        for server in self._servers.values():
            server.close()
        for client in self._clients.values():
            client.close()
        self._servers.clear()
        self._clients.clear()

    def _begin(self, request: Request, flow: Flow) -> None:
        key = _key(request, request.method)

        def ended() -> None:
            del self._servers[key]

        transaction = self._servers[key] = ServerTransaction(request, flow, self._timers, ended=ended)
        self._handlers.request(transaction)

    def _acknowledge(self, ack: Request) -> None:
        invite = self._servers.get(_key(ack, "INVITE"))
        if invite is not None:
            invite.acknowledged()
        # The ACK of a 2xx is a transaction of its own, and belongs to the dialog (section 13.3.1.4).
        self._handlers.acknowledgement(ack)

    def _start(
        self,
        request: Request,
        flow: Flow,
        branch: str,
        *,
        on_response: Callable[[Response], None],
        on_timeout: Callable[[], None],
    ) -> ClientTransaction:
        key = (branch, request.method)

        def ended() -> None:
            self._clients.pop(key, None)

        client = ClientTransaction(
            request, flow, self._timers, branch=branch, on_response=on_response, on_timeout=on_timeout, ended=ended
        )
        self._clients[key] = client
        client.start()
        return client

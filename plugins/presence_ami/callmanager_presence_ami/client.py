"""panoramisk's manager, bounded: the one module that imports it.

Taken from panoramisk 1.4: its messages, its actions and the dispatch of events. Not taken, as read in its source: it connects
again for ever, two seconds after each loss and also after a refused login, which gets an address banned; signs in with the
secret in the clear; sends a Ping and never looks for the answer; cuts characters in two where a piece of the stream ends; keeps
whatever a server sends in memory without a bound; and repeats actions on the next connection. Those are ours, here and in
`session.py`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from callmanager.api import Unreachable
from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager
from panoramisk.message import Message
from typing_extensions import override

from callmanager_presence_ami.fields import Headers, text
from callmanager_presence_ami.framing import Framer

_WANTED: Final = (
    "ExtensionStatus",
    "DeviceStateChange",
    "PresenceStateChange",
    "ParkedCall",
    "ParkedCallSwap",
    "ParkedCallGiveUp",
    "ParkedCallTimeOut",
    "UnParkedCall",
    "Shutdown",
)

Lost = Callable[[Unreachable], None]


class ActionRefused(Exception):
    """The PBX answered an action with an error; the text is its own, as plain text."""


class Request(Action):  # type: ignore[misc] # panoramisk has no types
    """One action. Its answer is the first message; where it is a list, each row goes to `row` at once, in order with the
    events of the stream, and the answer is complete with the last."""

    def __init__(self, name: str, fields: Mapping[str, str], *, row: Callable[[Headers], None] | None, most: int) -> None:
        super().__init__({"Action": name, **fields})
        self._row = row
        self._most = most
        self._first: Headers | None = None
        self.rows = 0

    @override
    def add_message(self, message: Message) -> bool:
        """Take a message with our id; true when it was the last one."""
        if self.future.done():
            return True
        if self._first is None:
            if text(message, "Response") in {"Error", "Fail", "Failure"}:
                self.future.set_exception(ActionRefused(text(message, "Message") or "refused"))
                return True
            self._first = message
            if text(message, "EventList").lower() == "start":
                return False
            self.future.set_result(message)
            return True
        if text(message, "EventList").lower() in {"complete", "cancelled"} or text(message, "Event").endswith("Complete"):
            self.future.set_result(self._first)
            return True
        self.rows += 1
        if self._row is not None and self.rows <= self._most:
            self._row(message)
        return False


class _Protocol(AMIProtocol):  # type: ignore[misc] # panoramisk has no types
    """panoramisk's protocol with a bounded stream; never sends anything by itself."""

    def __init__(self, client: AmiClient) -> None:
        self._client = client
        self._framer = Framer(_WANTED)
        self.transport: asyncio.Transport | None = None
        self.responses: dict[str, Request] = {}
        self.closed = False
        self.greeted: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the socket is closed."""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.factory = self._client
        self.encoding = "utf8"

    @override
    def data_received(self, data: bytes) -> None:
        self._client.last_heard = asyncio.get_running_loop().time()
        try:
            for block in self._framer.feed(data):
                message = Message.from_line(block.strip("\r\n"))
                if message is not None:
                    self.handle_message(message)
        except Unreachable as error:
            self._end(error)
            return
        if self._framer.greeting is not None and not self.greeted.done():
            self.greeted.set_result(self._framer.greeting)

    @override
    def handle_message(self, message: Message) -> None:
        action = self.responses.get(text(message, "ActionID"))
        if action is not None:
            if action.add_message(message):
                self.responses.pop(action.id, None)
        elif text(message, "Event") == "Shutdown":
            self._end(Unreachable("the PBX is being shut down or restarted"))
        elif "event" in message:
            self._client.dispatch(message)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._end(Unreachable("the PBX ended the connection" if exc is None else f"the connection broke: {exc}"))
        if not self.gone.done():
            self.gone.set_result(None)

    @override
    def close(self) -> None:
        self._end(Unreachable("the connection was closed"))

    def _end(self, error: Unreachable) -> None:
        if self.closed:
            return
        self.closed = True
        waiting, self.responses = list(self.responses.values()), {}
        for future in (self.greeted, *(action.future for action in waiting)):
            if not future.done():
                future.set_exception(error)
                future.exception()  # whoever waits gets it; that nobody does is no fault
        if self.transport is not None:
            self.transport.close()
        self._client.lost(error)


class AmiClient(Manager):  # type: ignore[misc] # panoramisk has no types
    """One connection, used once. Loop thread only. `lost` is called once, whoever ended it."""

    def __init__(self, *, lost: Lost, log: logging.LoggerAdapter[logging.Logger] | logging.Logger) -> None:
        super().__init__(log=log)
        self.lost = lost
        self.last_heard = 0.0
        """Time of the loop when the PBX last said anything."""

        self.protocol: _Protocol | None = None

    def new_protocol(self) -> _Protocol:
        """For `create_connection`."""
        self.protocol = _Protocol(self)
        return self.protocol

    async def greeting(self) -> str:
        """What the server says first. Raises `Unreachable`."""
        return await self.protocol.greeted if self.protocol is not None else ""

    def end(self) -> None:
        """Close the connection, if it was ever made."""
        if self.protocol is not None:
            self.protocol.close()

    async def wait_closed(self, *, within: float) -> None:
        """Returns when the socket is closed; what the other side does not acknowledge in time is cut."""
        protocol = self.protocol
        if protocol is None or protocol.transport is None:
            return
        await asyncio.wait({protocol.gone}, timeout=within)
        protocol.transport.abort()
        await asyncio.wait({protocol.gone}, timeout=within)

    @property
    def open(self) -> bool:
        return self.protocol is not None and self.protocol.transport is not None and not self.protocol.closed

    def request(
        self, name: str, fields: Mapping[str, str], *, row: Callable[[Headers], None] | None = None, most: int = 0
    ) -> Request:
        """Send an action. Raises `Unreachable` when the connection is over, `ValueError` for what can't be a header."""
        if not self.open:
            raise Unreachable("the connection to the PBX is over")
        if any(sign in value for value in fields.values() for sign in "\r\n\0"):
            raise ValueError(f"a header of the action {name} has more than one line")
        request = Request(name, fields, row=row, most=most)
        self.send_action(request)
        return request

    def follow(self, event: str, handler: Callable[[Headers], None]) -> Callable[[], None]:
        """Call `handler` with every event of this name from now on; returns the undo."""

        def call(_manager: Manager, message: Message) -> None:
            handler(message)

        self.register_event(event, call)
        callbacks: list[Any] = self.callbacks[event]
        return lambda: callbacks.remove(call) if call in callbacks else None

    @override
    def dispatch(self, event: Message) -> list[str]:
        return super().dispatch(event) if isinstance(event["event"], str) else []

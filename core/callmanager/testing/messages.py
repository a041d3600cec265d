"""A message transport without a network, and a carrier that it pretends to talk to."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from callmanager.errors import NotConfigured
from callmanager.model.messages import Receipt, TransportAbilities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from callmanager.model.messages import DeliveryReport, IncomingMessage, OutgoingMessage
    from callmanager.sources import Inlet


class FakeTransport:
    """A scriptable transport (protocol `MessageTransport`).

    `answers` are used up one a message: a receipt is returned, an error raised, a function is called with the message and
    answers with one of both. Without a script everything is taken. `hold` keeps messages waiting for their answer until
    `release`. `come_in` delivers as a carrier does that is told only after `receive` has returned: see `acknowledged`.
    """

    def __init__(
        self,
        *,
        transport_id: str = "fake",
        label: str = "Fake SMS",
        senders: Sequence[str] = ("+15550100000",),
        abilities: TransportAbilities | None = None,
    ) -> None:
        import asyncio

        self.id = transport_id
        self.label = label
        self.numbers = tuple(senders)
        self.abilities = abilities or TransportAbilities(attachments=True, delivery_reports=True)
        self.answers: deque[Receipt | BaseException | Callable[[OutgoingMessage], Receipt]] = deque()
        self.asked: list[OutgoingMessage] = []
        """What `send` was called with, in order, whatever came of it."""
        self.acknowledged: list[str] = []
        self.run_error: Exception | None = None
        self.begun = 0
        self._inlet: Inlet | None = None
        self._gate = asyncio.Event()
        self._gate.set()
        self._ended = asyncio.Event()

    @property
    def running(self) -> bool:
        return self._inlet is not None

    def senders(self) -> Sequence[str]:
        return self.numbers

    async def send(self, message: OutgoingMessage) -> Receipt:
        self.asked.append(message)
        await self._gate.wait()
        answer = self.answers.popleft() if self.answers else Receipt(remote_id=f"{self.id}-{len(self.asked)}")
        if isinstance(answer, BaseException):
            raise answer
        return answer if isinstance(answer, Receipt) else answer(message)

    async def run(self, inlet: Inlet) -> None:
        if not self.numbers:
            raise NotConfigured("there is no number yet")
        if self.run_error is not None:
            raise self.run_error
        self.begun += 1
        self._inlet = inlet
        self._ended.clear()
        try:
            await self._ended.wait()
        finally:
            self._inlet = None

    # -------------------------------------------------------------------------------------------------- what tests call

    def hold(self) -> None:
        """Let every message wait for its answer from now on."""
        self._gate.clear()

    def release(self) -> None:
        self._gate.set()

    def end(self) -> None:
        """Let `run` return by itself, which a transport should not."""
        self._ended.set()

    async def come_in(self, message: IncomingMessage) -> None:
        """The carrier has a message for us; it is acknowledged once it is stored."""
        if self._inlet is None:
            raise RuntimeError("the fake transport is not running")
        await self._inlet.receive(message)
        self.acknowledged.append(message.remote_id)

    async def report(self, report: DeliveryReport) -> None:
        """The carrier says what became of a message."""
        if self._inlet is None:
            raise RuntimeError("the fake transport is not running")
        await self._inlet.report(report)

"""A message service on a real file, with fake transports, that can be ended well or badly and started again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import attrs
from callmanager.api import (
    Delivery,
    Event,
    IncomingMessage,
    Message,
    MessageId,
    MessageTransport,
    Problem,
    SourceStanding,
    hookimpl,
)
from callmanager.bus import EventBus
from callmanager.extensions.hooks import Hooks
from callmanager.messaging.mailbox import FILE_NAME, MessageService
from callmanager.messaging.notation import Notation
from callmanager.problems import ProblemBoard
from callmanager.source_set import SourceGround
from callmanager.testing import FakeTransport, ManualClock

OWN = "+15550100000"
E = TypeVar("E", bound=Event)
_TURNS = 20
_RESTLESS = 10_000


class CarrierSettings: ...


class TransportsPlugin:
    """A plugin that provides these transports, whatever stands in the list when it is asked."""

    def __init__(self, transports: Sequence[MessageTransport]) -> None:
        self.transports = transports

    @hookimpl
    def callmanager_message_transports(self) -> list[MessageTransport]:
        return list(self.transports)


class CarrierPlugin:
    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    @hookimpl
    def callmanager_message_transports(self) -> list[MessageTransport]:
        return list(self.bench.transports)

    @hookimpl
    def callmanager_message_received(self, message: Message) -> None:
        self.bench.told_received.append(message)

    @hookimpl
    def callmanager_message_sent(self, message: Message) -> None:
        self.bench.told_sent.append(message)


def american() -> Notation:
    """Numbers of the United States, which can be read at once."""
    notation = Notation(lambda: "US")
    notation(OWN)
    return notation


def _fail(error: Exception) -> None:
    raise AssertionError(f"a subscriber or a hook raised {error!r}") from error


@attrs.define(eq=False)
class Bench:
    folder: Path
    transports: list[FakeTransport] = attrs.Factory(list)
    events: list[Event] = attrs.Factory(list)
    told_received: list[Message] = attrs.Factory(list)
    told_sent: list[Message] = attrs.Factory(list)
    faults: list[tuple[str, str]] = attrs.Factory(list)
    clock: ManualClock = attrs.Factory(lambda: ManualClock(datetime(2026, 3, 1, 12, tzinfo=UTC)))
    seconds: float = 0.0
    patience: float = 5.0
    settings: CarrierSettings = attrs.Factory(CarrierSettings)
    notation: Notation = attrs.Factory(american)
    bus: EventBus = attrs.field(init=False)
    problems: ProblemBoard = attrs.field(init=False)
    hooks: Hooks = attrs.field(init=False)
    service: MessageService = attrs.field(init=False)
    _counter: int = 0

    def __attrs_post_init__(self) -> None:
        self._build()

    @property
    def transport(self) -> FakeTransport:
        return self.transports[0]

    @property
    def file(self) -> Path:
        return self.folder / FILE_NAME

    def _build(self) -> None:
        self.bus = EventBus(lambda error, **_: _fail(error))
        self.bus.tap(self.events.append)
        self.problems = ProblemBoard(self.bus, clock=self.clock)
        self.hooks = Hooks(lambda plugin, hook, *, error, seconds, budget: _fail(error) if error else None)
        self.hooks.register("carrier", CarrierPlugin(self))
        ground = SourceGround(
            bus=self.bus,
            problems=self.problems,
            report_fault=lambda error, *, owner, doing: self.faults.append((type(error).__name__, owner)),
            owner_of_settings=lambda model: "carrier" if model is CarrierSettings else "core",
            clock=self.clock,
        )
        self.service = MessageService(
            ground,
            file=self.file,
            hooks=self.hooks,
            notation=self.notation,
            monotonic=lambda: self.seconds,
            patience=self.patience,
        )

    async def start(self, *transports: FakeTransport) -> None:
        self.transports = list(transports) or self.transports or [FakeTransport()]
        self.service.start()
        await self.settle()

    async def restart(self, *transports: FakeTransport) -> None:
        """End well and start again on the same file."""
        await self.service.close()
        self._build()
        await self.start(*(transports or [FakeTransport()]))

    async def crash(self) -> None:
        """Stop as a killed process does: nothing more is written, whatever was under way."""
        self.service.abandon()
        await self.service._tasks.close()
        await self.service.close()
        self._build()

    async def settle(self) -> None:
        """Let the outbox and the database do all that they can do now, however slow the disk is.

        They have come to rest when nothing is asked of the database, and nothing is while the loop turns more often than any
        answer needs to be passed on.
        """
        turns = 0
        for _ in range(_RESTLESS):
            if asked := tuple(self.service._journal._tasks):
                await asyncio.wait(asked)
                turns = 0
            elif turns < _TURNS:
                await asyncio.sleep(0)
                turns += 1
            else:
                return
        raise AssertionError("the outbox asks the database without end")

    async def later(self, seconds: float) -> None:
        """Time passes, on both clocks."""
        self.seconds += seconds
        self.clock.advance(seconds)
        self.service._outbox.wake()
        await self.settle()

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(5):
            while not condition():  # noqa: ASYNC110 - any condition, so there is no event to wait for
                await asyncio.sleep(0.001)

    async def delivery(self, message_id: MessageId) -> Delivery | None:
        message = await self.service.get(message_id)
        return message.delivery if message else None

    async def until_delivery(self, message_id: MessageId, delivery: Delivery) -> Message:
        async with asyncio.timeout(5):
            while await self.delivery(message_id) is not delivery:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.001)
        found = await self.service.get(message_id)
        assert found is not None
        return found

    def published(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if type(event) is kind]

    def problem(self, problem_id: str) -> Problem | None:
        return next((problem for problem in self.problems.current() if problem.id == problem_id), None)

    def standing(self) -> SourceStanding:
        return self.service.transports()[0].standing

    def incoming(
        self, text: str = "hello", *, peer: str = "+12025550123", remote_id: str = "", **more: object
    ) -> IncomingMessage:
        self._counter += 1
        values: dict[str, object] = {
            "remote_id": remote_id or f"in-{self._counter}",
            "own": OWN,
            "peer": peer,
            "text": text,
            "at": self.clock(),
        }
        return IncomingMessage(**(values | more))  # type: ignore[arg-type]

    async def come_in(self, text: str = "hello", **more: object) -> Message:
        before = len(self.told_received)
        await self.transport.come_in(self.incoming(text, **more))  # type: ignore[arg-type]
        assert len(self.told_received) == before + 1
        return self.told_received[-1]

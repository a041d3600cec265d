"""Drives the engine for the services: commands go through here, facts come in here and are handed on in order."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from callmanager.engine.commands import Command
from callmanager.engine.facts import EngineStarted, EngineStopped, Fact, MessageRefused
from callmanager.events import EngineChanged
from callmanager.model.notices import Severity
from callmanager.texts import plain

if TYPE_CHECKING:
    from callmanager.bus import EventBus
    from callmanager.engine.protocol import CallEngine
    from callmanager.problems import ProblemBoard
    from callmanager.protocols import Notices
    from callmanager.tasks import FaultReport

_log = logging.getLogger(__name__)

ENGINE_PROBLEM: Final = "engine"
_STOP_SECONDS: Final = 8.0


class FactHandler(Protocol):
    """A service that follows the facts."""

    def apply(self, fact: Fact) -> None: ...


class EngineDriver:
    """Owns the engine that a plugin provided, if any. Loop thread only.

    Each fact goes to every service in the order in which they were added; a service that raises is reported and the others
    still hear of it. Commands submitted while no engine runs are dropped: after `EngineStarted` the services say all again.
    """

    def __init__(self, *, bus: EventBus, problems: ProblemBoard, notices: Notices, report_fault: FaultReport) -> None:
        self._bus = bus
        self._problems = problems
        self._notices = notices
        self._report_fault = report_fault
        self._handlers: list[FactHandler] = []
        self._engine: CallEngine | None = None
        self._crashed = False
        self.running = False
        self.version = ""
        self.owner = ""

    def add(self, handler: FactHandler) -> None:
        self._handlers.append(handler)

    def use(self, engine: CallEngine, *, owner: str) -> None:
        """Take this engine and let it begin what takes time; an engine that fails in that is as good as none."""
        self._engine, self.owner = engine, owner
        try:
            engine.prepare()
        except Exception as error:  # noqa: BLE001 - the window must come all the same
            self._engine, self.owner = None, ""
            self._report_fault(error, owner=owner, doing="preparing the call engine")

    @property
    def occupied(self) -> bool:
        """There is an engine, running or not."""
        return self._engine is not None

    async def start(self) -> None:
        """Start the engine; without one, say that calls can't be made."""
        if self._engine is None:
            self._say_missing()
            return
        await self._engine.start(self._take)

    async def release(self) -> None:
        """Stop the engine while the app goes on, because its plugin goes; then there is none until `use` is called again."""
        await self._end()
        self.owner = ""
        if self.running:  # it ended without saying so
            self._take(EngineStopped(expected=True))
        self._say_missing()

    def _say_missing(self) -> None:
        self._problems.raise_problem(
            ENGINE_PROBLEM,
            "There is no call engine, so no calls can be made.",
            hint="Switch on the plugin sip_engine, or install PC CallManager again.",
        )

    async def stop(self) -> None:
        """Hang up, unregister, end; gives up after a few seconds. Idempotent."""
        await self._end()
        self.running = False

    async def _end(self) -> None:
        engine, self._engine = self._engine, None
        if engine is None:
            return
        import asyncio

        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await engine.stop()
        except TimeoutError:
            _log.error("the call engine does not stop within %.0f s; leaving it", _STOP_SECONDS)
        except Exception as error:  # noqa: BLE001 - the app ends all the same
            self._report_fault(error, owner=self.owner, doing="stopping the call engine")

    def submit(self, command: Command) -> bool:
        """Hand a command over; false if no engine runs."""
        if self._engine is None or not self.running:
            _log.debug("no engine runs to take %s", type(command).__name__)
            return False
        self._engine.submit(command)
        return True

    def _take(self, fact: Fact) -> None:
        match fact:
            case EngineStarted():
                self._up(fact)
            case EngineStopped():
                self._down(fact)
            case MessageRefused():
                _log.info("refused at the border: %s", plain(fact.reason, limit=300))
        for handler in self._handlers:
            self._contained(handler.apply, fact)

    def _up(self, fact: EngineStarted) -> None:
        self.running, self.version = True, plain(fact.version)
        _log.info("the call engine %s runs", self.version)
        self._problems.clear(ENGINE_PROBLEM)
        self._bus.publish(EngineChanged(running=True, detail=self.version))
        if self._crashed:
            self._crashed = False
            self._notices.post("The call engine is running again.", severity=Severity.SUCCESS)

    def _down(self, fact: EngineStopped) -> None:
        self.running = False
        detail = plain(fact.detail, limit=500)
        if not fact.expected:
            self._crashed = True
            _log.info("the call engine stopped: %s", detail or "no reason given")
            self._problems.raise_problem(
                ENGINE_PROBLEM,
                "The call engine stopped.",
                hint="It is being started again." if fact.restarting else "Restart PC CallManager.",
                details=detail,
            )
            self._notices.post(
                "The call engine stopped unexpectedly.",
                hint="It is being started again; calls under way were lost." if fact.restarting else "Restart PC CallManager.",
                details=detail,
                severity=Severity.ERROR,
            )
        self._bus.publish(EngineChanged(running=False, detail=detail))

    def _contained(self, handle: Callable[[Fact], None], fact: Fact) -> None:
        try:
            handle(fact)
        except Exception as error:  # noqa: BLE001 - one service's bug must not keep a fact from the others
            self._report_fault(error, owner="core", doing=f"following {type(fact).__name__}")

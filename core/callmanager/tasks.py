"""Background work by owner: started, retried politely, cancelled with whoever started it."""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final, Protocol

from callmanager.errors import NotConfigured, SignInNeeded, Unreachable, UserError
from callmanager.model.notices import Severity

if TYPE_CHECKING:
    import asyncio

    from callmanager.bus import Unsubscribe
    from callmanager.protocols import Problems

_log = logging.getLogger(__name__)

FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 60.0
SETTLED_AFTER: Final = 10.0
"""An attempt that lasts this many seconds counts as a recovery."""
_BUGS_FORGIVEN: Final = 3
LONGEST_WAIT: Final = 3.0
"""Seconds that a cancelled task may take for its last words."""


class FaultReport(Protocol):
    """The funnel for bugs: which error, whose, and what was being done."""

    def __call__(self, error: BaseException, *, owner: str, doing: str) -> None: ...


class TaskSupervisor:
    """The tasks of one owner (protocol `Tasks`).

    Used on the loop thread while the loop runs. Pauses between tries double from 1 s to 60 s and are spread by a quarter, so
    that a hundred phones don't come back to a PBX in the same instant. A service that asks for a longer pause gets it.
    """

    def __init__(
        self,
        *,
        owner: str,
        problems: Problems,
        report_fault: FaultReport,
        sleep: Callable[[float], Awaitable[None]] | None = None,
        settled_after: float = SETTLED_AFTER,
    ) -> None:
        self._owner = owner
        self._problems = problems
        self._report_fault = report_fault
        self._sleep = sleep
        self._settled_after = settled_after
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def start(self, work: Coroutine[Any, Any, None], *, name: str) -> Unsubscribe:
        """Run to the end; an exception is reported as a fault of the owner, a `UserError` as a problem. The undo cancels."""
        import asyncio

        try:
            if self._closed:
                raise RuntimeError(f"{self._owner} is being stopped and can't start the task {name}")
            task = asyncio.get_running_loop().create_task(self._contained(work, name), name=f"{self._owner}: {name}")
        except RuntimeError:
            work.close()
            raise
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: work.close())  # a task cancelled before its first step never began the work

        def undo() -> None:
            task.cancel()

        return undo

    def supervise(self, work: Callable[[], Awaitable[None]], *, name: str) -> Unsubscribe:
        return self.start(self._supervised(work, name), name=name)

    def forget(self, name: str) -> None:
        """Take down the problems of supervised work that is not tried any more."""
        for kind in ("unreachable", "sign-in"):
            self._problems.clear(f"{kind}:{name}")

    @property
    def running(self) -> tuple[str, ...]:
        """Names of the tasks that are under way."""
        return tuple(sorted(task.get_name() for task in self._tasks))

    def cancel(self) -> None:
        """Cancel everything without waiting."""
        for task in tuple(self._tasks):
            task.cancel()

    async def close(self, *, wait_seconds: float = LONGEST_WAIT) -> tuple[asyncio.Task[None], ...]:
        """Cancel everything and wait; returns the tasks that refuse to end. Nothing can be started afterwards."""
        import asyncio

        self._closed = True
        current = asyncio.current_task()
        tasks = {task for task in self._tasks if task is not current}
        for task in tasks:
            task.cancel()
        if not tasks:
            return ()
        _, stubborn = await asyncio.wait(tasks, timeout=wait_seconds)
        for task in stubborn:
            _log.error("the task %s does not end when it is cancelled", task.get_name())
        return tuple(sorted(stubborn, key=lambda task: task.get_name()))

    async def _contained(self, work: Awaitable[None], name: str) -> None:
        try:
            await work
        except UserError as error:
            self._problems.raise_problem(f"task:{name}", error.text, hint=error.hint)
        except Exception as error:  # noqa: BLE001 - reported with its owner
            self._report_fault(error, owner=self._owner, doing=f"the task {name}")

    async def _supervised(self, work: Callable[[], Awaitable[None]], name: str) -> None:
        problem, pause, bugs = f"unreachable:{name}", FIRST_PAUSE, 0
        while True:
            asked_for = 0.0
            attempt = _Attempt(settled_after=self._settled_after, settled=lambda: self._recovered(problem, name))
            try:
                with attempt:
                    await work()
            except Unreachable as error:
                asked_for = error.retry_after or 0.0
                if pause == FIRST_PAUSE or attempt.was_settled:
                    _log.info("%s: %s is unreachable: %s", self._owner, name, error)
                self._problems.raise_problem(
                    problem, str(error), hint="It is tried again by itself.", severity=Severity.WARNING
                )
            except SignInNeeded as error:
                self._problems.clear(problem)
                self._problems.raise_problem(f"sign-in:{name}", str(error), hint="Check the credentials in Settings.")
                return
            except NotConfigured as error:
                self._problems.clear(problem)
                _log.info("%s: %s is not set up: %s", self._owner, name, error)
                return
            except Exception as error:  # noqa: BLE001 - reported with its owner
                bugs += 1
                self._report_fault(error, owner=self._owner, doing=f"the task {name}")
                if bugs >= _BUGS_FORGIVEN:
                    self._problems.raise_problem(problem, f"{name} stopped after repeated faults", hint="Restart the app.")
                    return
            else:
                self._recovered(problem, name)
                return
            pause = FIRST_PAUSE if attempt.was_settled else pause
            spread = random.uniform(0.75, 1.25)  # noqa: S311 - not for secrecy
            await self._wait(max(pause * spread, asked_for * max(spread, 1.0)))
            pause = min(pause * 2, LONGEST_PAUSE)

    def _recovered(self, problem: str, name: str) -> None:
        _log.debug("%s: %s works", self._owner, name)
        self._problems.clear(problem)

    async def _wait(self, seconds: float) -> None:
        if self._sleep is not None:
            await self._sleep(seconds)
            return
        import asyncio

        await asyncio.sleep(seconds)


class _Attempt:
    """One try of supervised work; calls `settled` once it has lasted long enough to count as recovered."""

    def __init__(self, *, settled_after: float, settled: Callable[[], None]) -> None:
        import asyncio

        self.was_settled = False
        self._told = settled
        self._timer = asyncio.get_running_loop().call_later(settled_after, self._settle)

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _settle(self) -> None:
        self.was_settled = True
        self._told()

"""From a Qt signal to a coroutine: owned, reported, and gone with its widget or its plugin."""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, Protocol

from callmanager.api import UserError
from PySide6.QtCore import QObject, Signal, SignalInstance

_log = logging.getLogger(__name__)

_PATIENCE: Final = 3.0


class ReportFault(Protocol):
    """The funnel for bugs: `owner` is a plugin id, `shell` or `core`."""

    def __call__(self, error: BaseException, *, owner: str, doing: str) -> None: ...


class ShowError(Protocol):
    """Shows a `UserError` where the user is looking."""

    def __call__(self, error: UserError) -> None: ...


class TaskOwner:
    """Starts coroutines for widgets. A `UserError` becomes a toast, anything else a fault with the owner's name; a task is
    cancelled when its widget is destroyed or its plugin goes. Used on the loop thread only."""

    def __init__(self, *, report_fault: ReportFault, show_error: ShowError) -> None:
        self._report_fault = report_fault
        self._show_error = show_error
        self._tasks: dict[asyncio.Task[None], str] = {}

    def run(
        self,
        owner: QObject,
        work: Awaitable[None],
        *,
        name: str = "shell",
        doing: str = "",
        done: Callable[[], None] | None = None,
    ) -> Callable[[], None]:
        """Start `work`; `done` is called at its end, however it ended, unless the widget is gone by then. Returns what
        cancels it."""
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(
            self._guard(work, name, doing), name=f"{name}: {doing}"
        )
        self._tasks[task] = name
        gone: list[bool] = []

        def owner_gone() -> None:
            gone.append(True)
            task.cancel()

        link = owner.destroyed.connect(lambda: owner_gone())  # noqa: PLW0108 - the signal brings an argument

        def finished(_ended: asyncio.Task[None]) -> None:
            self._tasks.pop(task, None)
            if inspect.iscoroutine(work):
                work.close()  # one cancelled before its first step never began
            if not gone:
                QObject.disconnect(link)
                if done is not None:
                    done()

        task.add_done_callback(finished)
        return lambda: None if task.done() else _cancel(task)

    def call(
        self,
        owner: QObject,
        function: Callable[..., Awaitable[None]],
        *arguments: object,
        name: str = "shell",
        doing: str = "",
        done: Callable[[], None] | None = None,
    ) -> Callable[[], None]:
        """As `run`, for a plugin's function: also what it does before it gives the coroutine is contained."""

        async def work() -> None:
            await function(*arguments)

        return self.run(owner, work(), name=name, doing=doing, done=done)

    def connect(
        self,
        signal: SignalInstance | Signal,
        owner: QObject,
        work: Callable[..., Coroutine[Any, Any, None]],
        *,
        name: str = "shell",
    ) -> None:
        """Run `work(*arguments)` each time the signal is emitted."""
        assert isinstance(signal, SignalInstance)
        signal.connect(lambda *arguments: self.call(owner, work, *arguments, name=name))

    def cancel(self, name: str) -> None:
        """Cancel what was started in this name; for a plugin that went."""
        for task in [task for task, owner in self._tasks.items() if owner == name]:
            task.cancel()

    async def stop(self) -> None:
        """Cancel what still runs and wait a little for it to end; for the end of the program."""
        tasks = dict(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            _, stubborn = await asyncio.wait(tasks, timeout=_PATIENCE)
            for task in stubborn:
                _log.error("%s does not end when it is cancelled", task.get_name(), extra={"plugin": tasks[task]})

    async def _guard(self, work: Awaitable[None], name: str, doing: str) -> None:
        try:
            await work
        except asyncio.CancelledError:
            raise
        except UserError as error:
            self._show_error(error)
        except Exception as error:  # noqa: BLE001 - a bug in a button must not take the window with it
            self._report_fault(error, owner=name, doing=doing or "running an action of the window")


def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()

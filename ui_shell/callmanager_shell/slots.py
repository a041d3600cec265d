"""From a Qt signal to a coroutine: owned, reported, and gone with its widget."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol

from callmanager.api import UserError
from PySide6.QtCore import QObject, Signal, SignalInstance


class ReportFault(Protocol):
    """The funnel for bugs: `owner` is a plugin id, `shell` or `core`."""

    def __call__(self, error: BaseException, *, owner: str, doing: str) -> None: ...


class ShowError(Protocol):
    """Shows a `UserError` where the user is looking."""

    def __call__(self, error: UserError) -> None: ...


class TaskOwner:
    """Starts coroutines for widgets. A `UserError` becomes a toast, anything else a fault with the owner's name; a task is
    cancelled when its widget is destroyed. Used on the loop thread only."""

    def __init__(self, *, report_fault: ReportFault, show_error: ShowError) -> None:
        self._report_fault = report_fault
        self._show_error = show_error
        self._tasks: dict[asyncio.Task[None], str] = {}
        self._stopped = False

    def run(
        self,
        owner: QObject,
        work: Awaitable[None],
        *,
        name: str = "shell",
        doing: str = "",
        done: Callable[[], None] | None = None,
    ) -> None:
        """Start `work`; `done` is called at its end, however it ended, unless the widget is gone by then."""
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(self._guard(work, name, doing))
        self._tasks[task] = name
        gone = False

        def owner_is_gone() -> None:
            nonlocal gone
            gone = True
            task.cancel()

        link = owner.destroyed.connect(lambda: owner_is_gone())  # noqa: PLW0108 - the signal has an argument

        def finished(ended: asyncio.Task[None]) -> None:
            self._tasks.pop(ended, None)
            if isinstance(work, Coroutine):
                work.close()  # a task cancelled before its first step never began it
            if gone or self._stopped:
                return
            QObject.disconnect(link)
            if done is not None:
                done()

        task.add_done_callback(finished)

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
        signal.connect(lambda *arguments: self.run(owner, work(*arguments), name=name))

    def cancel(self, name: str) -> None:
        """End what was started in this name: the plugin is switched off."""
        for task in [task for task, owner in self._tasks.items() if owner == name]:
            task.cancel()

    async def stop(self) -> None:
        """Cancel what still runs; for the end of the program."""
        self._stopped = True
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _guard(self, work: Awaitable[None], name: str, doing: str) -> None:
        try:
            await work
        except asyncio.CancelledError:
            raise
        except UserError as error:
            self._show_error(error)
        except Exception as error:  # noqa: BLE001 - a bug in a button must not take the window with it
            self._report_fault(error, owner=name, doing=doing or "running an action of the window")

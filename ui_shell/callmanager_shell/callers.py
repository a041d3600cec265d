"""Joins the look-ups of caller cards to the application: calls come and go, plugins come and go, views are told."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from callmanager.api import CallAdded, CallChanged, CallId, CallRemoved, ContributionsChanged
from PySide6.QtCore import QObject, Signal

from callmanager_shell.slots import TaskOwner

if TYPE_CHECKING:
    from callmanager.app import Application

    from callmanager_shell.caller_lookups import CallerLookUps, ShownDetails


class Callers(QObject):
    """One for the window and the pop together, so that a caller is looked up once, however often it is shown."""

    changed = Signal(str)
    """There is another answer for the call with this id."""

    def __init__(self, app: Application, tasks: TaskOwner) -> None:
        super().__init__()
        self._app = app
        self._tasks = tasks
        self._made: CallerLookUps | None = None
        self._undo: list[Callable[[], None]] = [
            app.bus.subscribe(CallAdded, lambda event: self.prepare().follow(event.call), owner="shell"),
            app.bus.subscribe(CallChanged, lambda event: self.prepare().follow(event.after), owner="shell"),
            app.bus.subscribe(CallRemoved, lambda event: self.prepare().forget(event.call.id), owner="shell"),
            app.bus.subscribe(ContributionsChanged, lambda _event: self.prepare().reload(), owner="shell"),
        ]

    def prepare(self) -> CallerLookUps:
        """Make the look-ups: after the window was painted, or with the first call."""
        if self._made is None:
            from callmanager_shell.caller_lookups import CallerLookUps

            self._made = CallerLookUps(
                self._app.caller_cards, start=self._start, report_fault=self._app.report_fault, changed=self.changed.emit
            )
        return self._made

    def details(self, call_id: str) -> tuple[ShownDetails, ...]:
        return self.prepare().details(CallId(call_id))

    def close_down(self) -> None:
        for undo in self._undo:
            undo()
        self._undo.clear()
        if self._made is not None:
            self._made.close()

    def _start(self, work: Coroutine[Any, Any, None], *, owner: str) -> Callable[[], None]:
        return self._tasks.run(self, work, name=owner, doing="looking a caller up")

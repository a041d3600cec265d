"""Joins the look-ups of caller cards to the application: calls come and go, plugins come and go, views are told."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from callmanager.api import CallAdded, CallChanged, CallId, CallRemoved, ContributionsChanged
from PySide6.QtCore import QObject, Signal

from callmanager_shell.caller_lookups import CallerLookUps, ShownDetails
from callmanager_shell.slots import TaskOwner

if TYPE_CHECKING:
    from callmanager.app import Application


class Callers(QObject):
    """One for the window and the pop together, so that a caller is looked up once, however often it is shown."""

    changed = Signal(str)
    """There is another answer for the call with this id."""

    def __init__(self, app: Application, tasks: TaskOwner) -> None:
        super().__init__()
        self._tasks = tasks
        self._lookups = CallerLookUps(
            app.caller_cards, start=self._start, report_fault=app.report_fault, changed=self.changed.emit
        )
        self._undo: list[Callable[[], None]] = [
            app.bus.subscribe(CallAdded, lambda event: self._lookups.follow(event.call), owner="shell"),
            app.bus.subscribe(CallChanged, lambda event: self._lookups.follow(event.after), owner="shell"),
            app.bus.subscribe(CallRemoved, lambda event: self._lookups.forget(event.call.id), owner="shell"),
            app.bus.subscribe(ContributionsChanged, lambda _event: self._lookups.reload(), owner="shell"),
        ]

    def details(self, call_id: str) -> tuple[ShownDetails, ...]:
        return self._lookups.details(CallId(call_id))

    def close_down(self) -> None:
        for undo in self._undo:
            undo()
        self._undo.clear()
        self._lookups.close()

    def _start(self, work: Coroutine[Any, Any, None], *, owner: str) -> Callable[[], None]:
        return self._tasks.run(self, work, name=owner, doing="looking a caller up")

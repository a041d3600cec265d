"""What most widgets of the shell need, in one value: application, look, and how work is started and errors are shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import attrs
from callmanager.api import Severity, UserError
from PySide6.QtCore import QObject, Signal

from callmanager_shell.actions import CallActions
from callmanager_shell.asking import Asking
from callmanager_shell.callers import Callers
from callmanager_shell.look import Look
from callmanager_shell.slots import TaskOwner
from callmanager_shell.toasts import Toaster

if TYPE_CHECKING:
    from callmanager.app import Application


def utc_now() -> datetime:
    return datetime.now(UTC)


class Wishes(QObject):
    """What any widget, also a plugin's, may ask of the window without knowing it."""

    settings = Signal(str)
    """Open Settings at this section; empty for Settings as it is."""


@attrs.frozen(kw_only=True)
class ShellServices:
    """Made once by the window's owner; `toasts` may be asked before its window is shown."""

    app: Application
    look: Look
    tasks: TaskOwner
    asking: Asking
    actions: CallActions
    callers: Callers
    toasts: Toaster
    wishes: Wishes
    clock: Callable[[], datetime] = utc_now

    def toast(self, text: str, *, hint: str = "", severity: Severity = Severity.INFO) -> None:
        self.toasts.show_text(text, hint=hint, severity=severity)

    def show_error(self, error: UserError) -> None:
        """The words of a `UserError`, where the user is looking."""
        self.toasts.show_text(sentence(error.text), hint=error.hint, severity=Severity.ERROR)

    def command(self, command: Callable[[], object]) -> None:
        """Do what a user asked for; a refusal is a toast."""
        try:
            command()
        except UserError as error:
            self.show_error(error)


def sentence(clause: str) -> str:
    """An error's clause as a sentence: capital letter, full stop."""
    text = clause.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?…" else ".")

"""Puts the shell's parts together around an application: services, window, pop, tray; and takes them apart again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from callmanager_shell.actions import CallActions
from callmanager_shell.look import Look
from callmanager_shell.services import ShellServices, sentence, utc_now
from callmanager_shell.slots import TaskOwner
from callmanager_shell.toasts import Toaster

if TYPE_CHECKING:
    from callmanager.api import UserError
    from callmanager.app import Application


def make_services(app: Application, look: Look, *, clock: Callable[[], datetime] = utc_now) -> ShellServices:
    """What the widgets need, around this application."""
    from callmanager.api import Severity

    toasts = Toaster(look)

    def show_error(error: UserError) -> None:
        toasts.show_text(sentence(error.text), hint=error.hint, severity=Severity.ERROR)

    return ShellServices(
        app=app,
        look=look,
        tasks=TaskOwner(report_fault=app.report_fault, show_error=show_error),
        actions=CallActions(app.call_actions, report_fault=app.report_fault),
        toasts=toasts,
        clock=clock,
    )

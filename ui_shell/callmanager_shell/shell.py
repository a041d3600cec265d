"""Puts the shell's parts together around an application: services, window, pop, tray; and takes them apart again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
from callmanager import __version__

from callmanager_shell.actions import CallActions
from callmanager_shell.asking import Asking
from callmanager_shell.callers import Callers
from callmanager_shell.look import Look
from callmanager_shell.services import ShellServices, Wishes, sentence, utc_now
from callmanager_shell.slots import TaskOwner
from callmanager_shell.toasts import Toaster

if TYPE_CHECKING:
    from callmanager.api import UserError
    from callmanager.app import Application
    from PySide6.QtWidgets import QWidget

    from callmanager_shell.caret import RestingCaret
    from callmanager_shell.incoming import IncomingPop
    from callmanager_shell.instance import InstanceServer
    from callmanager_shell.tray import Tray


def make_services(app: Application, look: Look, *, clock: Callable[[], datetime] = utc_now) -> ShellServices:
    """What the widgets need, around this application."""
    from callmanager.api import Severity

    toasts = Toaster(look)
    asking = Asking(app.report_fault)

    def show_error(error: UserError) -> None:
        toasts.show_text(sentence(error.text), hint=error.hint, severity=Severity.ERROR)

    tasks = TaskOwner(report_fault=app.report_fault, show_error=show_error)
    return ShellServices(
        app=app,
        look=look,
        tasks=tasks,
        asking=asking,
        actions=CallActions(app, asking=asking),
        callers=Callers(app, tasks),
        toasts=toasts,
        wishes=Wishes(),
        clock=clock,
    )


class Shell:
    """The window side of one running phone. Made on the loop thread; `run` lives as long as the phone does.

    The window is shown first; what is not needed to see it (tray, channel, pop) is made right after its first paint.
    """

    def __init__(self, app: Application, look: Look, *, endpoint: str, dial: str = "", hidden: bool = False) -> None:
        import asyncio

        from callmanager_shell import window_state
        from callmanager_shell.window import MainWindow

        self._app = app
        self._endpoint = endpoint
        self._dial = dial
        self._state_file = app.paths.data / "window.json"
        self._state = window_state.load(self._state_file)
        self._tray: Tray | None = None
        self._pop: IncomingPop | None = None
        self._caret: RestingCaret | None = None
        self._server: InstanceServer | None = None
        self._ended = asyncio.Event()
        self.services = make_services(app, look)
        self.window = MainWindow(self.services, version=__version__, state=self._state)
        self.window.restore(self._state.geometry)
        self.window.on_close = self._closing
        self.window.quit_wanted.connect(self.quit)
        self._hidden = hidden

    # ------------------------------------------------------------------------------------------------------------------ life

    def present(self) -> None:
        """Show the window, unless it was asked to stay hidden and there is a tray to find it in."""
        if self._hidden:
            from callmanager_shell.tray import Tray

            if Tray.available():
                return
        self.window.show()

    async def run(self) -> bool:
        """Live until quit; false when another phone of this profile was running already, which is shown instead."""
        if not self._claim():
            return False
        self._make_rest()
        try:
            await self._app.start()
            if self._app.accounts.current is None and not self._app.options.demo:
                self.window.open_settings()
            if self._dial:
                self._dial_when_ready(self._dial)
            await self._ended.wait()
        finally:
            self._take_apart()
            await self.services.tasks.stop()
        return True

    def _claim(self) -> bool:
        from callmanager_shell.instance import InstanceServer
        from callmanager_shell.remote import RemoteControl

        self._server = InstanceServer(self._endpoint, RemoteControl(self._app, self), parent=self.window)
        if self._server.claim():
            return True
        from callmanager_shell.client import NoAnswer, NotRunning, ask
        from callmanager_shell.wire import Request

        with contextlib.suppress(NotRunning, NoAnswer):
            ask(self._endpoint, Request(verb="show"))
            if self._dial:
                ask(self._endpoint, Request(verb="dial", arguments=(self._dial,)))
        self.window.close_down()
        return False

    def _make_rest(self) -> None:
        from PySide6.QtWidgets import QApplication

        from callmanager_shell.caret import RestingCaret
        from callmanager_shell.incoming import IncomingPop
        from callmanager_shell.tray import Tray

        app = QApplication.instance()
        assert isinstance(app, QApplication)
        self._caret = RestingCaret(app)
        self._pop = IncomingPop(self.services)
        if Tray.available():
            self._tray = Tray(self.services, parent=self.window)
            self._tray.show_wanted.connect(self.show)
            self._tray.quit_wanted.connect(self.quit)

    def _take_apart(self) -> None:
        self._remember()
        if self._server is not None:
            self._server.close_down()
        if self._tray is not None:
            self._tray.close_down()
        if self._caret is not None:
            self._caret.close_down()
        if self._pop is not None:
            self._pop.close_down()
            self._pop.deleteLater()
        self.window.close_down()
        self.window.hide()
        self.window.deleteLater()

    def _remember(self, *, tray_explained: bool | None = None) -> None:
        from callmanager_shell import window_state

        explained = self._state.tray_explained if tray_explained is None else tray_explained
        self._state = attrs.evolve(self.window.remembered(self._state), tray_explained=explained)
        window_state.save(self._state_file, self._state)

    # -------------------------------------------------------------------------------------------------------------- controls

    def show(self) -> None:
        self.window.bring_to_front()

    def quit(self) -> None:
        """End the phone; the reply to who asked for it goes out first."""
        import asyncio

        asyncio.get_running_loop().call_later(0.05, self._ended.set)

    def save_picture(self, path: Path) -> tuple[Path, ...]:
        """The window, and beside it the pop and the keypad if they are open; returns what was saved."""
        from callmanager.api import UserError

        from callmanager_shell.popover import Popover

        widgets: list[tuple[Path, QWidget]] = [(path, self.window)]
        if self._pop is not None and self._pop.isVisible():
            widgets.append((path.with_stem(f"{path.stem}-incoming"), self._pop))
        popovers = [popover for popover in self.window.findChildren(Popover) if popover.isVisible()]
        widgets.extend((path.with_stem(f"{path.stem}-popover"), popover) for popover in popovers[:1])
        for target, widget in widgets:
            if not widget.grab().save(str(target)):
                raise UserError(f"the picture could not be saved as {target}", "Choose a folder that exists and is yours.")
        return tuple(target for target, _widget in widgets)

    # --------------------------------------------------------------------------------------------------------------- closing

    def _closing(self) -> bool:
        """The user closed the window: to the tray if there is one and the setting says so, else the phone ends."""
        from callmanager.api import AppearanceSettings

        if self._ended.is_set():
            return True
        to_tray = self._tray is not None and self._app.settings.get(AppearanceSettings).close_to_tray
        if to_tray:
            self.window.hide()
            if not self._state.tray_explained and self._tray is not None:
                self._tray.explain()
            self._remember(tray_explained=True)
            return False
        if self._app.calls.current():
            self.services.toast("You are in a call.", hint="Hang up first; then closing the window ends PC CallManager.")
            return False
        self.quit()
        return False

    def _dial_when_ready(self, target: str) -> None:
        """A link started the phone: call as soon as it is registered, or leave the number in the field."""
        from callmanager.api import RegistrationChanged, RegistrationState

        def ready() -> bool:
            registration = self._app.accounts.registration
            return registration is not None and registration.state is RegistrationState.REGISTERED

        self.window.dial_field.edit.setText(target)
        if ready():
            self.window.dial(target)
            return
        undos: list[Callable[[], None]] = []

        def follow(_event: RegistrationChanged) -> None:
            if ready() and undos:
                undos.pop()()
                if self.window.dial_field.edit.text() == target:  # not if the user has changed their mind meanwhile
                    self.window.dial(target)

        undos.append(self._app.bus.subscribe(RegistrationChanged, follow, owner="shell"))

"""Opens the command palette over the window and carries out what is chosen there, or by a command's shortcut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from callmanager.api import Call, ContributionsChanged, PaletteCommand
from PySide6.QtCore import QObject

from callmanager_shell.actions import ActionState

if TYPE_CHECKING:
    from callmanager.app import Owned

    from callmanager_shell.commands import Entry
    from callmanager_shell.palette import Palette
    from callmanager_shell.services import ShellServices
    from callmanager_shell.shortcuts import Shortcuts
    from callmanager_shell.window import MainWindow


class PaletteDesk(QObject):
    """The window as its palette sees it (protocol `WindowCommands`). Nothing of the palette is imported before it is opened."""

    def __init__(self, services: ShellServices, window: MainWindow, *, recent: Sequence[str] = ()) -> None:
        super().__init__(window)
        self._services = services
        self._window = window
        self._palette: Palette | None = None
        self._undo: Callable[[], None] | None = None
        self.shortcuts: Shortcuts | None = None
        self.recent = tuple(recent)

    @property
    def palette(self) -> Palette | None:
        """The one that is open."""
        return self._palette

    def toggle(self) -> None:
        """Open it, or close it if it is open."""
        if self._palette is not None:
            self._palette.close_overlay()
            return
        from callmanager_shell.commands import entries
        from callmanager_shell.palette import Palette

        palette = Palette(self._services.look, self._window, offer=lambda: entries(self._services, self), recent=self.recent)
        palette.closed.connect(self._closed)
        palette.chosen.connect(self._chosen)
        self._palette = palette
        self._undo = self._services.app.bus.subscribe(ContributionsChanged, lambda _event: palette.refresh(), owner="shell")
        palette.open_palette()

    def close_down(self) -> None:
        if self._palette is not None:
            self._palette.close_overlay(give_back=False)

    def run_by_key(self, key: str) -> None:
        """A command's shortcut was pressed."""
        owned = next(
            (owned for owned in self._services.app.palette_commands() if f"{owned.plugin_id}/{owned.value.id}" == key), None
        )
        if owned is None:
            return
        command = owned.value
        if self._services.asking.yes(command.available, key=key, owner=owned.plugin_id, label=command.title):
            self.run_palette_command(owned)

    def _closed(self) -> None:
        self._palette = None
        if self._undo is not None:
            self._undo()
            self._undo = None

    def _chosen(self, entry: Entry) -> None:
        from callmanager_shell.commands import remember

        self.recent = remember(entry.key, self.recent)
        self._services.command(entry.run)

    # ----------------------------------------------------------------------------------------------------- what is carried out

    def run_palette_command(self, owned: Owned[PaletteCommand]) -> None:
        self._services.tasks.call(self._window, owned.value.run, name=owned.plugin_id, doing=f"running “{owned.value.title}”")

    def run_call_action(self, call: Call, state: ActionState) -> None:
        self._window.strip.run_action(call.id, state)

    def open_settings(self, section_id: str = "") -> None:
        self._window.open_settings(section_id)

    def focus_dial_field(self) -> None:
        self._window.focus_dial_field()

    def toggle_theme(self) -> None:
        self._window.toggle_theme()

    def answer_ringing(self) -> None:
        self._window.answer_ringing()

    def reject_ringing(self) -> None:
        self._window.reject_ringing()

    def connect_account(self) -> None:
        self._services.app.accounts.connect()

    def disconnect_account(self) -> None:
        self._services.app.accounts.disconnect()

    def show_connection(self) -> None:
        self._window.show_connection()

    def hold_all(self) -> None:
        calls = self._services.app.calls
        for call in calls.current():
            if call.talking:
                calls.set_held(call.id, held=True)

    def hang_up_active(self) -> None:
        self._window.strip.hang_up_active()

    def open_active_keypad(self) -> None:
        self._window.strip.open_keypad()

    def quit(self) -> None:
        self._window.quit_wanted.emit()

    def show_panel(self, number: int) -> None:
        self._window.show_panel(number)

    def panel_titles(self) -> Sequence[tuple[str, str]]:
        return self._window.guests.panels.titles() if self._window.guests is not None else ()

    def active_call(self) -> Call | None:
        return self._window.strip.active_call()

    def ringing_call(self) -> Call | None:
        return self._window.strip.ringing_call()

    def command_shortcut(self, key: str) -> str:
        return self.shortcuts.of_command(key) if self.shortcuts is not None else ""

    def action_shortcut(self, state: ActionState) -> str:
        return self.shortcuts.of_action(state.plugin_id, state.action.shortcut) if self.shortcuts is not None else ""

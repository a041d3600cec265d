"""The parts of the window that are there for plugins alone; made after the first paint, so that they never delay it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import attrs
from callmanager.api import ContributionsChanged, PanelArea
from PySide6.QtCore import QObject

from callmanager_shell.header_items import HeaderItems
from callmanager_shell.kit import ShellKit
from callmanager_shell.palette_desk import PaletteDesk
from callmanager_shell.panels import PanelHost
from callmanager_shell.shortcuts import Shortcuts
from callmanager_shell.window_state import WindowState

if TYPE_CHECKING:
    from callmanager_shell.services import ShellServices
    from callmanager_shell.side_panels import SidePanels
    from callmanager_shell.window import MainWindow


class Guests(QObject):
    """Tabs, header items, shortcuts, command palette, and the side panels as soon as some plugin has one."""

    def __init__(self, services: ShellServices, window: MainWindow, *, state: WindowState, reserved: Iterable[str]) -> None:
        super().__init__(window)
        self._services = services
        self._window = window
        self._state = state
        self.desk = PaletteDesk(services, window, recent=state.recent_commands)
        self.shortcuts = Shortcuts(
            services,
            window,
            reserved=reserved,
            run_call_action=lambda sequence, plugin_id: window.strip.run_shortcut(sequence, plugin_id=plugin_id),
            run_command=self.desk.run_by_key,
        )
        self.desk.shortcuts = self.shortcuts
        self.header_items = HeaderItems(services, window.header, self._kit)
        self.header_items.focus_lost.connect(window.take_focus)
        self.panels = PanelHost(services, self._kit, current=state.current_panel)
        self.panels.focus_lost.connect(window.take_focus)
        window.body.set_tabs(self.panels)
        self.panels.begin()
        self.side: SidePanels | None = None
        self._undo = services.app.bus.subscribe(ContributionsChanged, lambda _event: self._ensure_side(), owner="shell")
        self._ensure_side()

    def close_down(self) -> None:
        self._undo()
        self.desk.close_down()
        self.shortcuts.close_down()
        self.header_items.close_down()
        self.panels.close_down()
        if self.side is not None:
            self.side.close_down()

    def remembered(self, state: WindowState) -> WindowState:
        """This state with what the user did to them."""
        state = attrs.evolve(state, recent_commands=self.desk.recent, current_panel=self.panels.current_key)
        return state if self.side is None else attrs.evolve(state, side_panels=self.side.states())

    def _kit(self, plugin_id: str) -> ShellKit:
        return ShellKit(self._services, plugin_id)

    def _ensure_side(self) -> None:
        if self.side is None and any(owned.value.area is PanelArea.SIDE for owned in self._services.app.panels()):
            from callmanager_shell.side_panels import SidePanels

            self.side = SidePanels(self._services, self._kit, states=self._state.side_panels)
            self.side.focus_lost.connect(self._window.take_focus)
            self._window.body.set_side(self.side)

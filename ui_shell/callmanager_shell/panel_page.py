"""The place of one panel, in whatever area: empty until first shown, then the plugin's widget or a card saying why not."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from callmanager.api import Panel, PanelArea, UiKit
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from callmanager_shell.services import ShellServices

if TYPE_CHECKING:
    from callmanager.app import Owned

_log = logging.getLogger(__name__)


def panel_key(owned: Owned[Panel]) -> str:
    """What a panel is remembered by."""
    return f"{owned.plugin_id}/{owned.value.id}"


class PanelSource:
    """The panels of one area as the application has them now, in order; of two with one id, the first."""

    def __init__(self, services: ShellServices, area: PanelArea) -> None:
        self._services = services
        self._area = area
        self._told: set[str] = set()

    def __call__(self) -> dict[str, Owned[Panel]]:
        wanted = [owned for owned in self._services.app.panels() if owned.value.area is self._area]
        wanted.sort(key=lambda owned: (owned.value.order, owned.value.id))
        panels: dict[str, Owned[Panel]] = {}
        for owned in wanted:
            key = panel_key(owned)
            if panels.setdefault(key, owned) is not owned and key not in self._told:
                self._told.add(key)
                _log.warning(
                    "the plugin %s has two panels named %s; the second one is left out",
                    owned.plugin_id,
                    owned.value.id,
                    extra={"plugin": owned.plugin_id},
                )
        return panels


class PanelPage(QWidget):
    """Builds once, at `ensure_built`; follows the panel's badge from the beginning."""

    badge_changed = Signal(int)
    built = Signal()

    def __init__(self, services: ShellServices, owned: Owned[Panel], kit: UiKit) -> None:
        super().__init__()
        self.owned = owned
        self._services = services
        self._kit = kit
        self._content: QWidget | None = None
        self._unwatch: Callable[[], None] | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self.setAccessibleName(owned.value.title)
        self._watch()

    @property
    def content(self) -> QWidget | None:
        """What the plugin built, or the card saying why it did not; none before first show."""
        return self._content

    @property
    def count(self) -> int:
        badge = self.owned.value.badge
        return 0 if badge is None else badge.count

    def renew(self, owned: Owned[Panel]) -> None:
        """The plugin was asked again: title, icon and badge may be others; what was built stays."""
        if owned.value.badge is not self.owned.value.badge:
            self.leave()
            self.owned = owned
            self._watch()
            self.badge_changed.emit(self.count)
        self.owned = owned
        self.setAccessibleName(owned.value.title)

    def leave(self) -> None:
        """Let go of the badge; the page is about to be deleted."""
        if self._unwatch is not None:
            self._unwatch()
            self._unwatch = None

    def ensure_built(self) -> None:
        if self._content is None:
            self._build()

    def focus_content(self) -> bool:
        """Give the keyboard to the first thing in it that takes it; false when nothing does."""
        if self._content is None:
            return False
        for widget in (self._content, *self._content.findChildren(QWidget)):
            target = widget.focusProxy() or widget
            if target.focusPolicy() & Qt.FocusPolicy.TabFocus and target.isEnabled() and target.isVisibleTo(self):
                target.setFocus(Qt.FocusReason.ShortcutFocusReason)
                return True
        return False

    def _watch(self) -> None:
        badge = self.owned.value.badge
        if badge is not None:
            self._unwatch = badge.watch(self.badge_changed.emit)

    def _build(self) -> None:
        panel = self.owned.value
        focus: QWidget | None = self.window().focusWidget()
        focused = self._content is not None and focus is not None and self._content.isAncestorOf(focus)
        try:
            content = panel.build(self._kit)
            if not isinstance(content, QWidget):
                raise TypeError(f"the panel {panel.id!r} was built as {type(content).__name__}, not as a QWidget")
        except Exception as error:  # noqa: BLE001 - a plugin's panel must not take the window with it
            self._services.app.report_fault(error, owner=self.owned.plugin_id, doing=f"building the panel “{panel.title}”")
            content = self._error_card(panel.title)
        if self._content is not None:
            self._layout.removeWidget(self._content)
            self._content.hide()
            self._content.deleteLater()
        self._content = content
        self._layout.addWidget(content)
        content.show()
        if focused:
            self.focus_content()
        self.built.emit()

    def _error_card(self, title: str) -> QWidget:
        from callmanager_shell.widgets.placeholder import Placeholder

        return Placeholder(
            self._services.look,
            icon="alert",
            ink="danger_text",
            fill="danger_background",
            title=f"{title} can't be shown",
            text=f"The plugin “{self.owned.plugin_id}” failed to build it; the log has the reason.",
            action="Try again",
            action_icon="redial",
            run=self._build,
        )

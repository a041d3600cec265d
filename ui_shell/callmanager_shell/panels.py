"""The tabs of the window: the panels of area `MAIN`, following plugins that come and go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from callmanager.api import ContributionsChanged, PanelArea, UiKit
from PySide6.QtCore import QPointF, QSignalBlocker, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QTabWidget, QWidget
from typing_extensions import override

from callmanager_shell.panel_page import PanelPage, PanelSource, panel_key
from callmanager_shell.services import ShellServices
from callmanager_shell.widgets.tab_bar import TabBar

_SHORTCUTS: Final = 9


class PanelHost(QTabWidget):
    """A page is built when it is first shown, but none before `begin`, when the host has its place in the window."""

    panels_changed = Signal()
    """There are more or fewer tabs now."""
    focus_lost = Signal()
    """The page with the keyboard's focus went, and there is no other."""

    def __init__(
        self,
        services: ShellServices,
        kit_for: Callable[[str], UiKit],
        *,
        current: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._services = services
        self._kit_for = kit_for
        self._source = PanelSource(services, PanelArea.MAIN)
        self._begun = False
        self._wanted = current
        self._bar = TabBar(services.look)
        self._bar.setAccessibleName("Panels")
        self.setTabBar(self._bar)
        self.setDocumentMode(True)
        self.currentChanged.connect(self._shown)
        self._undo: Callable[[], None] | None = services.app.bus.subscribe(
            ContributionsChanged, lambda _event: self.reload(), owner="shell"
        )
        self.reload()

    def begin(self) -> None:
        """Build what is shown."""
        self._begun = True
        self.setVisible(self.count() > 0)  # not before it has a parent, or it were a window of its own
        self._shown(self.currentIndex(), chosen=False)

    def close_down(self) -> None:
        if self._undo is not None:
            self._undo()
            self._undo = None
        for page in self._pages():
            page.leave()

    @property
    def current_key(self) -> str:
        """The panel to come back to; also one that is away now, if nothing else was chosen since."""
        return self._wanted

    def titles(self) -> tuple[tuple[str, str], ...]:
        """Title and icon of each tab, in order."""
        return tuple((page.owned.value.title, page.owned.value.icon) for page in self._pages())

    def show_number(self, number: int) -> bool:
        """Show the tab with this number, from one, and give it the keyboard; false when there is none."""
        if not 1 <= number <= self.count():
            return False
        self.setCurrentIndex(number - 1)
        page = self.widget(number - 1)
        if isinstance(page, PanelPage) and not page.focus_content():
            self._bar.setFocus()
        return True

    def reload(self) -> None:
        """Keep the pages that stay where they are, so that what the user had open in them is not lost."""
        wanted = self._source()
        before = self.count()
        focused: QWidget | None = self.window().focusWidget()
        lost = False
        with QSignalBlocker(self):  # tabs that become current only while others move must not be built
            for page in self._pages():
                if panel_key(page.owned) not in wanted:
                    lost = lost or (focused is not None and page.isAncestorOf(focused))
                    self.removeTab(self.indexOf(page))
                    page.leave()
                    page.deleteLater()
            kept = {panel_key(page.owned): page for page in self._pages()}
            for index, (key, owned) in enumerate(wanted.items()):
                known = kept.get(key)
                if known is None:
                    known = PanelPage(self._services, owned, self._kit_for(owned.plugin_id))
                    known.badge_changed.connect(lambda _count: self._describe())
                    self.insertTab(index, known, owned.value.title)
                else:
                    known.renew(owned)
                    if self.indexOf(known) != index:
                        self._bar.moveTab(self.indexOf(known), index)
                if key == self._wanted and not self._begun:
                    self.setCurrentWidget(known)
        self._describe()
        if self._begun:
            self.setVisible(bool(wanted))
        self._shown(self.currentIndex(), chosen=False)
        if self.count() != before:
            self.panels_changed.emit()
        if lost:
            shown = self.widget(self.currentIndex())
            if not isinstance(shown, PanelPage) or not shown.focus_content():
                self.focus_lost.emit()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setPen(QPen(QColor(self._services.look.theme.line), 1))
        below = self._bar.geometry().bottom() + 0.5
        painter.drawLine(QPointF(0, below), QPointF(self.width(), below))
        painter.end()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._describe()

    def _pages(self) -> list[PanelPage]:
        return [page for index in range(self.count()) if isinstance(page := self.widget(index), PanelPage)]

    def _shown(self, index: int, *, chosen: bool = True) -> None:
        page = self.widget(index)
        if not isinstance(page, PanelPage):
            return
        if chosen and self._begun:
            self._wanted = panel_key(page.owned)
        if self._begun and self.isVisibleTo(self.window()):
            page.ensure_built()
        self._describe()

    def _describe(self) -> None:
        for index, page in enumerate(self._pages()):
            panel = page.owned.value
            shortcut = f"Ctrl+{index + 1}" if index < _SHORTCUTS else ""
            self._bar.describe(index, title=panel.title, icon=panel.icon, count=page.count, shortcut=shortcut)

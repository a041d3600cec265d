"""The panels of area `SIDE`: one below the other, each foldable and as high as its content or as the user dragged it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import attrs
from callmanager.api import ContributionsChanged, PanelArea, UiKit
from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget
from typing_extensions import override

from callmanager_shell.grip import Grip
from callmanager_shell.panel_page import PanelPage, PanelSource
from callmanager_shell.services import ShellServices
from callmanager_shell.side_head import SideHead
from callmanager_shell.tokens import Space
from callmanager_shell.window_state import SidePanelState

_LOWEST: Final = 48
_HIGHEST: Final = 1200
_MARGIN: Final = Space.INNER


class SidePanel(QWidget):
    """One of them: head, content, and a grip below. Its content is built when it is first open."""

    changed = Signal()
    """The user folded or dragged it."""

    def __init__(self, services: ShellServices, page: PanelPage, state: SidePanelState, *, below: bool) -> None:
        super().__init__()
        self.page = page
        self.state = state
        self._below = below
        self.head = SideHead(services.look)
        self.head.toggled.connect(self._toggled)
        self.head.resize_wanted.connect(self._drag)
        self.grip = Grip(services.look)
        self.grip.dragged.connect(self._drag)
        self.grip.reset.connect(self._reset)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.head)
        layout.addWidget(page, 1)
        layout.addWidget(self.grip)
        page.badge_changed.connect(lambda _count: self.describe())
        page.built.connect(self.changed)
        self.describe()
        self._show()

    @property
    def open(self) -> bool:
        return not (self.state.collapsed_below if self._below else self.state.collapsed)

    @property
    def fills(self) -> bool:
        """Whether it takes what room is left: its content wants that, and the user gave it no height."""
        content = self.page.content
        if content is None or not self.open or self.state.height or self._below:
            return False
        return bool(content.sizePolicy().expandingDirections() & Qt.Orientation.Vertical)

    def describe(self) -> None:
        panel = self.page.owned.value
        self.head.describe(title=panel.title, icon=panel.icon, count=self.page.count)

    def lie(self, *, below: bool) -> None:
        """It lies below the tabs now, or beside them."""
        self._below = below
        self._show()

    def _show(self) -> None:
        self.head.setChecked(self.open)
        if self.open:
            self.page.ensure_built()
        self.page.setVisible(self.open)
        self.grip.setVisible(self.open)
        if self.state.height:
            self.page.setFixedHeight(self.state.height)
        else:
            self.page.setMinimumHeight(0)
            self.page.setMaximumHeight(16777215)

    def _toggled(self, opened: bool) -> None:  # noqa: FBT001 - a Qt slot
        if opened == self.open:
            return
        change = {"collapsed_below" if self._below else "collapsed": not opened}
        self.state = attrs.evolve(self.state, **change)
        self._show()
        self.changed.emit()

    def _drag(self, by: int) -> None:
        if self.open:
            height = max(_LOWEST, min(_HIGHEST, self.page.height() + by))
            self.state = attrs.evolve(self.state, height=height)
            self._show()
            self.changed.emit()

    def _reset(self) -> None:
        self.state = attrs.evolve(self.state, height=0)
        self._show()
        self.changed.emit()


class SidePanels(QFrame):
    """All of them, scrolling when they need more room than there is."""

    panels_changed = Signal()
    """There are more or fewer now."""
    focus_lost = Signal()
    """The one with the keyboard's focus went, and there is no other."""

    def __init__(
        self,
        services: ShellServices,
        kit_for: Callable[[str], UiKit],
        *,
        states: Mapping[str, SidePanelState] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._services = services
        self._kit_for = kit_for
        self._source = PanelSource(services, PanelArea.SIDE)
        self._states = dict(states or {})
        self._panels: dict[str, SidePanel] = {}
        self._below = True
        self.setProperty("role", "surface")
        self.setAccessibleName("Side panels")
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._inner = QWidget()
        self._inner.installEventFilter(self)
        self._list = QVBoxLayout(self._inner)
        self._list.setContentsMargins(_MARGIN, _MARGIN - 4, _MARGIN, _MARGIN)
        self._list.setSpacing(Space.TIGHT)
        self._list.addStretch(1)
        self._area.setWidget(self._inner)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 0, 0)
        layout.addWidget(self._area)
        self._undo: Callable[[], None] | None = services.app.bus.subscribe(
            ContributionsChanged, lambda _event: self.reload(), owner="shell"
        )
        self.reload()

    def close_down(self) -> None:
        if self._undo is not None:
            self._undo()
            self._undo = None
        for panel in self._panels.values():
            panel.page.leave()

    def panels(self) -> tuple[SidePanel, ...]:
        """From top to bottom."""
        return tuple(self._panels.values())

    def states(self) -> dict[str, SidePanelState]:
        """How they lie, with those whose plugin is away."""
        return {**self._states, **{key: panel.state for key, panel in self._panels.items()}}

    def lie(self, *, below: bool) -> None:
        """They lie below the tabs now, or beside them."""
        self._below = below
        self.setProperty("role", "" if below else "surface")
        self.style().unpolish(self)
        self.style().polish(self)
        margin = _MARGIN if not below else Space.TIGHT
        self._list.setContentsMargins(margin, _MARGIN - 4 if not below else Space.TIGHT, margin, Space.TIGHT)
        for panel in self._panels.values():
            panel.lie(below=below)
        self._settle()

    def reload(self) -> None:
        wanted = self._source()
        focused: QWidget | None = self.window().focusWidget()
        lost = False
        changed = set(wanted) != set(self._panels)
        self._states = self.states()
        for key in [key for key in self._panels if key not in wanted]:
            gone = self._panels.pop(key)
            lost = lost or (focused is not None and gone.isAncestorOf(focused))
            self._list.removeWidget(gone)
            gone.hide()
            gone.page.leave()
            gone.deleteLater()
        panels: dict[str, SidePanel] = {}
        for index, (key, owned) in enumerate(wanted.items()):
            panel = self._panels.get(key)
            if panel is None:
                page = PanelPage(self._services, owned, self._kit_for(owned.plugin_id))
                panel = SidePanel(self._services, page, self._states.get(key, SidePanelState()), below=self._below)
                panel.changed.connect(self._settle)
                self._list.insertWidget(index, panel)
            else:
                panel.page.renew(owned)
                panel.describe()
                if self._list.indexOf(panel) != index:
                    self._list.insertWidget(index, panel)
            panels[key] = panel
        self._panels = panels
        self._settle()
        if changed:
            self.panels_changed.emit()
        if lost:
            first = next(iter(panels.values()), None)
            if first is not None and self.isVisible():
                first.head.setFocus()
            else:
                self.focus_lost.emit()

    @override
    def sizeHint(self) -> QSize:
        return QSize(320, self._inner.sizeHint().height() + 2)

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(240, 44)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return False

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setPen(QPen(QColor(self._services.look.theme.line), 1))
        area = QRectF(self.rect())
        if self._below:
            painter.drawLine(area.topLeft(), area.topRight())
        else:
            painter.drawLine(area.topLeft(), area.bottomLeft())
        painter.end()

    def _settle(self) -> None:
        filling = False
        for panel in self._panels.values():
            fills = panel.fills
            filling = filling or fills
            self._list.setStretch(self._list.indexOf(panel), 1 if fills else 0)
        self._list.setStretch(self._list.count() - 1, 0 if filling else 1)
        self.updateGeometry()

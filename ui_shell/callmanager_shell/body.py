"""Where the panels lie: the side panels beside the column when the window is wide, below the tabs when it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QWidget
from typing_extensions import override

from callmanager_shell.look import Look

if TYPE_CHECKING:
    from callmanager_shell.grip import Grip
    from callmanager_shell.side_panels import SidePanels

_WIDE: Final = 840
_SIDE_WIDTH: Final = 324
_SIDE_NARROWEST: Final = 240
_SIDE_WIDEST: Final = 560
_COLUMN_NARROWEST: Final = 420
_WIDEST_COLUMN: Final = 760
_UNBOUNDED: Final = 16777215
_SHARE_BELOW: Final = 0.45
"""So much of the height under the calls may be taken by the side panels of a narrow window."""


class Body(QWidget):
    """Moves the side panels as the window's width changes; they keep their state, and the keyboard's focus if they have it.

    The side panels come after the first paint; with `expected` their room is kept free until then, so that nothing jumps.
    """

    def __init__(self, look: Look, column: QWidget, below: QBoxLayout, *, side_width: int = 0, expected: bool = False) -> None:
        super().__init__()
        self._look = look
        self._below = below
        self._dragged = side_width
        self._expected = expected
        self._side: SidePanels | None = None
        self._grip: Grip | None = None
        self._beside = False
        column.setMaximumWidth(_WIDEST_COLUMN)
        holder = QWidget()
        middle = QHBoxLayout(holder)
        middle.setContentsMargins(0, 0, 0, 0)
        middle.addStretch(1)
        middle.addWidget(column, 1000)
        middle.addStretch(1)
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self._layout.addWidget(holder, 1)

    @property
    def wide(self) -> bool:
        """Whether there is room for side panels beside the column."""
        return self.width() >= _WIDE

    @property
    def side_width(self) -> int:
        """What the user dragged it to; zero when nobody did."""
        return self._dragged

    def set_tabs(self, tabs: QWidget) -> None:
        """The tabs are made."""
        self._below.insertWidget(1, tabs, 2)

    def set_side(self, side: SidePanels) -> None:
        """The side panels are made."""
        from callmanager_shell.grip import Grip

        self._side = side
        self._expected = False
        self._grip = Grip(self._look, sideways=True, seen=False, parent=self)
        self._grip.dragged.connect(self._drag)
        self._grip.reset.connect(self._reset)
        self._below.addWidget(side)
        side.lie(below=True)
        side.panels_changed.connect(self.arrange)
        self.arrange()

    def arrange(self) -> None:
        """Lay out anew for this width."""
        width = max(_SIDE_NARROWEST, min(self._dragged or _SIDE_WIDTH, _SIDE_WIDEST, self.width() - _COLUMN_NARROWEST))
        self._layout.setContentsMargins(0, 0, width if self._expected and self.wide else 0, 0)
        side, grip = self._side, self._grip
        if side is None or grip is None:
            return
        shown = bool(side.panels())
        if self.wide != self._beside:
            self._beside = self.wide
            self._move(side)
        side.setVisible(shown)
        grip.setVisible(shown and self._beside)
        if self._beside:
            side.setMaximumHeight(_UNBOUNDED)
            side.setFixedWidth(width)
            # over the border, and above both neighbours, so that it takes no room of its own
            grip.setGeometry(self.width() - width - grip.width() // 2, 0, grip.width(), self.height())
            grip.raise_()
        else:
            side.setMinimumWidth(0)
            parent = side.parentWidget()
            room = parent.height() if parent is not None and parent.height() > 0 else self.height()
            side.setMaximumSize(_UNBOUNDED, max(44, round(room * _SHARE_BELOW)))

    def _move(self, side: SidePanels) -> None:
        focused: QWidget | None = self.window().focusWidget()
        inside = focused is not None and side.isAncestorOf(focused)
        if self._beside:
            self._below.removeWidget(side)
            self._layout.addWidget(side)
        else:
            self._layout.removeWidget(side)
            self._below.addWidget(side)
        side.lie(below=not self._beside)
        side.setVisible(bool(side.panels()))
        if inside and focused is not None:
            focused.setFocus()

    def _drag(self, by: int) -> None:
        if self._side is not None:
            widest = min(_SIDE_WIDEST, self.width() - _COLUMN_NARROWEST)
            self._dragged = max(_SIDE_NARROWEST, min(widest, self._side.width() - by))
            self.arrange()

    def _reset(self) -> None:
        self._dragged = 0
        self.arrange()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.arrange()

    @override
    def sizeHint(self) -> QSize:
        return QSize(480, 600)

    @override
    def event(self, event: QEvent) -> bool:
        handled = super().event(event)
        if event.type() is QEvent.Type.LayoutRequest and not self._beside:
            self.arrange()
        return handled

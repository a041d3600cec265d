"""Where the panels lie: the side panels beside the column when the window is wide, below the tabs when it is not."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QSplitter, QSplitterHandle, QWidget
from typing_extensions import override

from callmanager_shell.side_panels import SidePanels

_WIDE: Final = 840
_SIDE_WIDTH: Final = 324
_SIDE_NARROWEST: Final = 240
_SIDE_WIDEST: Final = 560
_COLUMN_NARROWEST: Final = 420
_WIDEST_COLUMN: Final = 760
_SHARE_BELOW: Final = 0.45
"""So much of the height under the calls may be taken by the side panels of a narrow window."""


class _Handle(QSplitterHandle):
    """Can be grabbed, but is not seen: the side column paints the hairline."""

    def __init__(self, splitter: _Splitter) -> None:
        super().__init__(Qt.Orientation.Horizontal, splitter)
        self._splitter = splitter
        self.setToolTip("Drag to change the width; double-click for the usual width")

    @override
    def paintEvent(self, _event: QPaintEvent) -> None:
        pass

    @override
    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:
        self._splitter.reset.emit()


class _Splitter(QSplitter):
    reset = Signal()

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setChildrenCollapsible(False)
        self.setHandleWidth(5)

    @override
    def createHandle(self) -> QSplitterHandle:
        return _Handle(self)


class Body(QWidget):
    """Moves the side panels as the window's width changes; they keep their state, and the keyboard's focus if they have it."""

    def __init__(self, column: QWidget, side: SidePanels, below: QBoxLayout, *, side_width: int = 0) -> None:
        super().__init__()
        self._side = side
        self._below = below
        self._width = side_width
        self._wide = False
        column.setMaximumWidth(_WIDEST_COLUMN)
        holder = QWidget()
        middle = QHBoxLayout(holder)
        middle.setContentsMargins(0, 0, 0, 0)
        middle.addStretch(1)
        middle.addWidget(column, 1000)
        middle.addStretch(1)
        self._holder = holder
        self._splitter = _Splitter()
        self._splitter.addWidget(holder)
        self._splitter.setStretchFactor(0, 1)
        self._splitter.splitterMoved.connect(self._moved)
        self._splitter.reset.connect(self._reset)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._splitter)
        below.addWidget(side)
        side.lie(below=True)
        side.panels_changed.connect(self.arrange)
        self.arrange()

    @property
    def wide(self) -> bool:
        """Whether the side panels lie beside the column."""
        return self._wide

    @property
    def side_width(self) -> int:
        """What the user dragged it to; zero when nobody did."""
        return self._width

    def arrange(self) -> None:
        self._side.setVisible(bool(self._side.panels()))
        wide = self.width() >= _WIDE
        if wide != self._wide:
            self._wide = wide
            self._move(wide=wide)
        if wide:
            self._side.setMinimumWidth(_SIDE_NARROWEST)
            self._side.setMaximumSize(_SIDE_WIDEST, 16777215)
            width = max(_SIDE_NARROWEST, min(self._width or _SIDE_WIDTH, _SIDE_WIDEST, self.width() - _COLUMN_NARROWEST))
            self._splitter.setSizes([self.width() - width, width])
        else:
            self._side.setMinimumWidth(0)
            self._side.setMaximumSize(16777215, max(44, round(self._room_below() * _SHARE_BELOW)))

    def _room_below(self) -> int:
        parent = self._side.parentWidget()
        return parent.height() if parent is not None and parent.height() > 0 else self.height()

    def _move(self, *, wide: bool) -> None:
        focused: QWidget | None = self.window().focusWidget()
        inside = focused is not None and self._side.isAncestorOf(focused)
        if wide:
            self._below.removeWidget(self._side)
            self._splitter.addWidget(self._side)
            self._splitter.setStretchFactor(1, 0)
        else:
            self._below.addWidget(self._side)
        self._side.lie(below=not wide)
        self._side.setVisible(bool(self._side.panels()))
        if inside and focused is not None:
            focused.setFocus()

    def _moved(self, _position: int, _index: int) -> None:
        self._width = self._side.width()

    def _reset(self) -> None:
        self._width = 0
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
        if event.type() is QEvent.Type.LayoutRequest and not self._wide:
            self.arrange()
        return handled

"""What is dragged to make a neighbour larger or smaller."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QColor, QEnterEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget
from typing_extensions import override

from callmanager_shell.look import Look

_THICK = 9


class Grip(QWidget):
    """Says by how many pixels it was dragged, up and down or to the sides; a double click asks for the usual size again.

    The line in it is always seen, or (`seen=False`) only under the pointer, where something else is a border already.
    """

    dragged = Signal(int)
    reset = Signal()

    def __init__(self, look: Look, *, sideways: bool = False, seen: bool = True, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._sideways = sideways
        self._seen = seen
        self._from: float | None = None
        if sideways:
            self.setFixedWidth(_THICK)
            self.setCursor(Qt.CursorShape.SizeHorCursor)
        else:
            self.setFixedHeight(_THICK)
            self.setCursor(Qt.CursorShape.SizeVerCursor)
        size = "width" if sideways else "height"
        self.setToolTip(f"Drag to change the {size}; double-click for the usual {size}")
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def _place(self, event: QMouseEvent) -> float:
        position = event.globalPosition()
        return position.x() if self._sideways else position.y()

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._from = self._place(event)
            self.update()

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._from is not None:
            by = round(self._place(event) - self._from)
            if by:
                self._from += by
                self.dragged.emit(by)

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._from = None
        self.update()

    @override
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._from = None
        self.reset.emit()

    @override
    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()
        super().enterEvent(event)

    @override
    def leaveEvent(self, event: QEvent) -> None:
        self.update()
        super().leaveEvent(event)

    @override
    def paintEvent(self, _event: QPaintEvent) -> None:
        theme = self._look.theme
        hot = self.underMouse() or self._from is not None
        if not (hot or self._seen):
            return
        painter = QPainter(self)
        painter.setPen(QPen(QColor(theme.line_strong if hot else theme.line), 2 if hot else 1))
        middle = _THICK // 2
        if self._sideways:
            painter.drawLine(middle, 4, middle, self.height() - 4)
        else:
            painter.drawLine(4, middle, self.width() - 4, middle)
        painter.end()

"""A state as a small shape with its word, both in the state's colour: readable without seeing colours."""

from __future__ import annotations

from enum import Enum
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from callmanager_shell.look import Look
from callmanager_shell.tokens import TypeSize

_SIDE: Final = 12.0
_GAP: Final = 5


class Shape(Enum):
    CHECK = "check"
    """A full circle with a tick."""
    RING = "ring"
    DOTS = "dots"
    BARRED = "barred"
    """A ring with a bar across: no entry."""
    TRIANGLE = "triangle"
    """With an exclamation mark."""
    PAUSE = "pause"


class StateMark(QWidget):
    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._shape = Shape.DOTS
        self._word = ""
        self._ink = "muted"
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_state(self, word: str, shape: Shape, ink: str) -> None:
        """`ink` is the name of a colour of the theme."""
        self._word, self._shape, self._ink = word, shape, ink
        self.setAccessibleName(word)
        self.updateGeometry()
        self.update()

    def word(self) -> str:
        return self._word

    @override
    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self._look.font(TypeSize.SMALL, weight=500))
        return QSize(int(_SIDE) + _GAP + metrics.horizontalAdvance(self._word) + 2, max(metrics.height(), int(_SIDE) + 4))

    @override
    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    @override
    def paintEvent(self, _event: QPaintEvent) -> None:
        theme = self._look.theme
        ink = QColor(getattr(theme, self._ink))
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_shape(painter, QRectF(0.5, (self.height() - _SIDE) / 2, _SIDE, _SIDE), ink, QColor(theme.surface))
        painter.setPen(ink)
        painter.setFont(self._look.font(TypeSize.SMALL, weight=500))
        left = _SIDE + _GAP
        painter.drawText(QRectF(left, 0, self.width() - left, self.height()), int(Qt.AlignmentFlag.AlignVCenter), self._word)
        painter.end()

    def _paint_shape(self, painter: QPainter, area: QRectF, ink: QColor, ground: QColor) -> None:
        line = QPen(ink, 1.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
        mark = QPen(ground, 1.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
        middle, inner = area.center(), area.adjusted(0.9, 0.9, -0.9, -0.9)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        match self._shape:
            case Shape.CHECK:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(ink)
                painter.drawEllipse(area)
                painter.setPen(mark)
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawPolyline(
                    QPolygonF([middle + QPointF(-2.6, 0.2), middle + QPointF(-0.7, 2.1), middle + QPointF(2.7, -1.9)])
                )
            case Shape.RING:
                painter.setPen(line)
                painter.drawEllipse(inner)
            case Shape.DOTS:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(ink)
                for offset in (-4.2, 0.0, 4.2):
                    painter.drawEllipse(middle + QPointF(offset, 0), 1.4, 1.4)
            case Shape.BARRED:
                painter.setPen(line)
                painter.drawEllipse(inner)
                painter.drawLine(middle + QPointF(-3.4, 3.4), middle + QPointF(3.4, -3.4))
            case Shape.TRIANGLE:
                painter.setPen(line)
                painter.setBrush(ink)
                painter.drawPolygon(
                    QPolygonF(
                        [
                            QPointF(middle.x(), inner.top()),
                            QPointF(inner.right(), inner.bottom() - 0.4),
                            QPointF(inner.left(), inner.bottom() - 0.4),
                        ]
                    )
                )
                painter.setPen(mark)
                painter.drawLine(middle + QPointF(0, -1.6), middle + QPointF(0, 1.0))
                painter.drawPoint(middle + QPointF(0, 3.4))
            case Shape.PAUSE:
                painter.setPen(line)
                painter.drawEllipse(inner)
                painter.drawLine(middle + QPointF(-1.7, -2.2), middle + QPointF(-1.7, 2.2))
                painter.drawLine(middle + QPointF(1.7, -2.2), middle + QPointF(1.7, 2.2))

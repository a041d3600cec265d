"""The frame of a card, alone or joined with others: one outline, a bar of the state's colour at the left."""

from enum import Enum
from typing import Final

from PySide6.QtCore import QLineF, QRect, QRectF
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from callmanager_shell.tokens import Radius, Theme

_BAR: Final = 4
_INSET: Final = 16


class Place(Enum):
    """Where a card stands among joined ones."""

    ALONE = "alone"
    TOP = "top"
    MIDDLE = "middle"
    BOTTOM = "bottom"


def paint_card(painter: QPainter, theme: Theme, area: QRect, *, bar: str, fill: str, place: Place = Place.ALONE) -> None:
    """Fill `area`; what of the outline belongs to a neighbour is left to it, a hairline parts the two."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setClipRect(area)
    above = Radius.CARD * 2 if place in {Place.MIDDLE, Place.BOTTOM} else 0
    below = Radius.CARD * 2 if place in {Place.TOP, Place.MIDDLE} else 0
    outline = QRectF(area).adjusted(0.5, 0.5 - above, -0.5, below - 0.5)
    card = QPainterPath()
    card.addRoundedRect(outline, Radius.CARD, Radius.CARD)
    painter.fillPath(card, QColor(fill))
    strip = QPainterPath()
    strip.addRect(QRectF(area.left(), area.top() - above, _BAR, area.height() + above + below))
    painter.setPen(QPen(QColor(theme.line), 1))
    painter.drawPath(card)
    if above:
        if fill == theme.held_background:  # the usual hairline can't be seen on it
            painter.setPen(QPen(QColor(theme.line_strong), 1))
        painter.drawLine(QLineF(area.left() + _INSET, area.top() + 0.5, area.right() - _INSET, area.top() + 0.5))
    painter.fillPath(card.intersected(strip), QColor(bar))
    painter.setClipping(False)

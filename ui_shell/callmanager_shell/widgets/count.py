"""A number in a pill: unread messages, missed calls."""

from typing import Final

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter

from callmanager_shell.look import Look

COUNT_HEIGHT: Final = 18
_MOST: Final = 99
_FONT: Final = 11


def count_text(count: int) -> str:
    return str(count) if count <= _MOST else f"{_MOST}+"


def count_width(look: Look, count: int) -> float:
    """What `paint_count` needs; nothing for zero."""
    if count <= 0:
        return 0.0
    metrics = QFontMetricsF(look.font(_FONT, weight=600, tabular=True))
    return max(float(COUNT_HEIGHT), metrics.horizontalAdvance(count_text(count)) + 11)


def paint_count(painter: QPainter, look: Look, count: int, left: float, middle: float) -> None:
    """Paint the pill with its left edge here and its middle at this height."""
    width = count_width(look, count)
    if not width:
        return
    area = QRectF(left, middle - COUNT_HEIGHT / 2, width, COUNT_HEIGHT)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(look.theme.accent_fill))
    painter.drawRoundedRect(area, COUNT_HEIGHT / 2, COUNT_HEIGHT / 2)
    painter.setPen(QColor(look.theme.on_accent))
    painter.setFont(look.font(_FONT, weight=600, tabular=True))
    painter.drawText(area, int(Qt.AlignmentFlag.AlignCenter), count_text(count))

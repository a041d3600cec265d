"""A person as a coloured circle with initials; the colour stays the same for the same key, everywhere and always."""

import zlib

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from callmanager_shell.look import Look
from callmanager_shell.tokens import AVATAR_HUES, ON_AVATAR


def initials(name: str) -> str:
    """At most two capital letters of a name; empty for a number, which gets the sign of a person instead."""
    words = [word for word in name.split() if word[0].isalpha()]
    if not words:
        return ""
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def hue(key: str) -> str:
    """One of the eight avatar colours; a stable hash, since Python's own differs from run to run."""
    return AVATAR_HUES[zlib.crc32(key.encode("utf-8", "replace")) % len(AVATAR_HUES)]


def paint_avatar(painter: QPainter, look: Look, area: QRectF, *, name: str, key: str) -> None:
    """Paint a person into a square."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(hue(key)))
    painter.drawEllipse(area)
    letters = initials(name)
    if letters:
        painter.setPen(QColor(ON_AVATAR))
        painter.setFont(look.font(round(area.width() * 0.375), weight=600))
        painter.drawText(area, int(Qt.AlignmentFlag.AlignCenter), letters)
        return
    edge = area.width() * 0.25
    look.paint_icon(painter, "user", area.adjusted(edge, edge, -edge, -edge), ON_AVATAR)


class Avatar(QWidget):
    def __init__(self, look: Look, *, name: str, key: str, size: int = 40, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._size = size
        self._name = name
        self._key = key
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def show_person(self, *, name: str, key: str) -> None:
        if (name, key) != (self._name, self._key):
            self._name, self._key = name, key
            self.update()

    @override
    def sizeHint(self) -> QSize:
        return QSize(self._size, self._size)

    @override
    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_avatar(painter, self._look, QRectF(0, 0, self._size, self._size), name=self._name, key=self._key)
        painter.end()

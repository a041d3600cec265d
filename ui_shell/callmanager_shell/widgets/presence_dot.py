"""Who is free, as a dot: colour, and for those who don't see colours a shape, and always a name."""

from typing import Final

from callmanager.api import PresenceStatus
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from callmanager_shell.look import Look

STATUS_WORDS: Final = {
    PresenceStatus.UNKNOWN: "Unknown",
    PresenceStatus.AVAILABLE: "Available",
    PresenceStatus.RINGING: "Ringing",
    PresenceStatus.ON_CALL: "On a call",
    PresenceStatus.ON_HOLD: "On hold",
    PresenceStatus.DO_NOT_DISTURB: "Do not disturb",
    PresenceStatus.UNAVAILABLE: "Offline",
}
_COLOURS: Final = {
    PresenceStatus.AVAILABLE: "good",
    PresenceStatus.RINGING: "warning",
    PresenceStatus.ON_CALL: "danger",
    PresenceStatus.ON_HOLD: "warning",
    PresenceStatus.DO_NOT_DISTURB: "danger",
}


def paint_presence(painter: QPainter, look: Look, status: PresenceStatus, area: QRectF, *, around: str = "") -> None:
    """Paint the dot into a square; `around` is the theme colour of the ring that parts it from a picture below."""
    theme = look.theme
    ring = area.width() * 0.16
    if around:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(getattr(theme, around)))
        painter.drawEllipse(area.adjusted(-ring, -ring, ring, ring))
    colour = QColor(getattr(theme, _COLOURS.get(status, "offline")))
    inner = QColor(getattr(theme, around or "surface"))
    centre = area.center()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    if status in {PresenceStatus.UNAVAILABLE, PresenceStatus.UNKNOWN}:  # a ring; dashed where nobody tells us
        width = area.width() * 0.2
        pen = QPen(colour, width)
        if status is PresenceStatus.UNKNOWN:
            pen.setDashPattern([0.9, 0.9])
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        painter.setBrush(inner)
        painter.drawEllipse(area.adjusted(width / 2, width / 2, -width / 2, -width / 2))
        return
    painter.drawEllipse(area)
    painter.setBrush(inner)
    side = area.width()
    match status:
        case PresenceStatus.RINGING:  # a ring with a dot
            painter.drawEllipse(centre, side * 0.32, side * 0.32)
            painter.setBrush(colour)
            painter.drawEllipse(centre, side * 0.17, side * 0.17)
        case PresenceStatus.ON_CALL:  # a small square, as on a recorder
            painter.drawRoundedRect(QRectF(centre.x() - side * 0.17, centre.y() - side * 0.17, side * 0.34, side * 0.34), 1, 1)
        case PresenceStatus.ON_HOLD:  # two bars
            for offset in (-0.2, 0.06):
                painter.drawRect(QRectF(centre.x() + side * offset, centre.y() - side * 0.22, side * 0.14, side * 0.44))
        case PresenceStatus.DO_NOT_DISTURB:  # one bar
            painter.drawRect(
                QRectF(
                    QPointF(centre.x() - side * 0.28, centre.y() - side * 0.09),
                    QPointF(centre.x() + side * 0.28, centre.y() + side * 0.09),
                )
            )
        case _:
            pass


class StatusDot(QWidget):
    """The dot as a widget (protocol `PresenceDot`)."""

    def __init__(self, look: Look, *, status: PresenceStatus, size: int, parent: QWidget) -> None:
        super().__init__(parent)
        self._look = look
        self._size = size
        self._status = status
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.show_status(status)

    @property
    def widget(self) -> QWidget:
        return self

    @property
    def status(self) -> PresenceStatus:
        return self._status

    def show_status(self, status: PresenceStatus, *, note: str = "") -> None:
        self._status = status
        words = f"{STATUS_WORDS[status]}: {note}" if note else STATUS_WORDS[status]
        self.setAccessibleName(words)
        self.setToolTip(words)
        self.update()

    @override
    def sizeHint(self) -> QSize:
        return QSize(self._size, self._size)

    @override
    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_presence(painter, self._look, self._status, QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        painter.end()

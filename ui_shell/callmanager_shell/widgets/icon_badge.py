"""An icon in a soft circle, for what stands where nothing can be shown."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from callmanager_shell.look import Look


class IconBadge(QWidget):
    """`ink` and `fill` name colours of the theme."""

    def __init__(
        self, look: Look, *, icon: str = "phone", ink: str = "accent", fill: str = "accent_background", size: int = 72
    ) -> None:
        super().__init__()
        self._look = look
        self._size = size
        self.icon = icon
        self.ink = ink
        self.fill = fill
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    @override
    def sizeHint(self) -> QSize:
        return QSize(self._size, self._size)

    @override
    def paintEvent(self, _event: QPaintEvent) -> None:
        theme = self._look.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(getattr(theme, self.fill)))
        painter.drawEllipse(QRectF(self.rect()))
        edge = self._size * 0.28
        self._look.paint_icon(
            painter, self.icon, QRectF(self.rect()).adjusted(edge, edge, -edge, -edge), getattr(theme, self.ink)
        )
        painter.end()

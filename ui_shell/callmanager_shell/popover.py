"""A small window that floats beside what opened it and goes away by a click elsewhere or by Escape."""

from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget
from typing_extensions import override

from callmanager_shell.look import Look
from callmanager_shell.shape import round_off
from callmanager_shell.tokens import Radius, Space


class Popover(QWidget):
    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint | Qt.WindowType.NoDropShadowWindowHint)
        self._look = look
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(Space.GROUP + 4, Space.GROUP + 2, Space.GROUP + 4, Space.GROUP + 2)
        self.body.setSpacing(Space.SIBLING)

    def open_at(self, anchor: QWidget, *, align_right: bool = False) -> None:
        """Below the anchor if there is room, else above; always within its window's screen."""
        self.adjustSize()
        if self.body.hasHeightForWidth():
            self.resize(self.width(), self.body.totalHeightForWidth(self.width()))
        below = anchor.mapToGlobal(QPoint(anchor.width() - self.width() if align_right else 0, anchor.height() + 2))
        area = anchor.screen().availableGeometry()
        top = below.y()
        if top + self.height() > area.bottom():
            top = anchor.mapToGlobal(QPoint(0, 0)).y() - self.height() - 2
        left = min(max(below.x(), area.left()), area.right() - self.width())
        self.move(left, max(area.top(), top))
        self.show()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        round_off(self, [QRectF(self.rect()).adjusted(3, 3, -3, -3)], Radius.CARD)

    @override
    def paintEvent(self, _event: QPaintEvent) -> None:
        theme = self._look.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(theme.line_strong), 1))
        painter.setBrush(QColor(theme.raised))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(3.5, 3.5, -3.5, -3.5), Radius.CARD, Radius.CARD)
        painter.end()

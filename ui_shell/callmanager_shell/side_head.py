"""The head of a side panel: what it is, how much is new in it, and a click to fold it."""

from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QFontMetricsF, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QPushButton, QSizePolicy
from typing_extensions import override

from callmanager_shell.look import Look
from callmanager_shell.tokens import Radius, TypeSize
from callmanager_shell.widgets.button import reached_by_keyboard
from callmanager_shell.widgets.count import count_width, paint_count

_STEP: Final = 24


class SideHead(QPushButton):
    """Icon, title, count and chevron. Space and Enter fold, Left and Right too; Alt with Up and Down changes the height."""

    resize_wanted = Signal(int)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._icon = ""
        self._count = 0
        self._ring = False
        self.setCheckable(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.toggled.connect(lambda _on: self._describe())

    def describe(self, *, title: str, icon: str, count: int) -> None:
        self._icon = icon
        self._count = count
        self.setText(title)
        self._describe()
        self.update()

    @property
    def count(self) -> int:
        return self._count

    @override
    def sizeHint(self) -> QSize:
        return QSize(160, 34)

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(80, 34)

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        self._ring = reached_by_keyboard(event)
        super().focusInEvent(event)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if event.modifiers() & Qt.KeyboardModifier.AltModifier and key in {Qt.Key.Key_Up, Qt.Key.Key_Down}:
            self.resize_wanted.emit(_STEP if key == Qt.Key.Key_Down else -_STEP)
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.click()
        elif key in {Qt.Key.Key_Left, Qt.Key.Key_Right}:
            self.setChecked(key == Qt.Key.Key_Right)
        else:
            super().keyPressEvent(event)

    @override
    def paintEvent(self, _event: QPaintEvent) -> None:
        theme = self._look.theme
        hot = self.underMouse()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if hot:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.hover))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0, 2, 0, -2), Radius.CONTROL, Radius.CONTROL)
        ink = theme.text if hot else theme.muted
        middle = self.height() / 2
        self._look.paint_icon(painter, self._icon, QRectF(8, middle - 8, 16, 16), ink)
        font = self._look.font(TypeSize.BODY, weight=600)
        metrics = QFontMetricsF(font)
        pill = count_width(self._look, self._count)
        room = self.width() - 32 - 32 - (pill + 8 if pill else 0)
        title = metrics.elidedText(self.text(), Qt.TextElideMode.ElideRight, room)
        painter.setFont(font)
        painter.setPen(QColor(ink))
        painter.drawText(QRectF(32, 0, room + 1, self.height()), int(Qt.AlignmentFlag.AlignVCenter), title)
        paint_count(painter, self._look, self._count, 32 + metrics.horizontalAdvance(title) + 8, middle)
        chevron = "chevron-down" if self.isChecked() else "chevron-right"
        self._look.paint_icon(painter, chevron, QRectF(self.width() - 26, middle - 8, 16, 16), ink)
        if self.hasFocus() and self._ring:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(theme.accent), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 3, -1, -3), Radius.CONTROL, Radius.CONTROL)
        painter.end()

    def _describe(self) -> None:
        new = f"{self._count} new" if self._count else ""
        state = "open" if self.isChecked() else "folded"
        self.setAccessibleName(", ".join(filter(None, (self.text(), new))))
        self.setAccessibleDescription(f"{state}; Alt with Up or Down changes the height" if self.isChecked() else state)

"""A quiet line that folds something in and out: a chevron and a word, flush with the text around it."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFocusEvent, QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget
from typing_extensions import override

from callmanager_shell.look import Look
from callmanager_shell.tokens import TypeSize
from callmanager_shell.widgets.button import reached_by_keyboard

_HEIGHT: Final = 26
_ICON: Final = 14
_GAP: Final = 4


class Fold(QAbstractButton):
    """Checked means unfolded."""

    def __init__(self, look: Look, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._ring = False
        self.setText(text)
        self.setCheckable(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    @override
    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self._look.font(TypeSize.SMALL, weight=500))
        return QSize(_ICON + _GAP + metrics.horizontalAdvance(self.text()) + 6, _HEIGHT)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.click()
            return
        super().keyPressEvent(event)

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        self._ring = reached_by_keyboard(event)
        super().focusInEvent(event)

    @override
    def paintEvent(self, _event: QPaintEvent) -> None:
        theme = self._look.theme
        ink = theme.text if self.underMouse() else theme.muted
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        name = "chevron-down" if self.isChecked() else "chevron-right"
        self._look.paint_icon(painter, name, QRectF(-2, (self.height() - _ICON) / 2, _ICON, _ICON), ink)
        painter.setFont(self._look.font(TypeSize.SMALL, weight=500))
        painter.setPen(QColor(ink))
        left = _ICON + _GAP - 2
        painter.drawText(QRectF(left, 0, self.width() - left, self.height()), int(Qt.AlignmentFlag.AlignVCenter), self.text())
        if self.hasFocus() and self._ring:
            painter.setPen(QPen(QColor(theme.accent), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)
        painter.end()

"""The QuickDialer: type or paste a number, press Enter, talk."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QSizePolicy, QVBoxLayout, QWidget
from typing_extensions import override

from callmanager_shell.look import Look
from callmanager_shell.tokens import Radius, Space
from callmanager_shell.widgets.button import Button, ButtonKind
from callmanager_shell.widgets.text import Text

_LONGEST: Final = 512


class _Frame(QFrame):
    """The field's border and focus ring."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self.active = False
        self.invalid = False
        self.setFixedHeight(50)

    @override
    def paintEvent(self, _event: QPaintEvent) -> None:
        theme = self._look.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(3.5, 3.5, -3.5, -3.5)
        colour = theme.danger if self.invalid else theme.accent if self.active else theme.line_strong
        if self.active:
            halo = QColor(colour)
            halo.setAlpha(56)
            painter.setPen(QPen(halo, 3))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area.adjusted(-2, -2, 2, 2), Radius.FIELD + 2, Radius.FIELD + 2)
        painter.setPen(QPen(QColor(colour), 1.25 if self.active else 1))
        painter.setBrush(QColor(theme.surface))
        painter.drawRoundedRect(area, Radius.FIELD, Radius.FIELD)
        self._look.paint_icon(painter, "search", QRectF(16, self.height() / 2 - 9, 18, 18), theme.muted)
        painter.end()

    @override
    def sizeHint(self) -> QSize:
        return QSize(360, 50)


class DialField(QWidget):
    """Emits `dial` with what was typed; whoever dials shows a refusal with `show_error` or calls `clear`."""

    dial = Signal(str)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._frame = _Frame(look)
        self.edit = QLineEdit()
        self.edit.setProperty("role", "dial")
        self.edit.setPlaceholderText("Type a name or a number")
        self.edit.setAccessibleName("Name or number to call")
        self.edit.setMaxLength(_LONGEST)
        self.edit.setFrame(False)
        self.edit.installEventFilter(self)
        self.edit.textEdited.connect(self._edited)
        self.edit.textChanged.connect(self._changed)
        self.edit.returnPressed.connect(self._submit)
        self._hint = Text("Enter", role="small")
        self._hint.hide()
        self.call_button = Button(look, "Call", icon="phone-filled", kind=ButtonKind.GOOD)
        self.call_button.clicked.connect(self._submit)
        row = QHBoxLayout(self._frame)
        row.setContentsMargins(42, 0, 9, 0)
        row.setSpacing(Space.SIBLING)
        row.addWidget(self.edit, 1)
        row.addWidget(self._hint)
        row.addWidget(self.call_button)
        self._error = Text(role="error", wrap=True)
        self._error.setContentsMargins(Space.GROUP, 0, Space.GROUP, 0)
        self._error.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self._frame)
        layout.addWidget(self._error)

    def focus(self) -> None:
        self.edit.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.edit.selectAll()

    def clear(self) -> None:
        self.edit.clear()
        self.show_error("")

    def error(self) -> str:
        return self._error.text()

    def show_error(self, text: str) -> None:
        """Say below the field why this can't be called; empty takes it away."""
        self._error.setText(text)
        self._error.setVisible(bool(text))
        self._frame.invalid = bool(text)
        self.edit.setAccessibleDescription(text)
        self._frame.update()

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.edit:
            if event.type() in {QEvent.Type.FocusIn, QEvent.Type.FocusOut}:
                self._frame.active = event.type() is QEvent.Type.FocusIn
                self._frame.update()
            elif event.type() is QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
                # the first Escape clears the field, before the window's Escape hangs up
                if event.key() == Qt.Key.Key_Escape and self.edit.text():
                    event.accept()
                    return True
            elif (
                event.type() is QEvent.Type.KeyPress
                and isinstance(event, QKeyEvent)
                and event.key() == Qt.Key.Key_Escape
                and self.edit.text()
            ):
                self.clear()
                return True
        return False

    def _edited(self) -> None:
        self.show_error("")

    def _changed(self, text: str) -> None:
        self._hint.setVisible(bool(text.strip()) and self.width() > 360)

    def _submit(self) -> None:
        text = self.edit.text().strip()
        if text:
            self.dial.emit(text)
        else:
            self.focus()

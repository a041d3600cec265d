"""The dial pad of a call: each key sends one DTMF digit; the digits known to be sent are shown above."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from callmanager.api import Call, CallChanged, CallId, UserError
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHideEvent, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QPushButton, QSizePolicy, QWidget
from typing_extensions import override

from callmanager_shell.popover import Popover
from callmanager_shell.services import ShellServices
from callmanager_shell.tokens import Space, TypeSize
from callmanager_shell.widgets.text import ElidedText, Text

_KEYS: Final = (
    ("1", ""), ("2", "ABC"), ("3", "DEF"),
    ("4", "GHI"), ("5", "JKL"), ("6", "MNO"),
    ("7", "PQRS"), ("8", "TUV"), ("9", "WXYZ"),
    ("*", ""), ("0", "+"), ("#", ""),
)  # fmt: skip
_SPOKEN: Final = {"*": "star", "#": "pound"}
_SHOWN_DIGITS: Final = 24


class _Key(QPushButton):
    def __init__(self, services: ShellServices, digit: str, letters: str, parent: QWidget) -> None:
        super().__init__(digit, parent)
        self._look = services.look
        self._letters = letters
        self.setAccessibleName(_SPOKEN.get(digit, digit))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    @override
    def sizeHint(self) -> QSize:
        return QSize(68, 52)

    @override
    def paintEvent(self, _event: QPaintEvent) -> None:
        theme = self._look.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        fill = theme.accent_background if self.isDown() else theme.pressed if self.underMouse() else theme.hover
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(fill))
        painter.drawRoundedRect(area, 12, 12)
        painter.setPen(QColor(theme.text))
        painter.setFont(self._look.font(20, weight=500))
        top = QRectF(
            area.left(), area.top() + (6 if self._letters else 0), area.width(), 26 if self._letters else area.height()
        )
        painter.drawText(top, int(Qt.AlignmentFlag.AlignCenter), self.text())
        if self._letters:
            painter.setPen(QColor(theme.muted))
            painter.setFont(self._look.font(10, weight=500))
            painter.drawText(
                QRectF(area.left(), area.top() + 31, area.width(), 14), int(Qt.AlignmentFlag.AlignCenter), self._letters
            )
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(theme.accent), 2))
            painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), 11, 11)
        painter.end()


class Keypad(Popover):
    """Digits typed on the keyboard go to the call while it is open. Closes with the call."""

    def __init__(self, services: ShellServices, call: Call, parent: QWidget) -> None:
        super().__init__(services.look, parent)
        self._services = services
        self._call_id: CallId = call.id
        self.setAccessibleName("Keypad")
        self._shown = ElidedText()
        self._shown.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._shown.setFont(services.look.font(TypeSize.TITLE, weight=500, tabular=True))
        self._shown.setStyleSheet(f"font-size: {TypeSize.TITLE}px; font-weight: 500;")
        self._shown.setMinimumHeight(28)
        self._hint = Text("Type or click digits", role="small")
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.body.addWidget(self._shown)
        self.body.addWidget(self._hint)
        grid = QGridLayout()
        grid.setSpacing(Space.SIBLING)
        self._keys: dict[str, _Key] = {}
        for index, (digit, letters) in enumerate(_KEYS):
            key = _Key(services, digit, letters, self)
            key.clicked.connect(lambda _checked=False, digit=digit: self.send(digit))
            self._keys[digit] = key
            grid.addWidget(key, index // 3, index % 3)
        self.body.addLayout(grid)
        self._undo: Callable[[], None] | None = services.app.bus.subscribe(CallChanged, self._changed, owner="shell")
        self._show(call)

    def key(self, digit: str) -> QPushButton:
        return self._keys[digit]

    def shown_digits(self) -> str:
        return self._shown.text()

    def send(self, digit: str) -> None:
        try:
            self._services.app.calls.send_digits(self._call_id, digit)
        except UserError as error:
            self._services.show_error(error)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        text = event.text()
        if text in self._keys and not event.isAutoRepeat():
            key = self._keys[text]
            key.setDown(True)
            self.send(text)
            return
        if event.key() == Qt.Key.Key_Escape:
            self.close()
            return
        super().keyPressEvent(event)

    @override
    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        for key in self._keys.values():
            key.setDown(False)
        super().keyReleaseEvent(event)

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        if self._undo is not None:
            self._undo()
            self._undo = None
        super().hideEvent(event)

    def _changed(self, event: CallChanged) -> None:
        if event.after.id == self._call_id:
            if not event.after.live:
                self.close()
                return
            self._show(event.after)

    def _show(self, call: Call) -> None:
        # only what has really been sent: the text follows the facts, not the clicks
        self._shown.setText(call.digits[-_SHOWN_DIGITS:])
        self._hint.setText("Sent" if call.digits else "Type or click digits")

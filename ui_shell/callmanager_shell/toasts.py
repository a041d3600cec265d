"""Passing messages at the bottom of the window, stacked; announced to screen readers."""

from collections.abc import Callable
from functools import partial
from typing import Final

from callmanager.api import Severity
from PySide6.QtCore import QEvent, QObject, QRectF, Qt, QTimer
from PySide6.QtGui import QAccessible, QAccessibleEvent, QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget
from typing_extensions import override

from callmanager_shell.look import Look
from callmanager_shell.tokens import DARK, Radius, Space
from callmanager_shell.widgets.text import Text, breakable

_MOST: Final = 3
_SHORT_MS: Final = 4000
_LONG_MS: Final = 8000
_ICONS: Final = {
    Severity.INFO: ("info", DARK.accent),
    Severity.SUCCESS: ("check-circle", DARK.good),
    Severity.WARNING: ("alert", DARK.warning),
    Severity.ERROR: ("alert", DARK.danger),
}
"""Toasts are dark in both themes, so they take the dark theme's state colours."""


class Toast(QFrame):
    def __init__(self, look: Look, text: str, *, hint: str, severity: Severity, action: str = "", parent: QWidget) -> None:
        super().__init__(parent)
        self._look = look
        self.severity = severity
        self.text = text
        self.hint = hint
        self.setAccessibleName(f"{text} {hint}".strip())
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip("Click to dismiss")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(Space.INNER + 32, Space.INNER, Space.GROUP, Space.INNER)
        words = QVBoxLayout()
        words.setSpacing(2)
        head = Text(breakable(text), wrap=True)
        head.setStyleSheet(f"color: {look.theme.on_toast}; font-weight: 500;")
        words.addWidget(head)
        if hint:
            more = Text(breakable(hint), wrap=True)
            more.setStyleSheet(f"color: {look.theme.on_toast_muted}; font-size: 12px;")
            words.addWidget(more)
        layout.addLayout(words, 1)
        self.button: QPushButton | None = None
        if action:
            self.button = _action_button(look, action)
            layout.addWidget(self.button)

    @override
    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._look.theme.toast))
        painter.drawRoundedRect(QRectF(self.rect()), Radius.CARD, Radius.CARD)
        name, colour = _ICONS[self.severity]
        self._look.paint_icon(painter, name, QRectF(Space.GROUP, self.height() / 2 - 10, 20, 20), colour)
        painter.end()


def _action_button(look: Look, label: str) -> QPushButton:
    """The one thing to do about it, as a word in the accent of the dark theme."""
    button = QPushButton(label.replace("&", "&&"))
    button.setAccessibleName(label)
    button.setCursor(Qt.CursorShape.PointingHandCursor)
    button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
    plain = f"color: {DARK.accent}; background: transparent; border: 2px solid transparent; font-weight: 600;"
    button.setStyleSheet(
        f"QPushButton {{ {plain} padding: 0 8px; min-height: 24px; border-radius: {Radius.CONTROL}px; }}"
        f"QPushButton:hover {{ color: {look.theme.on_toast}; }} QPushButton:focus {{ border-color: {DARK.accent}; }}"
    )
    return button


class Toaster(QObject):
    """Shows toasts over the bottom of `window`; before the window exists they wait."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._window: QWidget | None = None
        self._toasts: list[Toast] = []
        self._waiting: list[Callable[[], None]] = []

    def attach(self, window: QWidget) -> None:
        self._window = window
        window.installEventFilter(self)
        for show in self._waiting:
            show()
        self._waiting.clear()

    def current(self) -> tuple[Toast, ...]:
        return tuple(self._toasts)

    def show_text(
        self,
        text: str,
        *,
        hint: str = "",
        severity: Severity = Severity.INFO,
        action: str = "",
        run: Callable[[], None] | None = None,
    ) -> None:
        """Show for a few seconds, longer when there is a hint to read or something to do; `run` is called at most once, when
        `action` is pressed. The same text again replaces the first."""
        if self._window is None:
            later = partial(self.show_text, text, hint=hint, severity=severity, action=action, run=run)
            self._waiting = [*self._waiting[-_MOST:], later]
            return
        for toast in [toast for toast in self._toasts if toast.text == text]:
            self._dismiss(toast)
        while len(self._toasts) >= _MOST:
            self._dismiss(self._toasts[0])
        toast = Toast(self._look, text[:300], hint=hint[:400], severity=severity, action=action, parent=self._window)
        if toast.button is not None and run is not None:
            toast.button.clicked.connect(lambda: self._act(toast, run))
        toast.installEventFilter(self)
        timer = QTimer(toast)
        timer.setSingleShot(True)
        timer.timeout.connect(lambda: self._dismiss(toast))
        timer.start(_LONG_MS if hint or action or severity in {Severity.ERROR, Severity.WARNING} else _SHORT_MS)
        self._toasts.append(toast)
        toast.show()
        self._place()
        QAccessible.updateAccessibility(QAccessibleEvent(toast, QAccessible.Event.Alert))

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._window and event.type() is QEvent.Type.Resize:
            self._place()
        elif isinstance(watched, Toast) and event.type() is QEvent.Type.MouseButtonRelease:
            self._dismiss(watched)
        return False

    def _act(self, toast: Toast, run: Callable[[], None]) -> None:
        if toast in self._toasts:
            self._dismiss(toast)
            run()

    def _dismiss(self, toast: Toast) -> None:
        if toast in self._toasts:
            self._toasts.remove(toast)
            toast.hide()
            toast.deleteLater()
            self._place()

    def _place(self) -> None:
        if self._window is None:
            return
        width = min(440, self._window.width() - 2 * Space.GROUP)
        bottom = self._window.height() - Space.GROUP
        for toast in reversed(self._toasts):
            layout = toast.layout()
            height = max(44, layout.heightForWidth(width)) if layout is not None else 44
            bottom -= height
            toast.setGeometry((self._window.width() - width) // 2, bottom, width, height)
            toast.raise_()
            bottom -= Space.SIBLING

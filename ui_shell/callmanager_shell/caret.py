"""Lets the text cursor rest: it blinks for some seconds after the focus has come, then stands still until the focus moves."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

_BLINKING_SECONDS: Final = 5.0
"""As on Windows; GTK takes ten."""


class RestingCaret(QObject):
    """Every blink repaints a field, twice a second: most of what a phone at rest would cost, as its number field has the focus.

    Follows the system where that lets nothing blink.
    """

    def __init__(self, app: QApplication, *, seconds: float = _BLINKING_SECONDS) -> None:
        super().__init__(app)
        self._hints = QGuiApplication.styleHints()
        self._period = self._hints.cursorFlashTime()
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(round(seconds * 1000))
        self._rest.timeout.connect(lambda: self._hints.setCursorFlashTime(0))
        self._app = app
        app.focusChanged.connect(self._focus_moved)
        self._rest.start()

    def close_down(self) -> None:
        self._rest.stop()
        self._app.focusChanged.disconnect(self._focus_moved)
        self._hints.setCursorFlashTime(self._period)
        self.deleteLater()

    def _focus_moved(self) -> None:
        self._hints.setCursorFlashTime(self._period)
        self._rest.start()

"""The tray icon: shows the connection's state, brings the window back, quits."""

from __future__ import annotations

from collections.abc import Callable

from callmanager.api import AccountChanged, RegistrationChanged
from PySide6.QtCore import QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from callmanager_shell.connection_text import ConnectionView, connection_view
from callmanager_shell.icons import logo_pixmap
from callmanager_shell.services import ShellServices
from callmanager_shell.tokens import DARK


class Tray(QObject):
    """Only made where the system has a tray (`available`)."""

    show_wanted = Signal()
    quit_wanted = Signal()

    def __init__(self, services: ShellServices, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._icon = QSystemTrayIcon(self)
        self._menu = QMenu()
        self._state = self._menu.addAction("")
        self._state.setEnabled(False)
        self._menu.addSeparator()
        self._menu.addAction(services.look.icon("window"), "Show", self.show_wanted.emit)
        self._menu.addAction(services.look.icon("quit"), "Quit", self.quit_wanted.emit)
        self._icon.setContextMenu(self._menu)
        self._icon.activated.connect(self._activated)
        bus = services.app.bus
        self._undo: list[Callable[[], None]] = [
            bus.subscribe(RegistrationChanged, lambda _event: self._follow(), owner="shell"),
            bus.subscribe(AccountChanged, lambda _event: self._follow(), owner="shell"),
        ]
        self._follow()
        self._icon.show()

    @staticmethod
    def available() -> bool:
        return QSystemTrayIcon.isSystemTrayAvailable()

    def tool_tip(self) -> str:
        return self._icon.toolTip()

    def close_down(self) -> None:
        for undo in self._undo:
            undo()
        self._undo.clear()
        self._icon.hide()
        self._menu.deleteLater()

    def explain(self) -> None:
        """Said once, the first time the window is closed to here."""
        self._icon.showMessage(
            "PC CallManager keeps running",
            "Calls still reach you. Double-click this icon to bring the window back, right-click it to quit.",
            self._icon.icon(),
            8000,
        )

    def _follow(self) -> None:
        accounts = self._services.app.accounts
        view = connection_view(accounts.current, accounts.registration)
        self._icon.setIcon(_with_dot(view))
        self._icon.setToolTip(f"PC CallManager – {view.spoken}"[:120])
        self._state.setText(view.spoken[:80])

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason in {QSystemTrayIcon.ActivationReason.DoubleClick, QSystemTrayIcon.ActivationReason.Trigger}:
            self.show_wanted.emit()


def _with_dot(view: ConnectionView) -> QIcon:
    icon = QIcon()
    for size in (16, 24, 32, 64):
        pixmap = logo_pixmap(size, 1.0)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        radius = size * 0.24
        centre = QPointF(size - radius, size - radius)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor("#ffffff"))
        painter.drawEllipse(QRectF(centre.x() - radius, centre.y() - radius, 2 * radius, 2 * radius))
        painter.setBrush(QColor(getattr(DARK, view.dot)).darker(110))
        inner = radius * 0.78
        painter.drawEllipse(QRectF(centre.x() - inner, centre.y() - inner, 2 * inner, 2 * inner))
        painter.end()
        icon.addPixmap(pixmap)
    return icon

"""PBX Connection: the form, Connect and Disconnect, and below them what the PBX says, explained."""

from __future__ import annotations

from collections.abc import Callable

from callmanager.api import (
    AccountChanged,
    ConnectionSettings,
    ProblemCleared,
    ProblemRaised,
    RegistrationChanged,
    Transport,
    UserError,
)
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget
from typing_extensions import override

from callmanager_shell.connection_text import ConnectionView, Standing, connection_view, evidence_text
from callmanager_shell.services import ShellServices, sentence
from callmanager_shell.settings_form import SettingsForm
from callmanager_shell.settings_rows import NumberRow
from callmanager_shell.tokens import Radius, Space
from callmanager_shell.widgets.button import Button, ButtonKind
from callmanager_shell.widgets.text import Text, breakable


class _StatusBox(QFrame):
    """A dot with a word, the reason and the next step; certificate evidence can be read and copied."""

    def __init__(self, services: ShellServices) -> None:
        super().__init__()
        self._look = services.look
        self._view: ConnectionView | None = None
        self._title = Text(role="strong")
        self._reason = Text(wrap=True)
        self._hint = Text(role="small", wrap=True)
        self._evidence = Text(role="code", wrap=True)
        self._evidence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.GROUP + 18, Space.INNER, Space.GROUP, Space.INNER)
        layout.setSpacing(Space.TIGHT)
        for label in (self._title, self._reason, self._hint, self._evidence):
            layout.addWidget(label)

    def show_view(self, view: ConnectionView) -> None:
        self._view = view
        titles = {
            Standing.READY: "Connected",
            Standing.CONNECTING: view.pill,
            Standing.OFFLINE: "Disconnected",
            Standing.NOT_SET_UP: "Not connected yet",
        }
        ready = view.standing is Standing.READY
        self._title.setText(titles[view.standing])
        self._say(self._reason, view.spoken + "." if ready else view.reason)
        self._say(self._hint, "" if ready else view.hint)
        failure = view.failure
        self._say(self._evidence, evidence_text(failure) if failure is not None and not ready else "")
        self.setAccessibleName(f"Connection status: {view.spoken}")
        self.update()

    def words(self) -> str:
        return "\n".join(label.text() for label in (self._title, self._reason, self._hint, self._evidence) if label.text())

    @staticmethod
    def _say(label: Text, words: str) -> None:
        label.setText(breakable(words))
        label.setVisible(bool(words))

    @override
    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._view is None:
            return
        theme = self._look.theme
        fills = {
            Standing.READY: theme.good_background,
            Standing.CONNECTING: theme.held_background,
            Standing.OFFLINE: theme.danger_background if self._view.reason else theme.hover,
        }
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(fills.get(self._view.standing, theme.hover)))
        painter.drawRoundedRect(QRectF(self.rect()), Radius.CONTROL, Radius.CONTROL)
        dot = self._view.dot if self._view.standing is not Standing.NOT_SET_UP else "offline"
        painter.setBrush(QColor(getattr(theme, dot)))
        painter.drawEllipse(QRectF(Space.GROUP, Space.INNER + 4, 8, 8))
        painter.end()


class ConnectionSection(QWidget):
    """Nothing is applied while typing: Connect (or Enter) saves and registers, so a half-typed server is never dialled."""

    def __init__(self, services: ShellServices) -> None:
        super().__init__()
        self._services = services
        self.form = SettingsForm(services, ConnectionSettings, immediate=False)
        self._transport: Transport = self.form.row("transport").value()
        self.form.changed.connect(self._changed)
        self.form.submitted.connect(self.connect_now)
        self.connect_button = Button(services.look, "Connect", icon="plug", kind=ButtonKind.PRIMARY)
        self.connect_button.clicked.connect(self.connect_now)
        self.disconnect_button = Button(services.look, "Disconnect")
        self.disconnect_button.clicked.connect(self._disconnect)
        self.status = _StatusBox(services)
        buttons = QHBoxLayout()
        buttons.setSpacing(Space.SIBLING)
        buttons.addWidget(self.connect_button)
        buttons.addWidget(self.disconnect_button)
        buttons.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.GROUP)
        layout.addWidget(self.form)
        layout.addLayout(buttons)
        layout.addWidget(self.status)
        bus = services.app.bus
        kinds = (RegistrationChanged, AccountChanged, ProblemRaised, ProblemCleared)
        self._undo: list[Callable[[], None]] = [
            bus.subscribe(kind, lambda _event: self._follow(), owner="shell") for kind in kinds
        ]
        self._port_label()
        self._follow()

    def close_down(self) -> None:
        for undo in self._undo:
            undo()
        self._undo.clear()
        self.form.close_down()

    def focus_first(self) -> None:
        """Put the cursor where something is missing."""
        for field in ("server", "extension", "password"):
            row = self.form.row(field)
            if not row.value() and not row.locked:
                row.input().setFocus(Qt.FocusReason.OtherFocusReason)
                return

    def connect_now(self) -> None:
        self._services.tasks.run(self, self._connect(), doing="connecting", done=lambda: self.connect_button.set_busy(False))
        self.connect_button.set_busy(True)

    async def _connect(self) -> None:
        missing = [field for field in ("server", "extension") if not self.form.row(field).value()]
        for field in missing:
            row = self.form.row(field)
            row.show_complaint("is needed to connect; ask your administrator" if row.locked else "is needed to connect")
            if row.concealed:
                self._services.toast(f"{row.label()} is needed to connect.", hint="Ask your administrator, who sets it.")
        if missing or not await self.form.save():
            return
        try:
            self._services.app.accounts.connect()
        except UserError as error:
            self._services.toast(sentence(error.text), hint=error.hint)

    def _disconnect(self) -> None:
        try:
            self._services.app.accounts.disconnect()
        except UserError as error:
            self._services.show_error(error)

    def _changed(self, field: str) -> None:
        if field != "transport":
            return
        port = self.form.row("port")
        chosen: Transport = self.form.row("transport").value()
        if isinstance(port, NumberRow) and not port.locked and port.value() == self._transport.default_port:
            port.show_value(chosen.default_port)
        self._transport = chosen
        self._port_label()

    def _port_label(self) -> None:
        websocket = self._transport is Transport.WSS
        port = self.form.row("port")
        port.set_label("WebSocket port" if websocket else "Port")
        self.form.row("websocket_path").setVisible(websocket)

    def _follow(self) -> None:
        app = self._services.app
        view = connection_view(app.accounts.current, app.accounts.registration, app.problems.current())
        self.status.show_view(view)
        self.disconnect_button.setVisible(view.standing in {Standing.READY, Standing.CONNECTING})
        self.connect_button.set_label("Connect again" if view.standing is Standing.READY else "Connect")
        self.connect_button.set_kind(ButtonKind.PLAIN if view.standing is Standing.READY else ButtonKind.PRIMARY)

"""The details behind the registration pill: where we are registered, since when, how quick, and what is wrong."""

from __future__ import annotations

from callmanager.api import Account, Problem, Registration, RegistrationState
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QWidget

from callmanager_shell.connection_text import TRANSPORT_NAMES, Standing, certificate_text, connection_view
from callmanager_shell.look import Look
from callmanager_shell.popover import Popover
from callmanager_shell.tokens import Space
from callmanager_shell.widgets.button import Button, ButtonKind
from callmanager_shell.widgets.text import Text


class ConnectionPopover(Popover):
    settings_wanted = Signal()
    connect_wanted = Signal()

    def __init__(
        self,
        look: Look,
        account: Account | None,
        registration: Registration | None,
        problems: tuple[Problem, ...],
        parent: QWidget,
    ) -> None:
        super().__init__(look, parent)
        self.setFixedWidth(330)
        self.setAccessibleName("Connection")
        view = connection_view(account, registration, problems)
        titles = {
            Standing.READY: "Connected",
            Standing.CONNECTING: view.pill,
            Standing.OFFLINE: "Offline",
            Standing.NOT_SET_UP: "Not set up yet",
        }
        self.body.addWidget(Text(titles[view.standing], role="name"))
        if view.reason:
            self.body.addWidget(Text(view.reason, wrap=True))
        if view.hint:
            self.body.addWidget(Text(view.hint, role="small", wrap=True))
        if view.failure is not None and view.failure.certificate is not None:
            evidence = Text(certificate_text(view.failure), role="code", wrap=True)
            evidence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self.body.addWidget(evidence)
        if account is not None and account.server:
            self.body.addLayout(self._facts(account, registration))
        buttons = QHBoxLayout()
        buttons.setContentsMargins(0, Space.SIBLING, 0, 0)
        buttons.setSpacing(Space.SIBLING)
        settings = Button(look, "Settings", icon="settings")
        settings.clicked.connect(self._settings)
        if view.standing is Standing.OFFLINE:
            again = Button(look, "Connect", icon="plug", kind=ButtonKind.PRIMARY)
            again.clicked.connect(self._connect)
            buttons.addWidget(again)
        buttons.addWidget(settings)
        buttons.addStretch()
        self.body.addLayout(buttons)

    @staticmethod
    def _facts(account: Account, registration: Registration | None) -> QGridLayout:
        rows = [
            ("Extension", account.extension),
            ("Server", f"{account.server}:{account.port}"),
            ("Transport", TRANSPORT_NAMES[account.transport]),
        ]
        if registration is not None and registration.state is RegistrationState.REGISTERED:
            if registration.since is not None:
                rows.append(("Since", registration.since.astimezone().strftime("%H:%M:%S")))
            if registration.round_trip_ms is not None:
                rows.append(("Round trip", f"{registration.round_trip_ms:.0f} ms"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(Space.GROUP)
        grid.setVerticalSpacing(Space.TIGHT)
        grid.setContentsMargins(0, Space.TIGHT, 0, 0)
        grid.setColumnStretch(1, 1)
        for index, (label, value) in enumerate(rows):
            grid.addWidget(Text(label, role="muted"), index, 0, Qt.AlignmentFlag.AlignTop)
            shown = Text(value, wrap=True)
            shown.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            grid.addWidget(shown, index, 1)
        return grid

    def _settings(self) -> None:
        self.close()
        self.settings_wanted.emit()

    def _connect(self) -> None:
        self.close()
        self.connect_wanted.emit()

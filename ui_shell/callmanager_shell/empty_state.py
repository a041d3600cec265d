"""What the window says when there is nothing to show: ready, offline, connecting, or not set up; one sentence, one action."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from callmanager_shell.connection_text import ConnectionView, Standing
from callmanager_shell.look import Look
from callmanager_shell.tokens import Space
from callmanager_shell.widgets.button import Button, ButtonKind
from callmanager_shell.widgets.icon_badge import IconBadge
from callmanager_shell.widgets.text import Text, breakable


class EmptyState(QWidget):
    settings_wanted = Signal()
    connect_wanted = Signal()

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._standing: Standing | None = None
        self._badge = IconBadge(look)
        self._title = Text(role="name")
        self._title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._text = Text(role="muted", wrap=True)
        self._text.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self._text.setMinimumWidth(250)
        self._text.setMaximumWidth(380)
        self.button = Button(look, "Set up the connection", icon="plug", kind=ButtonKind.PRIMARY)
        self.button.clicked.connect(self._act)
        self.second = Button(look, "Settings", icon="settings")
        self.second.clicked.connect(self.settings_wanted)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.GROUP, Space.WIDE, Space.GROUP, Space.WIDE)
        layout.setSpacing(Space.SIBLING)
        layout.addStretch(2)
        layout.addWidget(self._badge, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(Space.SIBLING)
        layout.addWidget(self._title)
        texts = QHBoxLayout()
        texts.addStretch()
        texts.addWidget(self._text, 10)
        texts.addStretch()
        layout.addLayout(texts)
        layout.addSpacing(Space.SIBLING)
        buttons = QHBoxLayout()
        buttons.setSpacing(Space.SIBLING)
        buttons.addStretch()
        buttons.addWidget(self.button)
        buttons.addWidget(self.second)
        buttons.addStretch()
        layout.addLayout(buttons)
        layout.addStretch(3)

    def texts(self) -> tuple[str, str]:
        return self._title.text(), self._text.text()

    def show_view(self, view: ConnectionView, *, in_call: bool) -> None:
        self._standing = view.standing
        self.button.setVisible(view.standing in {Standing.NOT_SET_UP, Standing.OFFLINE})
        self.second.setVisible(view.standing is Standing.OFFLINE)
        match view.standing:
            case Standing.READY if in_call:
                self._show("phone", "muted", "hover", "", "")
            case Standing.READY:
                self._show("phone", "accent", "accent_background", "Ready for calls", "Dial above, or wait for a call.")
            case Standing.CONNECTING:
                text = view.reason or "The phone is registering with the PBX."
                self._show("connection", "warning_text", "held_background", view.pill, text)
            case Standing.OFFLINE:
                text = (
                    " ".join(filter(None, (view.reason, view.hint)))
                    or "You are disconnected. Connect to make and receive calls."
                )
                self._show("offline", "danger_text", "danger_background", "Offline", text)
                self.button.set_label("Connect", icon="plug")
            case Standing.NOT_SET_UP:
                text = "Enter your PBX server address, extension and password, and your phone is ready."
                self._show("plug", "accent", "accent_background", "Welcome to PC CallManager", text)
                self.button.set_label("Set up the connection", icon="plug")
        shown = not (view.standing is Standing.READY and in_call)
        for widget in (self._badge, self._title, self._text):
            widget.setVisible(shown)

    def _show(self, icon: str, ink: str, fill: str, title: str, text: str) -> None:
        self._badge.icon, self._badge.ink, self._badge.fill = icon, ink, fill
        self._badge.update()
        self._title.setText(title)
        self._text.setText(breakable(text))

    def _act(self) -> None:
        if self._standing is Standing.OFFLINE:
            self.connect_wanted.emit()
        else:
            self.settings_wanted.emit()

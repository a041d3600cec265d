"""A question before something that can't be undone."""

from __future__ import annotations

import asyncio
from typing import Final

from callmanager.api import plain
from PySide6.QtCore import QRect, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget
from shiboken6 import isValid
from typing_extensions import override

from callmanager_shell.look import Look
from callmanager_shell.overlay import Overlay
from callmanager_shell.tokens import Space
from callmanager_shell.widgets.button import Button, ButtonKind
from callmanager_shell.widgets.text import Text, breakable

_WIDEST: Final = 420


class ConfirmOverlay(Overlay):
    """Enter presses the button that has the focus: the safe one when the other destroys something."""

    answered = Signal(bool)

    def __init__(self, look: Look, window: QWidget, *, title: str, text: str, action: str, destructive: bool) -> None:
        super().__init__(look, window)
        self._answered = False
        self.card.setAccessibleName(f"{title} {text}")
        head = Text(plain(title, limit=120), role="name", wrap=True)
        words = Text(breakable(plain(text, limit=600)), role="muted", wrap=True)
        kind = ButtonKind.DANGER if destructive else ButtonKind.PRIMARY
        self.yes = Button(look, plain(action, limit=40), kind=kind)
        self.no = Button(look, "Cancel")
        self.yes.setAccessibleDescription(f"{title} {text}")
        self.no.setAccessibleDescription(f"{title} {text}")
        self.yes.clicked.connect(lambda _checked=False: self._answer(True))
        self.no.clicked.connect(lambda _checked=False: self._answer(False))
        self.closed.connect(lambda: self._answer(False))
        buttons = QHBoxLayout()
        buttons.setSpacing(Space.SIBLING)
        buttons.addStretch()
        buttons.addWidget(self.no)
        buttons.addWidget(self.yes)
        layout = QVBoxLayout(self.card)
        layout.setContentsMargins(Space.WIDE, Space.WIDE - 4, Space.WIDE, Space.WIDE - 4)
        layout.setSpacing(Space.SIBLING)
        layout.addWidget(head)
        layout.addWidget(words)
        layout.addSpacing(Space.SIBLING)
        layout.addLayout(buttons)
        self._first = self.no if destructive else self.yes

    def ask(self) -> None:
        self.open(self._first)

    @override
    def place(self) -> None:
        width = min(_WIDEST, self.width() - 2 * Space.GROUP)
        layout = self.card.layout()
        height = layout.heightForWidth(width) if layout is not None and layout.hasHeightForWidth() else 0
        height = height or self.card.sizeHint().height()
        self.card.setGeometry(
            QRect((self.width() - width) // 2, max(Space.GROUP, (self.height() - height) // 3), width, height)
        )

    def _answer(self, yes: bool) -> None:  # noqa: FBT001 - as the signal brings it
        if not self._answered:
            self._answered = True
            self.answered.emit(yes)
            self.close_overlay()


async def confirm(look: Look, parent: QWidget, *, title: str, text: str, action: str, destructive: bool = False) -> bool:
    """Ask in the window of `parent`; no answer (Escape, a click elsewhere, the window's end) means no."""
    future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def settle(yes: bool) -> None:  # noqa: FBT001 - as the signal brings it
        if not future.done():
            future.set_result(yes)

    overlay = ConfirmOverlay(look, parent.window(), title=title, text=text, action=action, destructive=destructive)
    overlay.answered.connect(settle)
    overlay.destroyed.connect(lambda: settle(False))
    overlay.ask()
    try:
        return await future
    finally:
        if isValid(overlay):
            overlay.close_overlay()

"""A question with a few answers, before something that can't be undone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from callmanager.api import Choice, plain
from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtWidgets import QBoxLayout, QVBoxLayout, QWidget
from shiboken6 import isValid
from typing_extensions import override

from callmanager_shell.look import Look
from callmanager_shell.overlay import Overlay
from callmanager_shell.tokens import Space
from callmanager_shell.widgets.button import Button, ButtonKind
from callmanager_shell.widgets.text import Text, breakable

_WIDEST: Final = 420
_YES: Final = "yes"


class QuestionOverlay(Overlay):
    """Emits `answered` once: the id of the choice, or an empty text for none. Enter presses the button that has the focus:
    the first choice, or "Cancel" when that one destroys something."""

    answered = Signal(str)

    def __init__(self, look: Look, window: QWidget, *, title: str, text: str, choices: Sequence[Choice]) -> None:
        super().__init__(look, window)
        self._answered = False
        self.card.setAccessibleName(f"{title} {text}")
        head = Text(plain(title, limit=120), role="name", wrap=True)
        words = Text(breakable(plain(text, limit=600)), role="muted", wrap=True)
        self.no = Button(look, "Cancel")
        self.no.clicked.connect(lambda _checked=False: self._answer(""))
        self.buttons: list[Button] = []
        for number, choice in enumerate(choices):
            plain_kind = ButtonKind.PRIMARY if number == 0 else ButtonKind.PLAIN
            kind = ButtonKind.DANGER if choice.destructive else plain_kind
            button = Button(look, plain(choice.label, limit=40), kind=kind)
            button.clicked.connect(lambda _checked=False, answer=choice.id: self._answer(answer))
            self.buttons.append(button)
        self.yes = self.buttons[0]
        for button in (self.no, *self.buttons):
            button.setAccessibleDescription(f"{title} {text}")
        self.closed.connect(lambda: self._answer(""))
        buttons = self._across = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        buttons.setSpacing(Space.SIBLING)
        for button in (self.no, *reversed(self.buttons)):
            buttons.addWidget(button, 0, Qt.AlignmentFlag.AlignRight)
        buttons.setAlignment(Qt.AlignmentFlag.AlignRight)
        layout = QVBoxLayout(self.card)
        layout.setContentsMargins(Space.WIDE, Space.WIDE - 4, Space.WIDE, Space.WIDE - 4)
        layout.setSpacing(Space.SIBLING)
        layout.addWidget(head)
        layout.addWidget(words)
        layout.addSpacing(Space.SIBLING)
        layout.addLayout(buttons)
        self._first = self.no if choices[0].destructive else self.yes

    def ask(self) -> None:
        self.open(self._first)

    @override
    def place(self) -> None:
        width = min(_WIDEST, self.width() - 2 * Space.GROUP)
        wanted = sum(button.full_width() + Space.SIBLING for button in (self.no, *self.buttons))
        narrow = wanted > width - 2 * Space.WIDE
        # one below the other, the first choice on top
        direction = QBoxLayout.Direction.BottomToTop if narrow else QBoxLayout.Direction.LeftToRight
        self._across.setDirection(direction)
        layout = self.card.layout()
        height = layout.heightForWidth(width) if layout is not None and layout.hasHeightForWidth() else 0
        height = height or self.card.sizeHint().height()
        self.card.setGeometry(
            QRect((self.width() - width) // 2, max(Space.GROUP, (self.height() - height) // 3), width, height)
        )

    def _answer(self, answer: str) -> None:
        if not self._answered:
            self._answered = True
            self.answered.emit(answer)
            self.close_overlay()


async def choose(look: Look, parent: QWidget, *, title: str, text: str, choices: Sequence[Choice]) -> str | None:
    """Ask in the window of `parent`; no answer (Escape, a click elsewhere, the window's end) is none."""
    if not choices:
        raise ValueError("there is nothing to choose")
    future: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()

    def settle(answer: str) -> None:
        if not future.done():
            future.set_result(answer or None)

    overlay = QuestionOverlay(look, parent.window(), title=title, text=text, choices=choices)
    overlay.answered.connect(settle)
    overlay.destroyed.connect(lambda: settle(""))
    overlay.ask()
    try:
        return await future
    finally:
        if isValid(overlay):
            overlay.close_overlay()


async def confirm(look: Look, parent: QWidget, *, title: str, text: str, action: str, destructive: bool = False) -> bool:
    """Ask a yes-or-no question; no answer means no."""
    yes = Choice(id=_YES, label=action, destructive=destructive)
    return await choose(look, parent, title=title, text=text, choices=[yes]) == _YES

"""How a row of buttons makes do with less room: words go first, then buttons go behind "More"; what matters most stays."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from callmanager.api import Emphasis

from callmanager_shell.widgets.button import Button, ButtonKind

if TYPE_CHECKING:
    from PySide6.QtWidgets import QHBoxLayout

    from callmanager_shell.actions import ActionState


def buttons_in(layout: QHBoxLayout) -> list[Button]:
    """The buttons of a row, from left to right."""
    items = (layout.itemAt(index) for index in range(layout.count()))
    return [widget for item in items if item is not None and isinstance(widget := item.widget(), Button)]


def fill(layout: QHBoxLayout, buttons: Sequence[Button], *, stretch_before_last: bool) -> None:
    """Put these into the row, unless they are in it already; those that were in it stay with their parent."""
    if buttons_in(layout) == list(buttons):
        return
    while (item := layout.takeAt(0)) is not None:
        del item
    for index, button in enumerate(buttons):
        if stretch_before_last and index == len(buttons) - 1:
            layout.addStretch()
        layout.addWidget(button)


def dress(button: Button, state: ActionState, *, held: bool, ringing: bool = False) -> None:
    """Give a button the words, icon and colour of what a plugin's action is now. On a call that rings, "Answer" is the main
    thing, whatever plugins say."""
    pause = state.action.icon == "pause"
    button.set_label(state.label, icon="play" if state.checked and pause else state.action.icon)
    kind = ButtonKind.PLAIN
    if state.checked:
        kind = ButtonKind.WARNING if held and pause else ButtonKind.MUTED_ON
    elif state.action.emphasis is Emphasis.ENDING:
        kind = ButtonKind.DANGER
    elif state.action.emphasis is Emphasis.MAIN and not ringing:
        kind = ButtonKind.PRIMARY
    button.set_kind(kind)


def fit_row(row: Sequence[Button], room: int, spacing: int, *, main: Collection[Button], last: Button, more: Button) -> None:
    """Decide of each button whether it is seen and has its word. `last` and `main` are never behind `more`."""
    optional = [button for button in row if button is not last and button is not more and button not in main]
    others = [button for button in row if button is not more]

    def width(wordless: Collection[Button], gone: Collection[Button]) -> int:
        seen = [button for button in others if button not in gone]
        used = sum(button.compact_width() if button in wordless else button.full_width() for button in seen)
        return used + spacing * len(seen) + (more.compact_width() + spacing if gone else 0)

    wordless: list[Button] = []
    gone: list[Button] = []
    if width(wordless, gone) > room:
        wordless = list(optional)
    if main and width(wordless, gone) > room:
        wordless.append(last)
    while width(wordless, gone) > room and len(gone) < len(optional):
        gone.append(optional[-1 - len(gone)])
    if main and not gone:
        # what stands beside the main thing says what it is, as far as there is room
        for button in optional:
            if button in wordless and width([each for each in wordless if each is not button], gone) <= room:
                wordless.remove(button)
            else:
                break
    for button in others:
        button.set_compact(button in wordless)
        button.setVisible(button not in gone)
    if more in row:
        more.setVisible(bool(gone))

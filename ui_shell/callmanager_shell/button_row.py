"""How a row of buttons makes do with less room: words go first, then buttons go behind "More"; what matters most stays."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from callmanager_shell.widgets.button import Button


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

"""The keyboard shortcuts of contributed call actions; they come and go with their plugins."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

_log = logging.getLogger(__name__)


class ActionShortcuts:
    """Keeps one `QShortcut` of the window for each sequence that is wanted.

    Sequences of the window itself can't be taken: Qt would call both ambiguous and run neither, so a plugin could
    keep people from hanging up.
    """

    def __init__(self, window: QWidget, run: Callable[[str], None], *, reserved: Iterable[str]) -> None:
        self._window = window
        self._run = run
        self._reserved = {_normal(sequence) for sequence in reserved}
        self._shortcuts: dict[str, QShortcut] = {}

    def sequences(self) -> tuple[str, ...]:
        """In force now."""
        return tuple(self._shortcuts)

    def follow(self, wanted: Iterable[str]) -> None:
        """Have exactly these, each once; those that stay are kept."""
        sequences = {_normal(text): text for text in wanted if text}
        for normal in [normal for normal in self._shortcuts if normal not in sequences]:
            gone = self._shortcuts.pop(normal)
            gone.setEnabled(False)
            gone.deleteLater()
        for normal, text in sequences.items():
            if normal in self._shortcuts or not normal:
                continue
            if normal in self._reserved:
                _log.info("the shortcut %s of a call action is the window's own and stays so", text)
                continue
            shortcut = QShortcut(QKeySequence(text), self._window)
            shortcut.activated.connect(lambda text=text: self._run(text))
            self._shortcuts[normal] = shortcut


def _normal(sequence: str) -> str:
    return QKeySequence(sequence).toString(QKeySequence.SequenceFormat.PortableText)

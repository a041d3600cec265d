"""What stands where nothing can be shown: an icon in a soft circle, one sentence, at most one action."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget
from typing_extensions import override

from callmanager_shell.look import Look
from callmanager_shell.tokens import Space
from callmanager_shell.widgets.button import Button
from callmanager_shell.widgets.icon_badge import IconBadge
from callmanager_shell.widgets.text import Text, breakable

_WIDEST_TEXT: Final = 380
_LOW: Final = 260
"""Below this height the circle gives way to the words."""


class Placeholder(QWidget):
    """Fills its place; in a low one the icon is left out."""

    def __init__(
        self,
        look: Look,
        *,
        icon: str,
        title: str,
        text: str,
        action: str = "",
        action_icon: str = "",
        run: Callable[[], None] | None = None,
        ink: str = "accent",
        fill: str = "accent_background",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._badge = IconBadge(look, icon=icon, ink=ink, fill=fill, size=56)
        head = Text(title, role="name", wrap=True)
        words = Text(breakable(text), role="muted", wrap=True)
        words.setMaximumWidth(_WIDEST_TEXT)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.GROUP, Space.INNER, Space.GROUP, Space.INNER)
        layout.setSpacing(Space.SIBLING)
        layout.addStretch(2)
        layout.addWidget(self._badge, 0, Qt.AlignmentFlag.AlignHCenter)
        for label in (head, words):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
            row = QHBoxLayout()
            row.addStretch()
            row.addWidget(label, 10)
            row.addStretch()
            layout.addLayout(row)
        if action:
            self.button = Button(look, action, icon=action_icon)
            if run is not None:
                self.button.clicked.connect(lambda _checked=False: run())
            layout.addSpacing(Space.TIGHT)
            layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(3)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._badge.setVisible(self.height() >= _LOW)

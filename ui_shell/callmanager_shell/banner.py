"""Below the header: what is wrong now, the next step, and the details for who wants them."""

from __future__ import annotations

from callmanager.api import Problem, Severity
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget
from typing_extensions import override

from callmanager_shell.look import Look
from callmanager_shell.tokens import Space
from callmanager_shell.widgets.button import Button, ButtonKind
from callmanager_shell.widgets.text import Text, breakable


class ProblemBanner(QFrame):
    """Shows the most serious problem; with several, how many more there are: two that say the same (presence and parking over
    one lost connection) are one. Clears itself when they are gone."""

    settings_wanted = Signal()

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._problems: tuple[Problem, ...] = ()
        self._index = 0
        self._severity = Severity.ERROR
        self._text = Text(role="strong", wrap=True)
        self._hint = Text(wrap=True)
        self._details = Text(role="code", wrap=True)
        self._details.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._details.hide()
        self.details_button = Button(look, "Details", kind=ButtonKind.GHOST)
        self.details_button.clicked.connect(self._toggle_details)
        self._next = Button(look, "1 more", kind=ButtonKind.GHOST)
        self._next.clicked.connect(self._show_next)
        self._settings = Button(look, "Settings", kind=ButtonKind.GHOST)
        self._settings.clicked.connect(self.settings_wanted)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._text)
        words.addWidget(self._hint)
        words.addWidget(self._details)
        buttons = QHBoxLayout()
        buttons.setSpacing(0)
        buttons.addWidget(self._settings)
        buttons.addWidget(self.details_button)
        buttons.addWidget(self._next)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(Space.GROUP + 30, Space.SIBLING + 2, Space.SIBLING, Space.SIBLING + 2)
        layout.setSpacing(Space.SIBLING)
        layout.addLayout(words, 1)
        layout.addLayout(buttons)
        layout.setAlignment(buttons, Qt.AlignmentFlag.AlignTop)
        self.hide()

    def text(self) -> str:
        return self._text.text()

    def show_problems(self, problems: tuple[Problem, ...]) -> None:
        ranks = {Severity.ERROR: 0, Severity.WARNING: 1}
        different = {(problem.severity, problem.text, problem.hint): problem for problem in reversed(problems)}
        said = [problem for problem in problems if different[problem.severity, problem.text, problem.hint] is problem]
        self._problems = tuple(sorted(said, key=lambda problem: ranks.get(problem.severity, 2)))
        self._index = 0
        self._show()

    def _show(self) -> None:
        self.setVisible(bool(self._problems))
        if not self._problems:
            return
        problem = self._problems[self._index % len(self._problems)]
        self._severity = problem.severity
        self._text.setText(breakable(problem.text))
        self._hint.setText(breakable(problem.hint))
        self._hint.setVisible(bool(problem.hint))
        self._details.setText(breakable(problem.details[:4000]))
        self._details.hide()
        self.details_button.setVisible(bool(problem.details))
        self.details_button.set_label("Details")
        self._settings.setVisible("Settings" in problem.hint)
        others = len(self._problems) - 1
        self._next.setVisible(others > 0)
        self._next.set_label(f"{others} more")
        self.setAccessibleName(f"{problem.text} {problem.hint}".strip())
        self.update()

    def _toggle_details(self) -> None:
        self._details.setVisible(not self._details.isVisible())
        self.details_button.set_label("Hide details" if self._details.isVisible() else "Details")

    def _show_next(self) -> None:
        self._index += 1
        self._show()

    @override
    def paintEvent(self, _event: QPaintEvent) -> None:
        theme = self._look.theme
        error = self._severity is Severity.ERROR
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), QColor(theme.danger_background if error else theme.held_background))
        ink = theme.danger_text if error else theme.warning_text
        self._look.paint_icon(painter, "alert", QRectF(Space.GROUP, Space.SIBLING + 1, 20, 20), ink)
        painter.end()

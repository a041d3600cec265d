"""The part of a plugin's row that is folded away: where it is from, what it needs, what went wrong."""

from __future__ import annotations

from callmanager.api import PluginRecord
from PySide6.QtCore import QRectF, Qt, QTimer, QUrl
from PySide6.QtGui import (
    QColor,
    QDesktopServices,
    QFont,
    QFontDatabase,
    QGuiApplication,
    QPainter,
    QPaintEvent,
    QTextCursor,
    QTextOption,
)
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPlainTextEdit, QSizePolicy, QVBoxLayout, QWidget
from typing_extensions import override

from callmanager_shell import plugin_text
from callmanager_shell.look import Look
from callmanager_shell.services import ShellServices
from callmanager_shell.tokens import Space
from callmanager_shell.widgets.button import Button, ButtonKind
from callmanager_shell.widgets.text import Text, breakable

_TRACE_HEIGHT = 150


class _Icon(QWidget):
    def __init__(self, look: Look, name: str, ink: str) -> None:
        super().__init__()
        self._look = look
        self._name = name
        self._ink = ink
        self.setFixedSize(18, 18)

    @override
    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._look.paint_icon(painter, self._name, QRectF(1, 1, 16, 16), QColor(getattr(self._look.theme, self._ink)).name())
        painter.end()


class PluginDetails(QWidget):
    """Made when it is first unfolded, and anew when the plugin's record is another."""

    def __init__(self, services: ShellServices, record: PluginRecord) -> None:
        super().__init__()
        self._services = services
        self._record = record
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, Space.INNER)
        self._layout.setSpacing(Space.SIBLING)
        self._add_needs()
        self._add_facts()
        self._add_left()
        self._add_error()

    def words(self) -> str:
        """All that is said, for tests and screen readers."""
        texts = [label.text().replace("\u200b", "") for label in self.findChildren(Text)]
        return "\n".join([*texts, *(edit.toPlainText() for edit in self.findChildren(QPlainTextEdit))])

    def _head(self, text: str) -> None:
        self._layout.addSpacing(Space.TIGHT)
        self._layout.addWidget(Text(text, role="strong"))

    def _add_needs(self) -> None:
        self._head("What it needs")
        lines = plugin_text.needs(self._record)
        if not lines:
            self._layout.addWidget(Text(plugin_text.UNKNOWN if lines is None else plugin_text.NOTHING, role="muted", wrap=True))
            return
        for need in lines:
            line = QHBoxLayout()
            line.setSpacing(Space.SIBLING)
            icon = _Icon(
                self._services.look, "lock" if need.withheld else need.icon, "warning_text" if need.withheld else "muted"
            )
            line.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
            texts = QVBoxLayout()
            texts.setSpacing(0)
            texts.addWidget(Text(breakable(need.text), wrap=True))
            if need.note:
                note = Text(breakable(_capital(need.note)), role="small", wrap=True)
                if need.withheld:
                    note.set_role("warning")
                texts.addWidget(note)
            line.addLayout(texts, 1)
            self._layout.addLayout(line)

    def _add_facts(self) -> None:
        self._head("Where it is from")
        grid = QGridLayout()
        grid.setHorizontalSpacing(Space.GROUP)
        grid.setVerticalSpacing(Space.TIGHT)
        grid.setColumnStretch(1, 1)
        for row, (label, value) in enumerate(plugin_text.facts(self._record)):
            grid.addWidget(Text(label, role="muted"), row, 0, Qt.AlignmentFlag.AlignTop)
            shown = Text(breakable(value), wrap=True)
            shown.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
            shown.setAccessibleName(f"{label}: {value}")
            grid.addWidget(shown, row, 1)
        self._layout.addLayout(grid)
        if self._record.home_page:
            button = Button(self._services.look, "Open home page", icon="window")
            button.clicked.connect(self._open_home_page)
            self._layout.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)

    def _add_left(self) -> None:
        left, ended = self._record.left, self._record.ended
        if not left and not ended:
            return
        self._head("What it left behind")
        for words in (*left, *(f"{words}; it was ended" for words in ended)):
            self._layout.addWidget(Text(breakable(_capital(words)), wrap=True))
        if left:
            self._layout.addWidget(Text("Restart PC CallManager to be rid of it.", role="small", wrap=True))

    def _add_error(self) -> None:
        if not self._record.error:
            return
        line = QHBoxLayout()
        line.addWidget(Text("What went wrong", role="strong"))
        line.addStretch()
        copy = Button(self._services.look, "Copy", icon="copy", kind=ButtonKind.GHOST)
        copy.setAccessibleName(f"Copy what went wrong with {self._record.title}")
        copy.clicked.connect(self._copy)
        line.addWidget(copy)
        self._layout.addSpacing(Space.TIGHT)
        self._layout.addLayout(line)
        trace = QPlainTextEdit(self._record.error.rstrip())
        trace.setReadOnly(True)
        trace.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        trace.setFont(self._mono())
        trace.setTabChangesFocus(True)
        trace.setFixedHeight(_TRACE_HEIGHT)
        trace.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        trace.setAccessibleName(f"What went wrong with {self._record.title}")
        self._layout.addWidget(trace)
        trace.moveCursor(QTextCursor.MoveOperation.End)  # the last line names the error
        QTimer.singleShot(0, trace, trace.ensureCursorVisible)

    @staticmethod
    def _mono() -> QFont:
        font = QFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        font.setPixelSize(11)
        return font

    def _copy(self) -> None:
        record = self._record
        text = f"{record.id} {record.version} ({record.distribution}): {record.state.value}: {record.reason}\n\n{record.error}"
        QGuiApplication.clipboard().setText(text)
        self._services.toast("Copied.")

    def _open_home_page(self) -> None:
        QDesktopServices.openUrl(QUrl(self._record.home_page))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

"""One plugin on the plugins page: what it is, where it stands and why, its switch, and its details behind a fold."""

from __future__ import annotations

from callmanager.api import PluginRecord, PluginState
from PySide6.QtCore import QRectF, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget
from typing_extensions import override

from callmanager_shell import plugin_text
from callmanager_shell.look import Look
from callmanager_shell.plugin_details import PluginDetails
from callmanager_shell.services import ShellServices
from callmanager_shell.tokens import Radius, Space, TypeSize
from callmanager_shell.widgets.button import Button
from callmanager_shell.widgets.fold import Fold
from callmanager_shell.widgets.meta_line import Bit, MetaLine
from callmanager_shell.widgets.state_mark import StateMark
from callmanager_shell.widgets.switch import Switch
from callmanager_shell.widgets.text import ElidedText, Text, breakable

_TILE = 36
_INDENT = _TILE + Space.INNER


class _Tile(QWidget):
    """The plugin's icon on a soft ground; accented while it works."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._icon = "plug"
        self._works = False
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_icon(self, name: str, *, works: bool) -> None:
        self._icon, self._works = name or "plug", works
        self.update()

    @override
    def sizeHint(self) -> QSize:
        return QSize(_TILE, _TILE)

    @override
    def paintEvent(self, _event: QPaintEvent) -> None:
        theme = self._look.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.accent_background if self._works else theme.hover))
        painter.drawRoundedRect(QRectF(0, 0, _TILE, _TILE), 10, 10)
        self._look.paint_icon(painter, self._icon, QRectF(8, 8, 20, 20), theme.accent if self._works else theme.muted)
        painter.end()


class _Reason(QFrame):
    """Why it stands so, on a ground that fits; quiet where nothing is wrong."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._fill = "hover"
        self.text = Text(wrap=True)
        self.again = Button(look, "Try again", icon="redial")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.INNER, Space.SIBLING, Space.INNER, Space.SIBLING)
        layout.setSpacing(Space.SIBLING)
        layout.addWidget(self.text)
        layout.addWidget(self.again, 0, Qt.AlignmentFlag.AlignLeft)

    def show_reason(self, words: str, *, fill: str, again: bool) -> None:
        self._fill = fill
        self.text.setText(breakable(words))
        self.again.setVisible(again)
        self.setVisible(bool(words))
        self.update()

    @override
    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(getattr(self._look.theme, self._fill)))
        painter.drawRoundedRect(QRectF(self.rect()), Radius.CONTROL, Radius.CONTROL)
        painter.end()


class _Lock(QWidget):
    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.setFixedSize(18, 26)

    @override
    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._look.paint_icon(painter, "lock", QRectF(1, 5, 16, 16), self._look.theme.muted)
        painter.end()


class PluginRow(QWidget):
    """Shows a record. `switch_wanted` is the user's wish, true for on; what happens is shown by the next record."""

    switch_wanted = Signal(bool)

    def __init__(self, services: ShellServices, record: PluginRecord) -> None:
        super().__init__()
        self._services = services
        self._look = services.look
        self.record = record
        self._busy = False
        self._refocus = False
        self._details: PluginDetails | None = None
        self._tile = _Tile(self._look)
        self._title = ElidedText(role="name")
        self._state = StateMark(self._look)
        self._meta = MetaLine(self._look, size=TypeSize.SMALL)
        self._lock = _Lock(self._look)
        self.switch = Switch(self._look, "")
        self.switch.clicked.connect(self.switch_wanted)
        self._summary = Text(role="muted", wrap=True)
        self._note = Text(role="small", wrap=True)
        self.reason = _Reason(self._look)
        self.reason.again.clicked.connect(lambda: self.switch_wanted.emit(True))
        self.fold = Fold(self._look, "Details")
        self.fold.toggled.connect(self._folded)
        self._arrange()
        self.show_record(record)

    def _arrange(self) -> None:
        state = QHBoxLayout()
        state.setSpacing(Space.SIBLING)
        state.addWidget(self._state)
        state.addWidget(self._meta, 1)
        names = QVBoxLayout()
        names.setSpacing(1)
        names.addWidget(self._title)
        names.addLayout(state)
        top = QHBoxLayout()
        top.setSpacing(Space.INNER)
        top.addWidget(self._tile, 0, Qt.AlignmentFlag.AlignTop)
        top.addLayout(names, 1)
        switch = QHBoxLayout()
        switch.setSpacing(Space.TIGHT)
        switch.addWidget(self._lock)
        switch.addWidget(self.switch)
        top.addLayout(switch)
        self._below = QVBoxLayout()
        self._below.setContentsMargins(_INDENT, 0, 0, 0)
        self._below.setSpacing(Space.SIBLING)
        self._below.addWidget(self._summary)
        self._below.addWidget(self._note)
        self._below.addWidget(self.reason)
        self._below.addWidget(self.fold, 0, Qt.AlignmentFlag.AlignLeft)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, Space.INNER, 0, Space.TIGHT)
        layout.setSpacing(Space.TIGHT)
        layout.addLayout(top)
        layout.addLayout(self._below)

    # --------------------------------------------------------------------------------------------------------------- showing

    def show_record(self, record: PluginRecord) -> None:
        changed = record != self.record
        self.record = record
        works = record.state is PluginState.ACTIVE
        self._tile.show_icon(record.icon, works=works)
        self._title.setText(record.title)
        self._meta.show_bits(*(Bit(text=text) for text in (record.version, plugin_text.origin(record)) if text))
        self._summary.setText(breakable(record.summary))
        self._summary.setVisible(bool(record.summary))
        note = plugin_text.switch_note(record)
        self._note.setText(note)
        self._note.setVisible(bool(note))
        self._show_reason()
        self._show_switch()
        self.fold.setAccessibleName(f"Details of {record.title}")
        if changed and self._details is not None:
            self._drop_details()
            self._folded(self.fold.isChecked())

    def set_busy(self, busy: bool) -> None:  # noqa: FBT001 - reads like Qt's setters
        """While it is being switched nothing can be clicked; the focus comes back to the switch afterwards."""
        self._refocus = self.switch.hasFocus() if busy else self._refocus
        self._busy = busy
        self.reason.again.set_busy(busy)
        self._show_switch()
        if not busy and self._refocus:
            self._refocus = False
            self.switch.setFocus(Qt.FocusReason.OtherFocusReason)

    def state_word(self) -> str:
        return self._state.word()

    def details(self) -> PluginDetails | None:
        return self._details

    def _folded(self, shown: bool) -> None:  # noqa: FBT001 - a Qt slot
        if shown and self._details is None:
            self._details = PluginDetails(self._services, self.record)
            self._below.addWidget(self._details)
        if self._details is not None:
            self._details.setVisible(shown)

    def _drop_details(self) -> None:
        if self._details is not None:
            self._below.removeWidget(self._details)
            self._details.hide()
            self._details.deleteLater()
            self._details = None

    def _show_reason(self) -> None:
        record = self.record
        fill = "hover"
        if record.state is PluginState.FAILED:
            fill = "danger_background"
        elif record.state is PluginState.PARKED or plugin_text.faulty(record):
            fill = "held_background"
        again = record.state in {PluginState.FAILED, PluginState.PARKED} and (record.switchable or record.wanted)
        self.reason.show_reason(plugin_text.reason(record), fill=fill, again=again)

    def _show_switch(self) -> None:
        record = self.record
        standing = plugin_text.SWITCHING if self._busy else plugin_text.standing(record)
        self._state.show_state(standing.word, standing.shape, standing.ink)
        with QSignalBlocker(self.switch):
            if not self._busy:
                self.switch.setChecked(record.wanted)
        self.switch.setEnabled(record.switchable and not self._busy)
        self.switch.setAccessibleName(record.title)
        note = record.switch_note or f"{standing.word}. {plugin_text.reason(record)}".strip()
        self.switch.setAccessibleDescription(note)
        self.switch.setToolTip(record.switch_note)
        self._lock.setVisible(not record.switchable)
        self._lock.setToolTip(record.switch_note)
        self.setAccessibleName(f"{record.title}, {standing.word}")

    @override
    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(QPen(QColor(self._look.theme.line), 1))
        painter.drawLine(0, 0, self.width(), 0)
        painter.end()

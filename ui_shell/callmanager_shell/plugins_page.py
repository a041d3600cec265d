"""The section Plugins of Settings: every plugin with its state, its reason, its needs and its switch; follows them live."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from callmanager.api import PluginRecord, PluginState, PluginStateChanged, Severity
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLineEdit, QToolButton, QVBoxLayout, QWidget
from typing_extensions import override

from callmanager_shell import plugin_text
from callmanager_shell.plugin_row import PluginRow
from callmanager_shell.services import ShellServices, sentence
from callmanager_shell.tokens import Space
from callmanager_shell.widgets.text import Text

_FILTER_FROM: Final = 8
_AT_ONCE: Final = 10


class PluginsSection(QWidget):
    """Built at first show, since reading what distributions say about themselves takes a moment."""

    def __init__(self, services: ShellServices) -> None:
        super().__init__()
        self._services = services
        self._rows: list[PluginRow] = []
        self._waiting: list[PluginRecord] = []
        """Rows are still to be made of these."""
        self._undo: Callable[[], None] | None = None
        self._remark = Text(plugin_text.REMARK, role="small", wrap=True)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Find a plugin")
        self.filter.setAccessibleName("Find a plugin")
        self.filter.setClearButtonEnabled(True)
        for clear in self.filter.findChildren(QToolButton):
            clear.setAccessibleName("Clear")
        self.filter.textChanged.connect(self._filtered)
        self._empty = Text(role="muted", wrap=True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.INNER)
        layout.addWidget(self._remark)
        layout.addWidget(self.filter)
        layout.addLayout(self._list)
        layout.addWidget(self._empty)
        self.filter.hide()
        self._empty.hide()

    def close_down(self) -> None:
        if self._undo is not None:
            self._undo()
            self._undo = None

    def rows(self) -> tuple[PluginRow, ...]:
        """From top to bottom, also those that the filter hides."""
        return tuple(self._rows)

    def row(self, plugin_id: str) -> PluginRow:
        """The first with this id."""
        return next(row for row in self._rows if row.record.id == plugin_id)

    def empty_text(self) -> str:
        return "" if self._empty.isHidden() else self._empty.text()

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._undo is None:
            self._undo = self._services.app.bus.subscribe(PluginStateChanged, self._follow, owner="shell")
            self._build()

    # ------------------------------------------------------------------------------------------------------------- internals

    def _build(self) -> None:
        records = sorted(
            self._services.app.plugins.records(),
            key=lambda record: (not plugin_text.troubled(record), record.title.casefold(), record.id),
        )
        self.filter.setVisible(len(records) >= _FILTER_FROM)
        self._waiting = records
        self._build_some()

    def _build_some(self) -> None:
        """A handful of rows at a time, so that the window never stands still for them."""
        for _ in range(min(_AT_ONCE, len(self._waiting))):
            row = PluginRow(self._services, self._waiting.pop(0))
            row.switch_wanted.connect(lambda on, row=row: self._switch(row, on=on))
            self._rows.append(row)
            self._list.addWidget(row)
        self._filtered()
        if self._waiting:
            QTimer.singleShot(0, self, self._build_some)

    def _filtered(self) -> None:
        wanted = self.filter.text().strip()
        shown = 0
        for row in self._rows:
            fits = plugin_text.matches(row.record, wanted)
            row.setVisible(fits)
            shown += fits
        if not self._rows:
            self._empty.setText("No plugins are installed, so there is nothing to switch. Ask your administrator for some.")
        else:
            self._empty.setText(f"No plugin fits “{wanted[:60]}”.")
        self._empty.setVisible(not shown and not self._waiting)

    def _follow(self, event: PluginStateChanged) -> None:
        record = self._services.app.plugins.record(event.plugin_id)
        if record is None:
            return
        row = self._primary(record)
        if row is not None:
            row.show_record(record)
        self._waiting = [record if _same(record, waiting) else waiting for waiting in self._waiting]

    def _primary(self, record: PluginRecord) -> PluginRow | None:
        """Of two with one id, the row of the one that goes by it."""
        return next((row for row in self._rows if _same(row.record, record)), None)

    def _switch(self, row: PluginRow, *, on: bool) -> None:
        row.set_busy(True)
        self._services.tasks.run(
            self, self._switched(row, on=on), doing=f"switching the plugin {row.record.id}", done=lambda: self._done(row)
        )

    async def _switched(self, row: PluginRow, *, on: bool) -> None:
        plugins = self._services.app.plugins
        record = await (plugins.enable(row.record.id) if on else plugins.disable(row.record.id))
        if on and record.state is not PluginState.ACTIVE:
            self._services.toast(f"{record.title} can't be used.", hint=sentence(record.reason), severity=Severity.ERROR)
        elif not on and record.left:
            self._services.toast(
                f"{record.title} left something running.", hint="The details are on its row.", severity=Severity.WARNING
            )

    def _done(self, row: PluginRow) -> None:
        """Whatever came of it: the switch shows how things are."""
        record = self._services.app.plugins.record(row.record.id)
        if record is not None:
            row.show_record(record)
        row.set_busy(False)


def _same(first: PluginRecord, second: PluginRecord) -> bool:
    return (first.id, first.distribution) == (second.id, second.distribution)

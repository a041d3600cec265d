"""A form made from a settings model: one row a field, checked while typing, saved when a field is left."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from typing import Any

import attrs
from callmanager.api import FieldKind, SettingInfo, SettingsChanged, SettingsError, setting_info
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from callmanager_shell.services import ShellServices
from callmanager_shell.settings_rows import (
    ChoiceRow,
    DeviceRow,
    FileRow,
    LinesRow,
    NumberRow,
    PasswordRow,
    Row,
    SwitchRow,
    TextRow,
    VolumeRow,
)
from callmanager_shell.tokens import Space
from callmanager_shell.widgets.button import Button, ButtonKind
from callmanager_shell.widgets.text import Text


class SettingsForm(QWidget):
    """With `immediate` every finished field is saved at once; otherwise the caller saves all of it with `save`."""

    changed = Signal(str)
    submitted = Signal()

    def __init__(self, services: ShellServices, model: type[Any], *, immediate: bool = True) -> None:
        super().__init__()
        self._services = services
        self._model = model
        self._immediate = immediate
        self._rows: dict[str, Row] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(Space.GROUP)
        self._build()
        self.reload()
        self._undo: Callable[[], None] | None = services.app.bus.subscribe(SettingsChanged, self._follow, owner="shell")

    def close_down(self) -> None:
        if self._undo is not None:
            self._undo()
            self._undo = None

    def row(self, field: str) -> Row:
        return self._rows[field]

    def rows(self) -> tuple[Row, ...]:
        return tuple(self._rows.values())

    @property
    def fold_button(self) -> Button | None:
        return self._fold

    def reload(self) -> None:
        """Show what is stored."""
        settings = self._services.app.settings
        values = settings.get(self._model)
        for name, row in self._rows.items():
            if isinstance(row, PasswordRow):
                row.show_stored(settings.secret_is_set(self._model, name))
            else:
                row.show_value(getattr(values, name))
            row.show_complaint("")

    def complaints(self) -> int:
        """Check everything; each complaint is shown at its row. Returns how many there are."""
        return sum(1 for row in self._rows.values() if self._check(row))

    async def save(self) -> bool:
        """Save all rows and the passwords that were typed; false when something does not fit."""
        if self.complaints():
            return False
        plain = {name: row.value() for name, row in self._rows.items() if not isinstance(row, PasswordRow) and not row.locked}
        for name, row in self._rows.items():
            if isinstance(row, PasswordRow) and row.value() and not row.locked:
                await self._services.app.settings.set_secret(self._model, name, row.value())
        try:
            self._services.app.settings.update(self._model, **plain)
        except SettingsError as error:
            next(iter(self._rows.values())).show_complaint("; ".join(error.complaints))
            return False
        self.reload()
        return True

    # ------------------------------------------------------------------------------------------------------------- internals

    def _build(self) -> None:
        advanced: list[Row] = []
        hints = typing.get_type_hints(self._model)
        for attribute in attrs.fields(self._model):
            info = setting_info(attribute)
            if info.kind is FieldKind.HIDDEN:
                continue
            row = self._make_row(attribute.name, hints[attribute.name], info)
            self._rows[attribute.name] = row
            state = self._services.app.settings.state(self._model, attribute.name)
            if state.locked:
                row.lock(state.origin)
            if state.hidden:
                row.conceal()
            row.edited.connect(lambda row=row: self._edited(row))
            row.finished.connect(lambda row=row: self._finished(row))
            row.submitted.connect(self.submitted)
            if info.advanced:
                advanced.append(row)
            else:
                self._layout.addWidget(row)
        self._fold: Button | None = None
        if self._rows and all(row.concealed for row in self._rows.values()):
            self._layout.addWidget(Text("Your administrator decides all of this.", role="muted", wrap=True))
        self._folded = QWidget()
        folded = QVBoxLayout(self._folded)
        folded.setContentsMargins(0, 0, 0, 0)
        folded.setSpacing(Space.GROUP)
        for row in advanced:
            folded.addWidget(row)
        self._folded.hide()
        if not all(row.concealed for row in advanced):
            self._fold = Button(self._services.look, "Advanced", icon="chevron-right", kind=ButtonKind.GHOST)
            line = QHBoxLayout()
            line.setContentsMargins(-Space.INNER, 0, 0, 0)  # the ghost button's text lines up with the labels
            line.addWidget(self._fold)
            line.addStretch()
            self._layout.addLayout(line)
            self._fold.clicked.connect(self._toggle_advanced)
        self._layout.addWidget(self._folded)

    def _toggle_advanced(self) -> None:
        assert self._fold is not None
        self._folded.setVisible(self._folded.isHidden())
        self._fold.set_label("Advanced", icon="chevron-right" if self._folded.isHidden() else "chevron-down")

    def _make_row(self, name: str, kind: Any, info: SettingInfo) -> Row:
        look = self._services.look
        match info.kind:
            case FieldKind.VOLUME:
                return VolumeRow(look, name, info)
            case FieldKind.MICROPHONE:
                return DeviceRow(look, name, info, kind="input")
            case FieldKind.SPEAKER | FieldKind.RINGER:
                return DeviceRow(look, name, info, kind="output")
            case FieldKind.FILE:
                return FileRow(look, name, info)
            case FieldKind.LINES:
                return LinesRow(look, name, info)
            case _:
                pass
        if info.secret:
            return PasswordRow(look, name, info)
        if info.choices is not None:
            return ChoiceRow(look, name, info)
        if isinstance(kind, types.UnionType):
            kind = next(member for member in typing.get_args(kind) if member is not type(None))
        if kind is bool:
            return SwitchRow(look, name, info)
        if kind is int:
            return NumberRow(look, name, info)
        return TextRow(look, name, info)

    def _edited(self, row: Row) -> None:
        self._check(row)
        self.changed.emit(row.field)

    def _check(self, row: Row) -> str:
        complaint = "" if row.locked else self._services.app.settings.check(self._model, row.field, row.value())
        row.show_complaint(complaint)
        return complaint

    def _finished(self, row: Row) -> None:
        if self._undo is None:
            return  # the section is gone; a field that loses the focus on its way out saves nothing
        if not self._immediate or row.locked or self._check(row):
            return
        if isinstance(row, PasswordRow):
            if row.value():
                self._services.tasks.run(self, self._save_secret(row), doing="saving a password")
            return
        self._save_field(row)

    def _save_field(self, row: Row) -> None:
        try:
            self._services.app.settings.update(self._model, **{row.field: row.value()})
        except SettingsError as error:
            row.show_complaint("; ".join(error.complaints))

    async def _save_secret(self, row: PasswordRow) -> None:
        await self._services.app.settings.set_secret(self._model, row.field, row.value())
        row.show_stored(self._services.app.settings.secret_is_set(self._model, row.field))

    def _follow(self, event: SettingsChanged) -> None:
        if not isinstance(event.after, self._model):
            return
        for attribute in attrs.fields(self._model):
            row = self._rows.get(attribute.name)
            changed = getattr(event.before, attribute.name) != getattr(event.after, attribute.name)
            if row is not None and changed and not isinstance(row, PasswordRow):
                row.show_value(getattr(event.after, attribute.name))

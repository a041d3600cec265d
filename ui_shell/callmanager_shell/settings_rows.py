"""One row of a settings form for each kind of field: label, input, help or complaint, and the administrator's lock."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from callmanager.api import AudioDevice, SettingInfo
from PySide6.QtCore import QEvent, QObject, QRectF, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from callmanager_shell.look import Look
from callmanager_shell.tokens import Space
from callmanager_shell.widgets.button import Button
from callmanager_shell.widgets.switch import Switch
from callmanager_shell.widgets.text import Text

_LONGEST: Final = 1024
_LOCKED: Final = "Set by your administrator"
_LOCK: Final = 14
"""The size of the lock in the text's line."""


class LockNote(QWidget):
    """A lock and whose it is; the tool tip names the file."""

    def __init__(self, look: Look, origin: str) -> None:
        super().__init__()
        self._look = look
        text = Text(_LOCKED, role="small")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(_LOCK + Space.TIGHT, 0, 0, 0)
        layout.addWidget(text)
        self.setToolTip(origin)
        self.setAccessibleName(origin)

    @override
    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        area = QRectF(0, (self.height() - _LOCK) / 2, _LOCK, _LOCK)
        self._look.paint_icon(painter, "lock", area, self._look.theme.muted)
        painter.end()


class Row(QWidget):
    """`edited` comes with every key stroke and click, `finished` when the field is left or a choice is made."""

    edited = Signal()
    finished = Signal()
    submitted = Signal()
    """Enter was pressed in a one-line field."""

    def __init__(self, look: Look, field: str, info: SettingInfo, *, beside: bool = False) -> None:
        super().__init__()
        self.look = look
        self.field = field
        self.info = info
        self.locked = False
        self.concealed = False
        self._locked_by = ""
        self._roomy = not beside
        """Whether the label's line has nothing else in it."""
        self._label = Text(info.label, wrap=beside)
        self._label.setStyleSheet("font-weight: 500;")
        self._below = Text(info.help, role="small", wrap=True)
        self._below.setVisible(bool(info.help))
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(Space.TIGHT)
        self.beside = QHBoxLayout()
        self.beside.setSpacing(Space.SIBLING)
        self.beside.addWidget(self._label, 1 if beside else 0)
        if not beside:
            self.beside.addStretch()
        if beside:
            self._layout.addLayout(self.beside)
            self._layout.addWidget(self._below)
        else:
            self._layout.addLayout(self.beside)

    def place(self, widget: QWidget | QHBoxLayout) -> None:
        """Put the input between label and help."""
        if isinstance(widget, QWidget):
            self._layout.addWidget(widget)
        else:
            self._layout.addLayout(widget)
        self._layout.addWidget(self._below)

    def set_label(self, text: str) -> None:
        self._label.setText(text)
        self.input().setAccessibleName(text)

    def label(self) -> str:
        return self._label.text()

    def message(self) -> str:
        return self._below.text()

    def show_complaint(self, complaint: str) -> None:
        """Replace the help by what is wrong; empty brings the help back."""
        words = complaint[:1].upper() + complaint[1:] if complaint else self.info.help
        self._below.setText(words)
        self._below.set_role("error" if complaint else "small")
        self._below.setVisible(bool(words))
        widget = self.input()
        widget.setProperty("invalid", bool(complaint))
        widget.setAccessibleDescription(f"{self._locked_by}. {words}".rstrip() if self.locked else words)
        widget.style().unpolish(widget)
        widget.style().polish(widget)

    def lock(self, origin: str) -> None:
        """The administrator decides this one; `origin` is his file."""
        self.locked = True
        self._locked_by = f"{_LOCKED} in {origin}"
        for widget in self.parts():
            widget.setEnabled(False)
        self.input().setAccessibleDescription(self._locked_by)
        self.setToolTip(self._locked_by)
        note = LockNote(self.look, self._locked_by)
        if self._roomy:
            self.beside.addWidget(note)
        else:
            self._layout.insertWidget(1, note)

    def conceal(self) -> None:
        """The administrator does not want it to be seen; whoever shows and hides rows changes nothing about that."""
        self.concealed = True
        self.setVisible(False)

    @override
    def setVisible(self, visible: bool) -> None:
        super().setVisible(visible and not self.concealed)

    def parts(self) -> tuple[QWidget, ...]:
        """Everything by which the value can be changed."""
        return (self.input(),)

    def input(self) -> QWidget:
        raise NotImplementedError

    def value(self) -> Any:
        raise NotImplementedError

    def show_value(self, value: Any) -> None:
        raise NotImplementedError


class TextRow(Row):
    def __init__(self, look: Look, field: str, info: SettingInfo) -> None:
        super().__init__(look, field, info)
        self.edit = QLineEdit()
        self.edit.setMaxLength(_LONGEST)
        self.edit.setPlaceholderText(info.placeholder)
        self.edit.setAccessibleName(info.label)
        self.edit.textEdited.connect(lambda _text: self.edited.emit())
        self.edit.editingFinished.connect(self.finished)
        self.edit.returnPressed.connect(self.submitted)
        self.place(self.edit)

    @override
    def input(self) -> QLineEdit:
        return self.edit

    @override
    def value(self) -> str:
        return self.edit.text().strip()

    @override
    def show_value(self, value: Any) -> None:
        if not self.edit.hasFocus() or not self.edit.isModified():
            self.edit.setText(str(value))


class PasswordRow(TextRow):
    """Never shows what is stored, only that something is."""

    def __init__(self, look: Look, field: str, info: SettingInfo) -> None:
        super().__init__(look, field, info)
        self.edit.setEchoMode(QLineEdit.EchoMode.Password)

    @override
    def value(self) -> str:
        return self.edit.text()

    def show_stored(self, stored: bool) -> None:  # noqa: FBT001 - reads like Qt's setters
        self.edit.clear()
        self.edit.setPlaceholderText("Stored in the key store of this computer" if stored else "")


class _Spin(QSpinBox):
    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # scrolling through the form must not change numbers


class NumberRow(Row):
    def __init__(self, look: Look, field: str, info: SettingInfo) -> None:
        super().__init__(look, field, info)
        self.spin = _Spin()
        self.spin.setRange(int(info.minimum if info.minimum is not None else 0), int(info.maximum or 2_000_000_000))
        self.spin.setAccessibleName(info.label)
        self.spin.setMaximumWidth(140)
        self.spin.lineEdit().setTextMargins(Space.SIBLING, 0, 0, 0)
        self.spin.valueChanged.connect(lambda _value: self.edited.emit())
        self.spin.editingFinished.connect(self.finished)
        self.spin.lineEdit().returnPressed.connect(self.submitted)
        self.place(self.spin)

    @override
    def input(self) -> QSpinBox:
        return self.spin

    @override
    def value(self) -> int:
        return self.spin.value()

    @override
    def show_value(self, value: Any) -> None:
        with QSignalBlocker(self.spin):
            self.spin.setValue(int(value))


class SwitchRow(Row):
    def __init__(self, look: Look, field: str, info: SettingInfo) -> None:
        super().__init__(look, field, info, beside=True)
        self.switch = Switch(look, info.label)
        self.switch.clicked.connect(self._clicked)
        self.beside.addWidget(self.switch)

    def _clicked(self) -> None:
        self.edited.emit()
        self.finished.emit()

    @override
    def input(self) -> Switch:
        return self.switch

    @override
    def value(self) -> bool:
        return self.switch.isChecked()

    @override
    def show_value(self, value: Any) -> None:
        self.switch.setChecked(bool(value))


class Choice(QComboBox):
    """A combo box with our own chevron that does not change by scrolling over it."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.setMinimumContentsLength(8)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)

    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.width() - 26, self.height() / 2 - 8, 16, 16)
        self._look.paint_icon(painter, "chevron-down", area, self._look.theme.muted)
        painter.end()


class ChoiceRow(Row):
    def __init__(self, look: Look, field: str, info: SettingInfo) -> None:
        super().__init__(look, field, info)
        self.combo = Choice(look)
        self.combo.setAccessibleName(info.label)
        for value, shown in (info.choices or {}).items():
            self.combo.addItem(shown, value)
        self.combo.activated.connect(self._activated)
        self.place(self.combo)

    def _activated(self, _index: int) -> None:
        self.edited.emit()
        self.finished.emit()

    @override
    def input(self) -> QComboBox:
        return self.combo

    @override
    def value(self) -> Any:
        return self.combo.currentData()

    @override
    def show_value(self, value: Any) -> None:
        values = [self.combo.itemData(index) for index in range(self.combo.count())]
        if value in values:
            self.combo.setCurrentIndex(values.index(value))


class DeviceRow(ChoiceRow):
    """Devices by name; the system's default first, and a chosen one that is unplugged stays chosen."""

    def __init__(self, look: Look, field: str, info: SettingInfo, *, kind: str) -> None:
        super().__init__(look, field, info)
        self._kind = kind
        self._wanted = ""

    def show_devices(self, devices: Sequence[AudioDevice]) -> None:
        mine = [device for device in devices if device.kind == self._kind]
        default = next((device.name for device in mine if device.is_default), "")
        self.combo.clear()
        self.combo.addItem(f"System default – {default}" if default else "System default", "")
        for device in mine:
            self.combo.addItem(device.name[:200], device.id)
        self.show_value(self._wanted)

    @override
    def show_value(self, value: Any) -> None:
        self._wanted = str(value)
        values = [self.combo.itemData(index) for index in range(self.combo.count())]
        if self._wanted not in values:
            self.combo.addItem("Your device is not connected", self._wanted)
            values.append(self._wanted)
        self.combo.setCurrentIndex(values.index(self._wanted))


class _Slider(QSlider):
    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class VolumeRow(Row):
    def __init__(self, look: Look, field: str, info: SettingInfo) -> None:
        super().__init__(look, field, info)
        self.slider = _Slider(Qt.Orientation.Horizontal)
        self.slider.setRange(round((info.minimum or 0.0) * 100), round((info.maximum or 1.0) * 100))
        self.slider.setPageStep(10)
        self.slider.setMinimumHeight(22)
        self.slider.setAccessibleName(info.label)
        self._shown = Text("", role="muted")
        self._shown.setMinimumWidth(44)
        self._shown.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.beside.addWidget(self._shown)
        self.slider.valueChanged.connect(self._moved)
        self.slider.sliderReleased.connect(self.finished)
        self.place(self.slider)

    def _moved(self, value: int) -> None:
        self._shown.setText(f"{value} %")
        self.edited.emit()
        if not self.slider.isSliderDown():
            self.finished.emit()  # by keyboard or a click beside the handle

    @override
    def input(self) -> QSlider:
        return self.slider

    @override
    def value(self) -> float:
        return self.slider.value() / 100

    @override
    def show_value(self, value: Any) -> None:
        if self.slider.isSliderDown():
            return
        with QSignalBlocker(self.slider):
            self.slider.setValue(round(float(value) * 100))
        self._shown.setText(f"{self.slider.value()} %")


class LinesRow(Row):
    def __init__(self, look: Look, field: str, info: SettingInfo) -> None:
        super().__init__(look, field, info)
        self.edit = QPlainTextEdit()
        self.edit.setTabChangesFocus(True)
        self.edit.setFixedHeight(66)
        self.edit.setPlaceholderText(info.placeholder)
        self.edit.setAccessibleName(info.label)
        self.edit.textChanged.connect(self.edited)
        self.edit.installEventFilter(self)
        self.place(self.edit)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.edit and event.type() is QEvent.Type.FocusOut:
            self.finished.emit()
        elif (
            watched is self.edit
            and event.type() is QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and event.modifiers() & Qt.KeyboardModifier.ControlModifier
            and event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}
        ):
            self.submitted.emit()
            return True
        return False

    @override
    def input(self) -> QPlainTextEdit:
        return self.edit

    @override
    def value(self) -> tuple[str, ...]:
        return tuple(line.strip() for line in self.edit.toPlainText().splitlines() if line.strip())[:32]

    @override
    def show_value(self, value: Any) -> None:
        with QSignalBlocker(self.edit):
            self.edit.setPlainText("\n".join(value))


class FileRow(TextRow):
    def __init__(self, look: Look, field: str, info: SettingInfo) -> None:
        super().__init__(look, field, info)
        choose = Button(look, "Choose…", icon="folder")
        choose.clicked.connect(self._choose)
        self.choose = choose
        line = QHBoxLayout()
        line.setSpacing(Space.SIBLING)
        self._layout.removeWidget(self.edit)
        line.addWidget(self.edit, 1)
        line.addWidget(choose)
        self._layout.insertLayout(1, line)

    @override
    def parts(self) -> tuple[QWidget, ...]:
        return (self.edit, self.choose)

    @override
    def value(self) -> Path | None:  # type: ignore[override]  # a path is what this row holds
        text = self.edit.text().strip()
        return Path(text) if text else None

    @override
    def show_value(self, value: Any) -> None:
        super().show_value(value or "")

    def _choose(self) -> None:
        dialog = QFileDialog(self.window(), self.info.label, str(Path.home()))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._chosen)
        dialog.open()

    def _chosen(self, path: str) -> None:
        self.edit.setText(path)
        self.edited.emit()
        self.finished.emit()

"""The choice in the header, and the list of numbers in Settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from callmanager.api import ThemeColour, UiKit, UserError
from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QVBoxLayout, QWidget

from callmanager_call_control.lists.panel import Complaint, Line, LineList, field

if TYPE_CHECKING:
    from callmanager_call_control.caller_id.desk import CallerIdDesk
    from callmanager_call_control.caller_id.identities import Identity

DEFAULT: Final = "Default of the extension"
_DEFAULT_SHORT: Final = "Caller ID"
_WIDEST: Final = 130
_HOW: Final = "The number as others should see it, with + and the country code."


def choice_button(desk: CallerIdDesk, kit: UiKit) -> QPushButton:
    """The label in use, with a menu to choose another; hidden while there is nothing to choose from."""
    button = QPushButton()  # a subclass would not get the window's style
    button.setObjectName("callerId")
    _Choice(button, desk, kit)
    return button


class _Choice(QObject):
    """Keeps the button as the desk has it; lives and dies with the button."""

    def __init__(self, button: QPushButton, desk: CallerIdDesk, kit: UiKit) -> None:
        super().__init__(button)
        self._button = button
        self._desk = desk
        self._kit = kit
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # the chevron stands behind the word
        button.clicked.connect(self._open)
        undo = desk.watch(self._show)
        button.destroyed.connect(lambda: undo())  # noqa: PLW0108 - the signal brings an argument
        kit.follow_theme(button, self._show)

    def _show(self) -> None:
        desk, button = self._desk, self._button
        once = desk.next_is_set
        chosen = desk.next if once else desk.active
        short = chosen.label if chosen is not None else _DEFAULT_SHORT
        full = f"{chosen.label}, {chosen.shown}" if chosen is not None else DEFAULT
        words = f"Next: {short if chosen is not None else 'Default'}" if once else short
        button.setIcon(self._kit.icon("chevron-down"))
        button.setText(button.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, _WIDEST).replace("&", "&&"))
        spoken = f"Caller ID of the next call: {full}" if once else f"Caller ID: {full}"
        button.setAccessibleName(spoken)
        button.setToolTip(spoken)
        colour = self._kit.colour(ThemeColour.WARNING_TEXT).name() if once else ""
        button.setStyleSheet(f"QPushButton {{ color: {colour}; }}" if once else "")
        if not desk.identities:
            button.hide()
        elif button.parentWidget() is not None:  # without a parent it would be a window
            button.show()

    def _open(self) -> None:
        menu = QMenu(self._button)
        menu.setLayoutDirection(QGuiApplication.layoutDirection())  # not the button's
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setAccessibleName("Caller ID")
        desk = self._desk
        self._fill(menu, desk.active, lambda label: desk.choose(label))  # noqa: PLW0108 - named for the reader
        once = menu.addMenu("For the next call only")
        once.setLayoutDirection(QGuiApplication.layoutDirection())
        self._fill(once, desk.next, lambda label: desk.choose_next(label), checked=desk.next_is_set)  # noqa: PLW0108
        if desk.next_is_set:
            once.addSeparator()
            once.addAction("As usual", desk.forget_next)
        menu.addAction("Manage numbers…", lambda: self._kit.open_settings("caller_id"))
        menu.popup(self._button.mapToGlobal(self._button.rect().bottomLeft()))

    def _fill(self, menu: QMenu, chosen: Identity | None, choose: object, *, checked: bool = True) -> None:
        group = QActionGroup(menu)
        for one in (None, *self._desk.identities):
            words = f"{one.label}  {one.shown}" if one is not None else DEFAULT
            entry = QAction(words.replace("&", "&&"), menu)
            entry.setCheckable(True)
            entry.setChecked(checked and one == chosen)
            label = one.label if one is not None else ""
            entry.triggered.connect(lambda _checked=False, label=label: self._do(choose, label))
            group.addAction(entry)
            menu.addAction(entry)
        menu.addSeparator()

    def _do(self, choose: object, label: str) -> None:
        assert callable(choose)
        try:
            choose(label)
        except UserError as error:
            self._kit.toast(f"{error.text[:1].upper()}{error.text[1:]}. {error.hint}".strip())


class CallerIds(QWidget):
    """Add, remove and choose. The first row is the extension's own number and can't be removed."""

    def __init__(self, desk: CallerIdDesk, kit: UiKit) -> None:
        super().__init__()
        self._desk = desk
        self.label = field("Label", "Label", longest=60)
        self.number = field("Number", "Number", longest=60)
        self.add_button = QPushButton("Add")
        self.add_button.setAccessibleName("Add this caller ID")
        self.complaint = Complaint(self.number, _HOW)
        self.list = LineList(kit, "Caller IDs")
        self.use_button = QPushButton("Use")
        self.remove_button = QPushButton("Remove")
        hint = QLabel("The PBX shows what it trusts you to show; ask your administrator if others still see your own number.")
        hint.setProperty("role", "small")
        hint.setWordWrap(True)
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.label, 2)
        line.addWidget(self.number, 3)
        line.addWidget(self.add_button)
        foot = QHBoxLayout()
        foot.addWidget(hint, 1)
        foot.addWidget(self.use_button)
        foot.addWidget(self.remove_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.list)
        layout.addLayout(line)
        layout.addWidget(self.complaint)
        layout.addLayout(foot)
        self.label.returnPressed.connect(self.number.setFocus)
        self.label.textEdited.connect(lambda _text: self.complaint.say(""))
        self.number.returnPressed.connect(self.add_button.click)
        self.list.selectionModel().selectionChanged.connect(lambda _on, _off: self._offer())
        kit.connect(self.add_button.clicked, self, self.add)
        kit.connect(self.use_button.clicked, self, self._use)
        kit.connect(self.remove_button.clicked, self, self._remove)
        kit.connect(self.list.delete_pressed, self, self._remove)
        kit.connect(self.list.chosen, self, self._use_this)
        undo = desk.watch(self._fill)
        self.destroyed.connect(lambda: undo())  # noqa: PLW0108 - the signal brings an argument
        self._fill()

    async def add(self, *_clicked: object) -> None:
        """Add what is in the fields, or say at the field what is wrong with it."""
        label, number = self.label.text().strip(), self.number.text().strip()
        if not label and not number:
            self.label.setFocus()
            return
        complaint = self._desk.complaint(label, number)
        self.complaint.say(complaint)
        if complaint:
            self.number.setFocus()
            return
        self._desk.add(label, number)
        self.label.clear()
        self.number.clear()
        self.label.setFocus()

    def _fill(self) -> None:
        active = self._desk.active
        mark = "In use"
        self.list.show_lines(
            [
                Line(key="", title=DEFAULT, detail="The number that the PBX gives your extension", mark="" if active else mark),
                *(
                    Line(key=one.label, title=one.label, detail=one.shown, mark=mark if one == active else "")
                    for one in self._desk.identities
                ),
            ]
        )
        self._offer()

    def _offer(self) -> None:
        chosen = self.list.selected()
        several = bool(self._desk.identities)
        for button in (self.use_button, self.remove_button):
            button.setVisible(several)
        self.use_button.setEnabled(len(chosen) == 1)
        self.remove_button.setEnabled(any(chosen))

    async def _use(self, *_clicked: object) -> None:
        chosen = self.list.selected()
        if len(chosen) == 1:
            self._desk.choose(chosen[0])

    async def _use_this(self, label: str) -> None:
        self._desk.choose(label)

    async def _remove(self, *_clicked: object) -> None:
        chosen = tuple(label for label in self.list.selected() if label)
        if chosen:
            self._desk.remove(chosen)

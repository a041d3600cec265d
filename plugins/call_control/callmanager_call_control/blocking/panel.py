"""The list in Settings: block a number, look who is blocked and since when, unblock."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from callmanager.api import UiKit
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QVBoxLayout, QWidget

from callmanager_call_control.lists.panel import Complaint, Line, LineList, field

if TYPE_CHECKING:
    from callmanager_call_control.blocking.desk import BlockingDesk
    from callmanager_call_control.blocking.entries import Entry

_HOW: Final = "A number, an extension or a SIP address; with * behind it, all numbers that begin so."
_NOBODY: Final = "Nobody is blocked. Callers can also be blocked from their call, a contact or the history."


class BlockedNumbers(QWidget):
    """Follows the list; what is added or removed shows when the disk has it."""

    def __init__(self, desk: BlockingDesk, kit: UiKit) -> None:
        super().__init__()
        self._desk = desk
        self.number = field("Number to block", "Number, or 1900*", longest=160)
        self.note = field("Note", "Note", longest=120)
        self.add_button = QPushButton("Block")
        self.add_button.setAccessibleName("Block this number")
        self.complaint = Complaint(self.number, _HOW)
        self.list = LineList(kit, "Blocked numbers")
        self.unblock_button = QPushButton("Unblock")
        self._hint = QLabel()
        self._hint.setProperty("role", "small")
        self._hint.setTextFormat(Qt.TextFormat.PlainText)
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.number, 3)
        line.addWidget(self.note, 2)
        line.addWidget(self.add_button)
        foot = QHBoxLayout()
        foot.addWidget(self._hint, 1)
        foot.addWidget(self.unblock_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(line)
        layout.addWidget(self.complaint)
        layout.addWidget(self.list)
        layout.addLayout(foot)
        self.number.returnPressed.connect(self.add_button.click)
        self.note.returnPressed.connect(self.add_button.click)
        self.list.selectionModel().selectionChanged.connect(lambda _on, _off: self._offer())
        self.list.menu_wanted.connect(self._menu)
        kit.connect(self.add_button.clicked, self, self.add)
        kit.connect(self.unblock_button.clicked, self, self._unblock)
        kit.connect(self.list.delete_pressed, self, self._unblock)
        undo = desk.watch(self._fill)
        self.destroyed.connect(lambda: undo())  # noqa: PLW0108 - the signal brings an argument
        self._fill()

    async def add(self, *_clicked: object) -> None:
        """Block what is in the fields, or say at the field what is wrong with it."""
        text = self.number.text().strip()
        complaint = self._desk.complaint(text) if text else ""
        self.complaint.say(complaint)
        self.number.setFocus()
        if not text or complaint:
            return
        await self._desk.add(text, note=self.note.text())
        self.number.clear()
        self.note.clear()

    def _fill(self) -> None:
        entries = self._desk.entries
        self.list.show_lines([Line(key=str(entry.id), title=entry.shown, detail=details(entry)) for entry in entries])
        self.list.setVisible(bool(entries))
        self._offer()

    def _offer(self) -> None:
        count, chosen = len(self._desk.entries), len(self.list.selected())
        self.unblock_button.setVisible(count > 0)
        self.unblock_button.setEnabled(chosen > 0)
        words = f"{chosen} of {count} selected" if chosen else f"{count} blocked"
        self._hint.setText(words if count else _NOBODY)
        self._hint.setWordWrap(count == 0)

    def _menu(self, place: QPoint) -> None:
        if self.list.selected():
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.addAction("Unblock", self.unblock_button.click)
            menu.popup(place)

    async def _unblock(self, *_clicked: object) -> None:
        chosen = set(self.list.selected())
        entries = [entry for entry in self._desk.entries if str(entry.id) in chosen]
        if entries:
            await self._desk.unblock(entries)


def details(entry: Entry) -> str:
    """The second line of a row: the note, since when, and what it has done."""
    parts = [entry.note, f"since {_day(entry.added_at)}"]
    if entry.refused and entry.refused_at is not None:
        calls = "1 call" if entry.refused == 1 else f"{entry.refused} calls"
        parts.append(f"{calls} refused, last {_day(entry.refused_at)}")
    return " · ".join(filter(None, parts))


def _day(at: datetime) -> str:
    local = at.astimezone()
    return f"{local.day} {local:%b %Y}"

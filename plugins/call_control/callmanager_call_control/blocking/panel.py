"""The list in Settings: block a number, look who is blocked and since when, unblock."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from callmanager.api import TextStyle, ThemeColour, UiKit
from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QMenu,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

if TYPE_CHECKING:
    from callmanager_call_control.blocking.desk import BlockingDesk
    from callmanager_call_control.blocking.entries import Entry

_ROW: Final = 46
_MOST_ROWS: Final = 6
_HOW: Final = "A number, an extension or a SIP address; with * behind it, all numbers that begin so."
_ENTRY: Final = Qt.ItemDataRole.UserRole


class BlockedNumbers(QWidget):
    """Follows the list; what is added or removed shows when the disk has it."""

    def __init__(self, desk: BlockingDesk, kit: UiKit) -> None:
        super().__init__()
        self._desk = desk
        self._kit = kit
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        self.number = _field("Number to block", "Number, or 1900*", 160)
        self.note = _field("Note", "Note", 120)
        self.add_button = QPushButton("Block")
        self.add_button.setAccessibleName("Block this number")
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.number, 3)
        line.addWidget(self.note, 2)
        line.addWidget(self.add_button)
        self._below = QLabel()
        self._below.setTextFormat(Qt.TextFormat.PlainText)
        self._below.setWordWrap(True)
        self.list = _List()
        self.list.setItemDelegate(_Rows(kit, self.list))
        self._model = QStandardItemModel(self.list)
        self.list.setModel(self._model)
        self.unblock_button = QPushButton("Unblock")
        self._hint = QLabel()
        self._hint.setProperty("role", "small")
        self._hint.setTextFormat(Qt.TextFormat.PlainText)
        foot = QHBoxLayout()
        foot.addWidget(self._hint, 1)
        foot.addWidget(self.unblock_button)
        layout.addLayout(line)
        layout.addWidget(self._below)
        layout.addWidget(self.list)
        layout.addLayout(foot)
        self.number.textEdited.connect(lambda _text: self._say(""))
        self.number.returnPressed.connect(self.add_button.click)
        self.note.returnPressed.connect(self.add_button.click)
        self.list.selectionModel().selectionChanged.connect(lambda _on, _off: self._offer())
        self.list.menu_wanted.connect(self._menu)
        kit.connect(self.add_button.clicked, self, self._add)
        kit.connect(self.unblock_button.clicked, self, self._unblock)
        kit.connect(self.list.delete_pressed, self, self._unblock)
        kit.follow_theme(self, self.list.viewport().update)
        undo = desk.watch(self._fill)
        self.destroyed.connect(lambda: undo())  # noqa: PLW0108 - the signal brings an argument
        self._say("")
        self._fill()

    def message(self) -> str:
        """What is said below the field."""
        return self._below.text()

    def _say(self, complaint: str) -> None:
        """What is wrong with the number, or nothing."""
        self._below.setText(f"{complaint[:1].upper()}{complaint[1:]}." if complaint else "")
        self._below.setVisible(bool(complaint))
        self._below.setProperty("role", "error")
        self.number.setProperty("invalid", bool(complaint))
        self.number.setAccessibleDescription(complaint or _HOW)
        self.number.setToolTip(_HOW)
        for widget in (self._below, self.number):
            widget.style().unpolish(widget)
            widget.style().polish(widget)

    def _selected(self) -> list[Entry]:
        return [index.data(_ENTRY) for index in self.list.selectedIndexes()]

    def _fill(self) -> None:
        chosen = {entry.id for entry in self._selected()}
        self._model.clear()
        for entry in self._desk.entries:
            item = QStandardItem(entry.shown)
            item.setEditable(False)
            item.setData(entry, _ENTRY)
            item.setData(f"{entry.shown}, {details(entry)}", Qt.ItemDataRole.AccessibleTextRole)
            self._model.appendRow(item)
            if entry.id in chosen:
                self.list.selectionModel().select(item.index(), self.list.selectionModel().SelectionFlag.Select)
        count = len(self._desk.entries)
        self.list.setVisible(count > 0)
        self.list.setFixedHeight(min(count, _MOST_ROWS) * _ROW + 2)
        self._offer()

    def _offer(self) -> None:
        count, chosen = len(self._desk.entries), len(self.list.selectedIndexes())
        self.unblock_button.setVisible(count > 0)
        self.unblock_button.setEnabled(chosen > 0)
        if count == 0:
            self._hint.setText("Nobody is blocked. Callers can also be blocked from their call, a contact or the history.")
        else:
            self._hint.setText(f"{chosen} of {count} selected" if chosen else f"{count} blocked")
        self._hint.setWordWrap(count == 0)

    def _menu(self, place: QPoint) -> None:
        if not self._selected():
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Unblock", self.unblock_button.click)
        menu.popup(self.list.viewport().mapToGlobal(place))

    async def _add(self, *_clicked: object) -> None:
        text, note = self.number.text().strip(), self.note.text()
        if not text:
            self.number.setFocus()
            return
        complaint = self._desk.complaint(text)
        self._say(complaint)
        if complaint:
            self.number.setFocus()
            return
        await self._desk.add(text, note=note)
        self.number.clear()
        self.note.clear()
        self.number.setFocus()

    async def _unblock(self, *_clicked: object) -> None:
        chosen = self._selected()
        if chosen:
            await self._desk.unblock(chosen)


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


def _field(name: str, placeholder: str, longest: int) -> QLineEdit:
    field = QLineEdit()
    field.setAccessibleName(name)
    field.setPlaceholderText(placeholder)
    field.setMaxLength(longest)
    field.setMinimumWidth(90)
    return field


class _List(QListView):
    """Delete and the context menu speak for the selected rows."""

    delete_pressed = Signal()
    menu_wanted = Signal(QPoint)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Blocked numbers")
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self.menu_wanted)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Delete, Qt.Key.Key_Backspace}:
            self.delete_pressed.emit()
            return
        super().keyPressEvent(event)

    @override
    def event(self, event: QEvent) -> bool:
        # Delete is nobody's shortcut while a row is selected
        if event.type() is QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Delete:
            event.accept()
            return True
        return super().event(event)


class _Rows(QStyledItemDelegate):
    """Two lines: the number, and what is known of it."""

    def __init__(self, kit: UiKit, parent: QObject) -> None:
        super().__init__(parent)
        self._kit = kit

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(80, _ROW)

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        entry: Entry = index.data(_ENTRY)
        kit = self._kit
        state: QStyle.StateFlag = option.state
        area = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if state & QStyle.StateFlag.State_Selected:
            painter.setBrush(kit.colour(ThemeColour.ACCENT_BACKGROUND))
            painter.drawRoundedRect(area.adjusted(0, 1, 0, -1), 8, 8)
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(kit.colour(ThemeColour.HOVER))
            painter.drawRoundedRect(area.adjusted(0, 1, 0, -1), 8, 8)
        words = area.adjusted(10, 4, -10, -4)
        half = words.height() / 2
        _line(
            painter, kit, QRectF(words.left(), words.top(), words.width(), half), entry.shown, TextStyle.NAME, ThemeColour.TEXT
        )
        below = QRectF(words.left(), words.top() + half, words.width(), half)
        _line(painter, kit, below, details(entry), TextStyle.SMALL, ThemeColour.MUTED)
        painter.restore()


def _line(painter: QPainter, kit: UiKit, area: QRectF, text: str, style: TextStyle, colour: ThemeColour) -> None:
    painter.setFont(kit.font(style))
    painter.setPen(kit.colour(colour))
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(area.width()))
    painter.drawText(area, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), shown)

"""A short list for a section of Settings: rows of two lines, as high as it has rows, with keys for what its buttons do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs
from callmanager.api import TextStyle, ThemeColour, UiKit
from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QObject, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLabel,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)
from typing_extensions import override

_ROW: Final = 46
_MOST_ROWS: Final = 6
_LINE: Final = Qt.ItemDataRole.UserRole


@attrs.frozen(kw_only=True)
class Line:
    """One row. `key` tells rows apart while the list changes; `mark` stands at the end, in the colour of what is good."""

    key: str
    title: str
    detail: str = ""
    mark: str = ""


class LineList(QListView):
    """Shows what it is given and keeps the selection. Delete and Enter speak for the selected rows."""

    delete_pressed = Signal()
    chosen = Signal(str)
    """A row was double-clicked, or Enter was pressed on it."""
    menu_wanted = Signal(object)
    """The point of the screen."""

    def __init__(self, kit: UiKit, name: str, *, several: bool = True) -> None:
        super().__init__()
        self.setAccessibleName(name)
        mode = QAbstractItemView.SelectionMode
        self.setSelectionMode(mode.ExtendedSelection if several else mode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(lambda place: self.menu_wanted.emit(self.viewport().mapToGlobal(place)))
        self.doubleClicked.connect(lambda index: self.chosen.emit(index.data(_LINE).key))
        self._rows = QStandardItemModel(self)
        self.setModel(self._rows)
        self.setItemDelegate(_Rows(kit, self))
        kit.follow_theme(self, self.viewport().update)

    def show_lines(self, lines: Sequence[Line]) -> None:
        """Replace all rows; those that were selected and are still there stay so."""
        selected = set(self.selected())
        current = self.currentIndex().data(_LINE)
        self._rows.clear()
        for line in lines:
            item = QStandardItem(line.title)
            item.setEditable(False)
            item.setData(line, _LINE)
            spoken = ", ".join(filter(None, (line.title, line.detail, line.mark)))
            item.setData(spoken, Qt.ItemDataRole.AccessibleTextRole)
            self._rows.appendRow(item)
            if current is not None and line.key == current.key:
                self.selectionModel().setCurrentIndex(item.index(), QItemSelectionModel.SelectionFlag.NoUpdate)
            if line.key in selected:
                self.selectionModel().select(item.index(), QItemSelectionModel.SelectionFlag.Select)
        self.setFixedHeight(min(len(lines), _MOST_ROWS) * _ROW + 2)

    def lines(self) -> tuple[Line, ...]:
        return tuple(self._rows.item(row).data(_LINE) for row in range(self._rows.rowCount()))

    def selected(self) -> tuple[str, ...]:
        """The keys of the selected rows, from top to bottom."""
        return tuple(index.data(_LINE).key for index in sorted(self.selectedIndexes(), key=lambda index: index.row()))

    def select(self, *keys: str) -> None:
        """Select these rows and no others."""
        self.clearSelection()
        for row, line in enumerate(self.lines()):
            if line.key in keys:
                self.selectionModel().setCurrentIndex(self._rows.index(row, 0), QItemSelectionModel.SelectionFlag.Select)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Delete, Qt.Key.Key_Backspace}:
            self.delete_pressed.emit()
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and self.currentIndex().isValid():
            self.chosen.emit(self.currentIndex().data(_LINE).key)
        else:
            super().keyPressEvent(event)

    @override
    def event(self, event: QEvent) -> bool:
        # Delete is nobody's shortcut while the list has the focus
        if event.type() is QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Delete:
            event.accept()
            return True
        return super().event(event)


class _Rows(QStyledItemDelegate):
    def __init__(self, kit: UiKit, parent: QObject) -> None:
        super().__init__(parent)
        self._kit = kit

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(80, _ROW)

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        line: Line = index.data(_LINE)
        kit = self._kit
        state: QStyle.StateFlag = option.state
        area = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for flag, colour in (
            (QStyle.StateFlag.State_Selected, ThemeColour.ACCENT_BACKGROUND),
            (QStyle.StateFlag.State_MouseOver, ThemeColour.HOVER),
        ):
            if state & flag:
                painter.setBrush(kit.colour(colour))
                painter.drawRoundedRect(area.adjusted(0, 1, 0, -1), 8, 8)
                break
        words = area.adjusted(10, 4, -10, -4)
        if line.mark:
            painter.setFont(kit.font(TextStyle.SMALL))
            painter.setPen(kit.colour(ThemeColour.GOOD_TEXT))
            end = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
            painter.drawText(words, int(end), line.mark)
            words.setRight(words.right() - painter.fontMetrics().horizontalAdvance(line.mark) - 10)
        if line.detail:
            half = words.height() / 2
            _write(painter, kit, QRectF(words.left(), words.top(), words.width(), half), line.title, main=True)
            _write(painter, kit, QRectF(words.left(), words.top() + half, words.width(), half), line.detail, main=False)
        else:
            _write(painter, kit, words, line.title, main=True)
        painter.restore()


def _write(painter: QPainter, kit: UiKit, area: QRectF, text: str, *, main: bool) -> None:
    painter.setFont(kit.font(TextStyle.NAME if main else TextStyle.SMALL))
    painter.setPen(kit.colour(ThemeColour.TEXT if main else ThemeColour.MUTED))
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(area.width()))
    painter.drawText(area, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), shown)


class Complaint(QLabel):
    """What is wrong with a field, below it; there only while something is."""

    def __init__(self, field: QLineEdit, how: str) -> None:
        super().__init__()
        self._field = field
        self._how = how
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setProperty("role", "error")
        field.textEdited.connect(lambda _text: self.say(""))
        field.setToolTip(how)
        self.say("")

    def say(self, complaint: str) -> None:
        self.setText(f"{complaint[:1].upper()}{complaint[1:]}." if complaint else "")
        self.setVisible(bool(complaint))
        self._field.setProperty("invalid", bool(complaint))
        self._field.setAccessibleDescription(complaint or self._how)
        self._field.style().unpolish(self._field)
        self._field.style().polish(self._field)


def field(name: str, placeholder: str, *, longest: int, parent: QWidget | None = None) -> QLineEdit:
    """A one-line field without a label of its own."""
    made = QLineEdit(parent)
    made.setAccessibleName(name)
    made.setPlaceholderText(placeholder)
    made.setMaxLength(longest)
    made.setMinimumWidth(90)
    return made

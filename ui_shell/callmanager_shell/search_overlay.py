"""One field over the window and the best fitting lines below it: what the command palette and the picker have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeVar

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QAccessible, QAccessibleEvent, QColor, QFontMetricsF, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from callmanager_shell.look import Look
from callmanager_shell.overlay import Overlay
from callmanager_shell.tokens import Radius, Space, TypeSize
from callmanager_shell.widgets.text import Text

T = TypeVar("T")

_WIDEST: Final = 560
_MOST_ROWS: Final = 9
_FIELD: Final = 48
_LONGEST: Final = 100
LEFT: Final = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextSingleLine)


class SearchRows(QStyledItemDelegate):
    """Paints the lines: selection, and a title with what fits standing out. Subclasses paint the rest in `paint_item`."""

    def __init__(self, look: Look, *, height: int, parent: QObject) -> None:
        super().__init__(parent)
        self.look = look
        self.height = height

    @override
    def sizeHint(self, _option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(200, self.height)

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        item = index.data(Qt.ItemDataRole.UserRole)
        if item is None:
            return
        theme = self.look.theme
        area = QRectF(option.rect)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.accent_background))
            painter.drawRoundedRect(area.adjusted(6, 1, -6, -1), Radius.CONTROL, Radius.CONTROL)
            painter.setBrush(QColor(theme.accent))
            painter.drawRoundedRect(QRectF(area.left() + 6, area.top() + 11, 3, area.height() - 22), 1.5, 1.5)
        self.paint_item(painter, item, area, selected=selected)
        painter.restore()

    def paint_item(self, painter: QPainter, item: Any, area: QRectF, *, selected: bool) -> None:
        raise NotImplementedError

    def paint_title(
        self, painter: QPainter, title: str, marks: Sequence[int], room: QRectF, *, selected: bool, weight: int = 500
    ) -> float:
        """Returns where it ends."""
        theme = self.look.theme
        plain_font = self.look.font(TypeSize.BODY, weight=weight)
        strong_font = self.look.font(TypeSize.BODY, weight=700)
        marked_places = set(marks)
        if QFontMetricsF(strong_font).horizontalAdvance(title) > room.width():
            marked_places = set()
            title = QFontMetricsF(plain_font).elidedText(title, Qt.TextElideMode.ElideRight, room.width())
        left = room.left()
        for text, marked in _pieces(title, marked_places):
            font = strong_font if marked else plain_font
            painter.setFont(font)
            painter.setPen(QColor(theme.accent if marked and not selected else theme.text))
            painter.drawText(QRectF(left, room.top(), room.right() - left + 20, room.height()), LEFT, text)
            left += QFontMetricsF(font).horizontalAdvance(text)
        return left


def paint_key(painter: QPainter, look: Look, area: QRectF, text: str) -> None:
    """A key of the keyboard, as a small bordered word."""
    theme = look.theme
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(theme.line_strong))
    painter.setBrush(QColor(theme.surface))
    painter.drawRoundedRect(area.adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
    painter.setFont(look.font(TypeSize.SMALL))
    painter.setPen(QColor(theme.muted))
    painter.drawText(area, int(Qt.AlignmentFlag.AlignCenter), text)


def _pieces(title: str, marks: set[int]) -> list[tuple[str, bool]]:
    """The title cut where marking begins and ends."""
    pieces: list[tuple[str, bool]] = []
    for index, character in enumerate(title):
        marked = index in marks
        if pieces and pieces[-1][1] == marked:
            pieces[-1] = (pieces[-1][0] + character, marked)
        else:
            pieces.append((character, marked))
    return pieces


class _Items(QAbstractListModel, Generic[T]):
    """The result list; the item itself is in `UserRole`."""

    def __init__(self, title: Callable[[T], str], spoken: Callable[[T], str]) -> None:
        super().__init__()
        self.items: list[T] = []
        self._title = title
        self._spoken = spoken

    def show_items(self, items: list[T]) -> None:
        self.beginResetModel()
        self.items = items
        self.endResetModel()

    @override
    def rowCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.items)

    @override
    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not 0 <= index.row() < len(self.items):
            return None
        item = self.items[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._title(item)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._spoken(item)
        return item if role == Qt.ItemDataRole.UserRole else None


class _SearchSign(QWidget):
    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.setFixedSize(18, 18)

    @override
    def paintEvent(self, _event: Any) -> None:
        painter = QPainter(self)
        self._look.paint_icon(painter, "search", QRectF(self.rect()), self._look.theme.muted)
        painter.end()


class SearchOverlay(Overlay, Generic[T]):
    """The keyboard stays in the field: arrows move the selection, Enter takes it. Subclasses say what is found, how it is
    named, and what taking means."""

    def __init__(self, look: Look, window: QWidget, *, name: str, field: str, placeholder: str, rows: SearchRows) -> None:
        super().__init__(look, window)
        self.card.setAccessibleName(name)
        self.field = QLineEdit()
        self.field.setProperty("role", "dial")
        self.field.setFrame(False)
        self.field.setMaxLength(_LONGEST)
        self.field.setPlaceholderText(placeholder)
        self.field.setAccessibleName(field)
        self.field.textChanged.connect(lambda _text: self.search())
        self.field.installEventFilter(self)
        self._items: _Items[T] = _Items(self.title_of, self.spoken)
        self._row_height = rows.height
        self.list = QListView()
        self.list.setProperty("role", "palette")
        self.list.setModel(self._items)
        self._items.setParent(self.list)
        rows.setParent(self.list)
        self.list.setItemDelegate(rows)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setMouseTracking(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.list.setAccessibleName(name)
        self.list.entered.connect(self.list.setCurrentIndex)
        self.list.clicked.connect(lambda _index: self.take(shift=False))
        self._nothing = Text(role="muted", wrap=True)
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._nothing.setMinimumHeight(80)
        self._nothing.setMargin(Space.GROUP)
        row = QHBoxLayout()
        row.setContentsMargins(Space.GROUP + 2, 0, Space.GROUP, 0)
        row.setSpacing(Space.INNER)
        row.addWidget(_SearchSign(look))
        row.addWidget(self.field, 1)
        line = QWidget()
        line.setProperty("role", "line")
        line.setFixedHeight(1)
        self.rows = QVBoxLayout(self.card)
        self.rows.setContentsMargins(1, 3, 1, 6)
        self.rows.setSpacing(0)
        self.rows.addLayout(row)
        self.rows.addWidget(line)
        self.rows.addSpacing(Space.TIGHT)
        self.rows.addWidget(self.list)
        self.rows.addWidget(self._nothing)

    # ---------------------------------------------------------------------------------------------------- for subclasses

    def matches(self, query: str) -> list[T]:
        """The best first."""
        raise NotImplementedError

    def title_of(self, item: T) -> str:
        raise NotImplementedError

    def spoken(self, item: T) -> str:
        """The line as a screen reader says it."""
        raise NotImplementedError

    def nothing_fits(self, query: str) -> str:
        """What is said where nothing is found."""
        raise NotImplementedError

    def take(self, *, shift: bool) -> None:
        """Enter was pressed, with or without Shift, or a line was clicked."""
        raise NotImplementedError

    def extra_height(self) -> int:
        """What stands above and below the list, beside the field."""
        return 0

    # -------------------------------------------------------------------------------------------------------------- state

    def titles(self) -> list[str]:
        """What it offers now, the best first."""
        return [self.title_of(item) for item in self._items.items]

    def selected(self) -> T | None:
        row = self.list.currentIndex().row()
        return self._items.items[row] if 0 <= row < len(self._items.items) else None

    def search(self, *, keep: Callable[[T], bool] | None = None) -> None:
        """Find again what fits; `keep` tells the line that stays selected, if it is still there."""
        query = self.field.text()
        items = self.matches(query)
        self._items.show_items(items)
        found = bool(items)
        self.list.setVisible(found)
        self._nothing.setVisible(not found)
        if found:
            kept = next((row for row, item in enumerate(items) if keep is not None and keep(item)), 0)
            self._select(kept)
            if kept == 0:
                self.list.scrollToTop()
        else:
            self._nothing.setText(self.nothing_fits(query))
            self.field.setAccessibleDescription(self._nothing.text())
        self.place()

    @override
    def place(self) -> None:
        width = min(_WIDEST, self.width() - 2 * Space.GROUP)
        top = max(Space.GROUP, min(72, self.height() // 8))
        extra = self.extra_height()
        room = (self.height() - top - _FIELD - extra - 3 * Space.GROUP) // self._row_height
        rows = min(len(self._items.items), _MOST_ROWS, max(1, room))
        self.list.setFixedHeight(rows * self._row_height)
        rest = rows * self._row_height if rows else self._nothing.sizeHint().height()
        self.card.setGeometry(QRect((self.width() - width) // 2, top, width, _FIELD + Space.TIGHT + rest + extra + 8))

    # ----------------------------------------------------------------------------------------------------------- keyboard

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field and event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._key(event)
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent) -> bool:
        page = max(1, self.list.height() // self._row_height - 1)
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: page, Qt.Key.Key_PageUp: -page}
        key = Qt.Key(event.key())
        if key in steps:
            self.step(steps[key], wrap=abs(steps[key]) == 1)
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            if not event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier):
                self.take(shift=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        else:
            return False
        return True

    def step(self, by: int, *, wrap: bool = True) -> None:
        count = len(self._items.items)
        if count:
            row = self.list.currentIndex().row() + by
            self._select(row % count if wrap else max(0, min(count - 1, row)))

    def _select(self, row: int) -> None:
        self.list.setCurrentIndex(self._items.index(row, 0))
        item = self.selected()
        if item is not None:
            # the keyboard stays in the field, so the line that Enter would take is said as its description
            self.field.setAccessibleDescription(self.spoken(item))
            QAccessible.updateAccessibility(QAccessibleEvent(self.field, QAccessible.Event.DescriptionChanged))

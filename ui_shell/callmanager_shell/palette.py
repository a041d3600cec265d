"""The command palette: one field over the window, the best fitting commands below it, Enter runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

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
    Signal,
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

from callmanager_shell.commands import Entry, Hit, search
from callmanager_shell.look import Look
from callmanager_shell.overlay import Overlay
from callmanager_shell.shortcuts import shown
from callmanager_shell.tokens import Radius, Space, TypeSize
from callmanager_shell.widgets.text import Text

_WIDEST: Final = 560
_ROW: Final = 40
_MOST_ROWS: Final = 9
_FIELD: Final = 48
_LONGEST: Final = 100


class _Hits(QAbstractListModel):
    """The result list; the hit itself is in `UserRole`."""

    def __init__(self) -> None:
        super().__init__()
        self.hits: list[Hit] = []

    def show_hits(self, hits: list[Hit]) -> None:
        self.beginResetModel()
        self.hits = hits
        self.endResetModel()

    @override
    def rowCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.hits)

    @override
    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not 0 <= index.row() < len(self.hits):
            return None
        hit = self.hits[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return hit.entry.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return spoken(hit.entry)
        return hit if role == Qt.ItemDataRole.UserRole else None


def spoken(entry: Entry) -> str:
    """The line as a screen reader says it."""
    return ", ".join(filter(None, (entry.title, entry.owner, shown(entry.shortcut))))


class _Row(QStyledItemDelegate):
    def __init__(self, look: Look, parent: QObject) -> None:
        super().__init__(parent)
        self._look = look

    @override
    def sizeHint(self, _option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(200, _ROW)

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        hit: Hit | None = index.data(Qt.ItemDataRole.UserRole)
        if hit is None:
            return
        theme, entry = self._look.theme, hit.entry
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
        middle = area.center().y()
        ink = theme.text if selected else theme.muted
        self._look.paint_icon(painter, entry.icon, QRectF(area.left() + 18, middle - 9, 18, 18), ink)
        right = self._paint_shortcut(painter, entry, area, middle)
        small = self._look.font(TypeSize.SMALL)
        owner = QFontMetricsF(small).horizontalAdvance(entry.owner) + 12 if entry.owner else 0.0
        left = area.left() + 48
        title = QRectF(left, area.top(), max(40.0, right - left - owner), area.height())
        end = self._paint_title(painter, hit, title, selected=selected)
        if entry.owner and end + owner <= right:
            painter.setFont(small)
            painter.setPen(QColor(theme.muted))
            painter.drawText(QRectF(end + 12, area.top(), right - end - 12, area.height()), _LEFT, entry.owner)
        painter.restore()

    def _paint_shortcut(self, painter: QPainter, entry: Entry, area: QRectF, middle: float) -> float:
        """Returns how far to the right there is room for the rest."""
        right = area.right() - 18
        if not entry.shortcut:
            return right
        theme = self._look.theme
        font = self._look.font(TypeSize.SMALL)
        text = shown(entry.shortcut)
        width = QFontMetricsF(font).horizontalAdvance(text) + 14
        key = QRectF(right - width, middle - 11, width, 22)
        painter.setPen(QColor(theme.line_strong))
        painter.setBrush(QColor(theme.surface))
        painter.drawRoundedRect(key.adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        painter.setFont(font)
        painter.setPen(QColor(theme.muted))
        painter.drawText(key, int(Qt.AlignmentFlag.AlignCenter), text)
        return right - width - 12

    def _paint_title(self, painter: QPainter, hit: Hit, room: QRectF, *, selected: bool) -> float:
        """The title with what fits standing out; returns where it ends."""
        theme = self._look.theme
        plain_font = self._look.font(TypeSize.BODY, weight=500)
        strong_font = self._look.font(TypeSize.BODY, weight=700)
        title = hit.entry.title
        marks = set(hit.rank.marks)
        if QFontMetricsF(strong_font).horizontalAdvance(title) > room.width():
            marks = set()
            title = QFontMetricsF(plain_font).elidedText(title, Qt.TextElideMode.ElideRight, room.width())
        left = room.left()
        for text, marked in _pieces(title, marks):
            font = strong_font if marked else plain_font
            painter.setFont(font)
            painter.setPen(QColor(theme.accent if marked and not selected else theme.text))
            painter.drawText(QRectF(left, room.top(), room.right() - left + 20, room.height()), _LEFT, text)
            left += QFontMetricsF(font).horizontalAdvance(text)
        return left


_LEFT: Final = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextSingleLine)


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


class Palette(Overlay):
    """Asks `offer` when it is opened and when plugins come or go; emits `chosen` when it has given the focus back."""

    chosen = Signal(object)

    def __init__(self, look: Look, window: QWidget, *, offer: Callable[[], Sequence[Entry]], recent: Sequence[str]) -> None:
        super().__init__(look, window)
        self.setObjectName("palette")
        self.card.setAccessibleName("Command palette")
        self._offer = offer
        self._recent = tuple(recent)
        self._offered: Sequence[Entry] = ()
        self.field = QLineEdit()
        self.field.setProperty("role", "dial")
        self.field.setFrame(False)
        self.field.setMaxLength(_LONGEST)
        self.field.setPlaceholderText("Type a command")
        self.field.setAccessibleName("Command")
        self.field.textChanged.connect(lambda _text: self._search())
        self.field.installEventFilter(self)
        self._hits = _Hits()
        self.list = QListView()
        self.list.setProperty("role", "palette")
        self.list.setModel(self._hits)
        self._hits.setParent(self.list)
        self.list.setItemDelegate(_Row(look, self.list))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setMouseTracking(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.list.setAccessibleName("Commands")
        self.list.entered.connect(self.list.setCurrentIndex)
        self.list.clicked.connect(lambda _index: self._run())
        self._nothing = Text(role="muted", wrap=True)
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._nothing.setMinimumHeight(2 * _ROW)
        self._nothing.setMargin(Space.GROUP)
        row = QHBoxLayout()
        row.setContentsMargins(Space.GROUP + 2, 0, Space.GROUP, 0)
        row.setSpacing(Space.INNER)
        row.addWidget(_SearchSign(look))
        row.addWidget(self.field, 1)
        self._line = QWidget()
        self._line.setProperty("role", "line")
        self._line.setFixedHeight(1)
        layout = QVBoxLayout(self.card)
        layout.setContentsMargins(1, 3, 1, 6)
        layout.setSpacing(0)
        layout.addLayout(row)
        layout.addWidget(self._line)
        layout.addSpacing(Space.TIGHT)
        layout.addWidget(self.list)
        layout.addWidget(self._nothing)

    def open_palette(self) -> None:
        self.refresh()
        self.open(self.field)

    def refresh(self) -> None:
        """Ask for the commands again."""
        self._offered = self._offer()
        self._search()

    def titles(self) -> list[str]:
        """What it offers now, the best first."""
        return [hit.entry.title for hit in self._hits.hits]

    def current(self) -> Entry | None:
        row = self.list.currentIndex().row()
        return self._hits.hits[row].entry if 0 <= row < len(self._hits.hits) else None

    @override
    def place(self) -> None:
        width = min(_WIDEST, self.width() - 2 * Space.GROUP)
        top = max(Space.GROUP, min(72, self.height() // 8))
        rows = min(len(self._hits.hits), _MOST_ROWS, max(1, (self.height() - top - _FIELD - 3 * Space.GROUP) // _ROW))
        self.list.setFixedHeight(rows * _ROW)
        rest = rows * _ROW if rows else self._nothing.sizeHint().height()
        self.card.setGeometry(QRect((self.width() - width) // 2, top, width, _FIELD + Space.TIGHT + rest + 8))

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field and event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._key(event)
        return super().eventFilter(watched, event)

    @override
    def focusNextPrevChild(self, forward: bool) -> bool:
        self._step(1 if forward else -1)
        return True

    def _key(self, event: QKeyEvent) -> bool:
        page = max(1, self.list.height() // _ROW - 1)
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: page, Qt.Key.Key_PageUp: -page}
        key = Qt.Key(event.key())
        if key in steps:
            self._step(steps[key], wrap=abs(steps[key]) == 1)
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self._run()
        else:
            return False
        return True

    def _step(self, by: int, *, wrap: bool = True) -> None:
        count = len(self._hits.hits)
        if count:
            row = self.list.currentIndex().row() + by
            self._select(row % count if wrap else max(0, min(count - 1, row)))

    def _select(self, row: int) -> None:
        self.list.setCurrentIndex(self._hits.index(row, 0))
        entry = self.current()
        if entry is not None:
            # the keyboard stays in the field, so the line that Enter would run is said as its description
            self.field.setAccessibleDescription(spoken(entry))
            QAccessible.updateAccessibility(QAccessibleEvent(self.field, QAccessible.Event.DescriptionChanged))

    def _search(self) -> None:
        query = self.field.text()
        self._hits.show_hits(search(query, self._offered, self._recent))
        found = bool(self._hits.hits)
        self.list.setVisible(found)
        self._nothing.setVisible(not found)
        if found:
            self._select(0)
            self.list.scrollToTop()
        else:
            self._nothing.setText(f"No command fits “{query.strip()}”.")
            self.field.setAccessibleDescription(self._nothing.text())
        self.place()

    def _run(self) -> None:
        entry = self.current()
        if entry is not None:
            self.close_overlay()
            self.chosen.emit(entry)

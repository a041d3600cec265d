"""The command palette: one field over the window, the best fitting commands below it, Enter runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter
from PySide6.QtWidgets import QWidget
from typing_extensions import override

from callmanager_shell.commands import Entry, Hit, search
from callmanager_shell.look import Look
from callmanager_shell.search_overlay import LEFT, SearchOverlay, SearchRows, paint_key
from callmanager_shell.shortcuts import shown
from callmanager_shell.tokens import TypeSize

_ROW: Final = 40


def spoken(entry: Entry) -> str:
    """The line as a screen reader says it."""
    return ", ".join(filter(None, (entry.title, entry.owner, shown(entry.shortcut))))


class _Rows(SearchRows):
    @override
    def paint_item(self, painter: QPainter, item: Hit, area: QRectF, *, selected: bool) -> None:
        theme, entry = self.look.theme, item.entry
        middle = area.center().y()
        ink = theme.text if selected else theme.muted
        self.look.paint_icon(painter, entry.icon, QRectF(area.left() + 18, middle - 9, 18, 18), ink)
        right = self._paint_shortcut(painter, entry, area, middle)
        small = self.look.font(TypeSize.SMALL)
        owner = QFontMetricsF(small).horizontalAdvance(entry.owner) + 12 if entry.owner else 0.0
        left = area.left() + 48
        title = QRectF(left, area.top(), max(40.0, right - left - owner), area.height())
        end = self.paint_title(painter, entry.title, item.rank.marks, title, selected=selected)
        if entry.owner and end + owner <= right:
            painter.setFont(small)
            painter.setPen(QColor(theme.muted))
            painter.drawText(QRectF(end + 12, area.top(), right - end - 12, area.height()), LEFT, entry.owner)

    def _paint_shortcut(self, painter: QPainter, entry: Entry, area: QRectF, middle: float) -> float:
        """Returns how far to the right there is room for the rest."""
        right = area.right() - 18
        if not entry.shortcut:
            return right
        text = shown(entry.shortcut)
        width = QFontMetricsF(self.look.font(TypeSize.SMALL)).horizontalAdvance(text) + 14
        paint_key(painter, self.look, QRectF(right - width, middle - 11, width, 22), text)
        return right - width - 12


class Palette(SearchOverlay[Hit]):
    """Asks `offer` when it is opened and when plugins come or go; emits `chosen` when it has given the focus back."""

    chosen = Signal(object)

    def __init__(self, look: Look, window: QWidget, *, offer: Callable[[], Sequence[Entry]], recent: Sequence[str]) -> None:
        super().__init__(
            look,
            window,
            name="Command palette",
            field="Command",
            placeholder="Type a command",
            rows=_Rows(look, height=_ROW, parent=window),
        )
        self.setObjectName("palette")
        self.list.setAccessibleName("Commands")
        self._offer = offer
        self._recent = tuple(recent)
        self._offered: Sequence[Entry] = ()

    def open_palette(self) -> None:
        self.refresh()
        self.open(self.field)

    def refresh(self) -> None:
        """Ask for the commands again."""
        self._offered = self._offer()
        self.search()

    def current(self) -> Entry | None:
        """The selected one."""
        hit = self.selected()
        return None if hit is None else hit.entry

    @override
    def matches(self, query: str) -> list[Hit]:
        return search(query, self._offered, self._recent)

    @override
    def title_of(self, item: Hit) -> str:
        return item.entry.title

    @override
    def spoken(self, item: Hit) -> str:
        return spoken(item.entry)

    @override
    def nothing_fits(self, query: str) -> str:
        return f"No command fits “{query.strip()}”."

    @override
    def focusNextPrevChild(self, forward: bool) -> bool:
        self.step(1 if forward else -1)
        return True

    @override
    def take(self, *, shift: bool) -> None:
        entry = self.current()
        if entry is not None:
            self.close_overlay()
            self.chosen.emit(entry)

"""The picker: one of many is found by typing and taken, in a dialog that looks and works like the command palette."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from callmanager.api import Choice, Event, Picked, PickRow, PresenceStatus, plain
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget
from shiboken6 import isValid
from typing_extensions import override

from callmanager_shell.ranking import rank
from callmanager_shell.search_overlay import LEFT, SearchOverlay, SearchRows, paint_key
from callmanager_shell.shortcuts import shown
from callmanager_shell.tokens import Space, TypeSize
from callmanager_shell.widgets.avatar import paint_avatar
from callmanager_shell.widgets.button import Button, ButtonKind
from callmanager_shell.widgets.presence_dot import STATUS_WORDS, paint_presence
from callmanager_shell.widgets.text import ElidedText

if TYPE_CHECKING:
    from callmanager_shell.look import Look
    from callmanager_shell.services import ShellServices

_ROW: Final = 46
_AVATAR: Final = 32
_HEAD: Final = 34
_FOOT: Final = 52
_MOST: Final = 100
_HINTS: Final = ("Enter", "Shift+Enter")
_INKS: Final = {
    PresenceStatus.AVAILABLE: "good_text",
    PresenceStatus.RINGING: "warning_text",
    PresenceStatus.ON_CALL: "danger_text",
    PresenceStatus.ON_HOLD: "warning_text",
    PresenceStatus.DO_NOT_DISTURB: "danger_text",
}


def note_of(row: PickRow) -> str:
    """What stands at the end of the line."""
    if row.note:
        return row.note
    return STATUS_WORDS[row.status] if row.status not in {None, PresenceStatus.UNKNOWN} else ""


def avatar_key(row: PickRow) -> str:
    """What gives the avatar its colour."""
    return row.person or row.title


class _Rows(SearchRows):
    def __init__(self, look: Look, *, query: Callable[[], str], parent: QWidget) -> None:
        super().__init__(look, height=_ROW, parent=parent)
        self._query = query

    @override
    def paint_item(self, painter: QPainter, item: PickRow, area: QRectF, *, selected: bool) -> None:
        theme = self.look.theme
        middle = area.center().y()
        place = QRectF(area.left() + 18, middle - _AVATAR / 2, _AVATAR, _AVATAR)
        if item.icon:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.surface if selected else theme.hover))
            painter.drawEllipse(place)
            self.look.paint_icon(painter, item.icon, place.adjusted(7, 7, -7, -7), theme.text)
        else:
            paint_avatar(painter, self.look, place, name=item.title, key=avatar_key(item))
        if item.status is not None:
            dot = QRectF(place.right() - 9, place.bottom() - 9, 10, 10)
            paint_presence(painter, self.look, item.status, dot, around="accent_background" if selected else "raised")
        small = self.look.font(TypeSize.SMALL)
        right = area.right() - 18
        note = note_of(item)
        if note:
            width = QFontMetricsF(small).horizontalAdvance(note)
            ink = _INKS.get(item.status, "muted") if not item.note and item.status is not None else "muted"
            painter.setFont(small)
            painter.setPen(QColor(getattr(theme, ink)))
            painter.drawText(QRectF(right - width, area.top(), width + 1, area.height()), LEFT, note)
            right -= width + 12
        left = place.right() + 12
        room = QRectF(left, area.top(), max(40.0, right - left), area.height())
        found = rank(self._query(), item.title)
        marks = () if found is None or not self._query().strip() else found.marks
        if not item.detail:
            self.paint_title(painter, item.title, marks, room, selected=selected, weight=600)
            return
        upper = QRectF(room.left(), room.top() + 5, room.width(), 18)
        self.paint_title(painter, item.title, marks, upper, selected=selected, weight=600)
        painter.setFont(small)
        painter.setPen(QColor(theme.muted))
        detail = QFontMetricsF(small).elidedText(item.detail, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(QRectF(room.left(), room.top() + 23, room.width() + 1, 17), LEFT, detail)


class Picker(SearchOverlay[PickRow]):
    """Emits `picked` once at most, with the row and the choice, and then `closed`."""

    picked = Signal(object)

    def __init__(
        self,
        look: Look,
        window: QWidget,
        *,
        title: str,
        placeholder: str,
        search: Callable[[str], Sequence[PickRow]],
        choices: Sequence[Choice],
        nothing: str,
    ) -> None:
        title = plain(title, limit=80)
        super().__init__(
            look,
            window,
            name=title,
            field=title,
            placeholder=placeholder,
            rows=_Rows(look, query=lambda: self.field.text(), parent=window),  # noqa: PLW0108 - there is no field yet
        )
        self.setObjectName("picker")
        self._search = search
        self._choices = tuple(choices)
        self._nothing_text = nothing
        self._done = False
        head = ElidedText(role="name")
        head.setText(title)
        head.setFixedHeight(_HEAD - Space.TIGHT)
        above = QHBoxLayout()
        above.setContentsMargins(Space.GROUP + 2, Space.TIGHT, Space.GROUP, 0)
        above.addWidget(head)
        self.rows.insertLayout(0, above)
        self.buttons: list[Button] = []
        foot = QWidget()
        foot.setFixedHeight(_FOOT)
        across = QHBoxLayout(foot)
        across.setContentsMargins(Space.GROUP, Space.SIBLING, Space.GROUP, Space.TIGHT)
        across.setSpacing(Space.SIBLING)
        across.addStretch()
        for number, choice in enumerate(self._choices):
            hint = _HINTS[number] if number < len(_HINTS) else ""
            kind = ButtonKind.PRIMARY if number == 0 else ButtonKind.PLAIN
            words = f"{plain(choice.label, limit=40)}"
            button = Button(look, words, icon=choice.icon, kind=kind, hint=hint)
            button.clicked.connect(lambda _checked=False, number=number: self._take(number))
            self.buttons.append(button)
        self._keys: list[_Key] = []
        for number in reversed(range(len(self.buttons))):
            if number < len(_HINTS):
                self._keys.append(_Key(look, _HINTS[number]))
                across.addWidget(self._keys[-1])
            across.addWidget(self.buttons[number])
        line = QWidget()
        line.setProperty("role", "line")
        line.setFixedHeight(1)
        below = QVBoxLayout()
        below.setSpacing(0)
        below.addSpacing(Space.TIGHT)
        below.addWidget(line)
        below.addWidget(foot)
        self.rows.addLayout(below)

    def open_picker(self) -> None:
        self.search()
        self.open(self.field)

    def renew(self) -> None:
        """What is found may be other things now; the selected line stays selected."""
        before = self.selected()
        self.search(keep=lambda row: before is not None and row.key == before.key)

    @override
    def matches(self, query: str) -> list[PickRow]:
        found = list(self._search(query))[:_MOST]
        for button in self.buttons:
            button.setEnabled(bool(found))
        return found

    @override
    def title_of(self, item: PickRow) -> str:
        return plain(item.title)

    @override
    def spoken(self, item: PickRow) -> str:
        return ", ".join(filter(None, (plain(item.title), plain(item.detail), note_of(item))))

    @override
    def nothing_fits(self, query: str) -> str:
        return self._nothing_text or f"Nothing fits “{query.strip()}”."

    @override
    def place(self) -> None:
        super().place()
        wanted = sum(button.full_width() + Space.SIBLING for button in self.buttons)
        wanted += sum(key.width() + Space.SIBLING for key in self._keys) + 2 * Space.GROUP
        for key in self._keys:
            key.setVisible(wanted <= self.card.width())

    @override
    def extra_height(self) -> int:
        return _HEAD + _FOOT + Space.TIGHT + 1

    @override
    def take(self, *, shift: bool) -> None:
        self._take(1 if shift and len(self._choices) > 1 else 0)

    def _take(self, number: int) -> None:
        row = self.selected()
        if row is None or self._done:
            return
        self._done = True
        self.picked.emit(Picked(row=row, choice=self._choices[number].id))
        self.close_overlay()


class _Key(QWidget):
    """The key that does the same as the button beside it."""

    def __init__(self, look: Look, key: str) -> None:
        super().__init__()
        self._look = look
        self._key = shown(key)
        width = QFontMetricsF(look.font(TypeSize.SMALL)).horizontalAdvance(self._key) + 14
        self.setFixedSize(round(width), 22)

    @override
    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_key(painter, self._look, QRectF(self.rect()), self._key)
        painter.end()


async def pick(
    services: ShellServices,
    parent: QWidget,
    *,
    title: str,
    placeholder: str,
    search: Callable[[str], Sequence[PickRow]],
    choices: Sequence[Choice],
    nothing: str = "",
    follow: Sequence[type[Event]] = (),
) -> Picked | None:
    """What was taken; none when it was closed, or its window ended."""
    if not choices:
        raise ValueError("there is nothing to choose")
    future: asyncio.Future[Picked | None] = asyncio.get_running_loop().create_future()

    def settle(picked: Picked | None) -> None:
        if not future.done():
            future.set_result(picked)

    picker = Picker(
        services.look,
        parent.window(),
        title=title,
        placeholder=placeholder,
        search=search,
        choices=choices,
        nothing=nothing,
    )
    undo = [services.app.bus.subscribe(kind, lambda _event: picker.renew(), owner="shell") for kind in follow]
    picker.picked.connect(settle)
    picker.closed.connect(lambda: settle(None))
    picker.destroyed.connect(lambda: settle(None))
    try:
        picker.open_picker()
        return await future
    finally:
        for each in undo:
            each()
        if isValid(picker):
            picker.close_overlay()

"""The Parked Calls panel: who waits, by whom, for how long, how long still; a click fetches."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import attrs
from callmanager.api import (
    ContactsChanged,
    ParkingChanged,
    SettingsChanged,
    SourceChanged,
    SourceStanding,
    TextStyle,
    ThemeColour,
    UserError,
)
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFontMetrics, QHideEvent, QKeyEvent, QPainter, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListWidget,
    QListWidgetItem,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from callmanager_call_control.parking.settings import ParkingSettings, spoken_slots
from callmanager_call_control.parking.words import Row, row_of

if TYPE_CHECKING:
    from callmanager.api import ParkedCall, PluginContext, UiKit

_ROW: Final = 56
_AVATAR: Final = 36
_MARGIN: Final = 10
_GAP: Final = 10
_LOW: Final = 120
_MOST_SHOWN: Final = 9
_AGAIN_MS: Final = 1500
"""So long after a click the next one is the second half of a double click, or impatience."""
_DATA: Final = Qt.ItemDataRole.UserRole


@attrs.frozen(kw_only=True)
class _Emptiness:
    """Why no call is shown."""

    title: str
    text: str
    action: str = ""


class ParkedCallsPanel(QWidget):
    """A list of what the PBX tells, or one sentence on why there is none."""

    def __init__(self, ctx: PluginContext, kit: UiKit, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__()
        self._ctx = ctx
        self._kit = kit
        self._clock = clock
        self._emptiness: _Emptiness | None = None
        self._placeholder: QWidget | None = None
        self.list = _List(kit)
        self.list.chosen.connect(self._retrieve)
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(_AGAIN_MS)
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self._tick)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.addWidget(self.list)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        undos = [
            ctx.events.subscribe(ParkingChanged, lambda _event: self.refresh()),
            ctx.events.subscribe(SourceChanged, lambda _event: self.refresh()),
            ctx.events.subscribe(SettingsChanged, lambda _event: self.refresh()),
            ctx.events.subscribe(ContactsChanged, lambda _event: self._tick()),
        ]

        def unfollow() -> None:
            for undo in undos:
                undo()

        self.destroyed.connect(unfollow)
        kit.follow_theme(self, self.list.look_changed)
        self.refresh()

    def refresh(self) -> None:
        """Show what is known now."""
        calls = self._ctx.parking.calls()
        self.list.show_rows([self._row(call) for call in calls])
        self.list.setVisible(bool(calls))
        self._show_emptiness(None if calls else self._why_empty())
        self._run_clock()
        self.updateGeometry()

    @override
    def sizeHint(self) -> QSize:
        rows = self.list.count()
        return QSize(260, min(rows, _MOST_SHOWN) * _ROW if rows else _LOW)

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(160, _ROW)

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._tick()
        self._run_clock()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._run_clock()

    # ---------------------------------------------------------------------------------------------------------- internal

    def _run_clock(self) -> None:
        wanted = self.isVisible() and self.list.count() > 0
        if wanted != self._timer.isActive():
            (self._timer.start if wanted else self._timer.stop)()

    def _tick(self) -> None:
        self.list.show_rows([self._row(call) for call in self._ctx.parking.calls()])

    def _row(self, call: ParkedCall) -> Row:
        account = self._ctx.accounts.current
        own = account.extension if account is not None else ""
        return row_of(call, now=self._clock(), own=own, name_of=self._name_of)

    def _name_of(self, number: str) -> str:
        match = self._ctx.contacts.match(number)
        return match.contact.name if match is not None else ""

    def _retrieve(self, slot: str) -> None:
        if self._patience.isActive():
            return
        self._patience.start()
        try:
            self._ctx.calls.dial(slot)
        except UserError as error:
            self._kit.toast(f"{error.text[0].upper()}{error.text[1:]}. {error.hint}".strip())

    def _why_empty(self) -> _Emptiness:
        slots = spoken_slots(self._ctx.settings.get(ParkingSettings).slots)
        sources = self._ctx.parking.sources()
        working = [source for source in sources if source.standing is SourceStanding.WORKING]
        if working:
            return _Emptiness(
                title="Nobody is parked", text="Park a call with the button on its card; anybody in the office can fetch it."
            )
        asked = [source for source in sources if source.standing is not SourceStanding.NOT_CONFIGURED]
        if not asked:
            return _Emptiness(
                title="Parked calls are not shown",
                text="Only the manager interface of your PBX (AMI) tells who is parked. You can park calls all the same, and "
                f"fetch them by dialling their slot, {slots}.",
                action="Set it up",
            )
        if all(source.standing is SourceStanding.NEW for source in asked):
            return _Emptiness(title="Asking the PBX…", text="")
        return _Emptiness(
            title="Parked calls are not known now",
            text=f"A parked call is fetched by dialling its slot, {slots}. {_sentence(asked[0].detail)}".strip(),
            action="Open settings",
        )

    def _show_emptiness(self, emptiness: _Emptiness | None) -> None:
        if emptiness == self._emptiness:
            return
        self._emptiness = emptiness
        if self._placeholder is not None:
            self._layout.removeWidget(self._placeholder)
            self._placeholder.hide()
            self._placeholder.deleteLater()
            self._placeholder = None
        if emptiness is not None:
            self._placeholder = self._kit.empty_state(
                self,
                icon="park",
                title=emptiness.title,
                text=emptiness.text,
                action=emptiness.action,
                run=lambda: self._kit.open_settings("presence_ami"),
            )
            self._layout.addWidget(self._placeholder)


class _List(QListWidget):
    """One row a call; a click, Enter or Space chooses it."""

    chosen = Signal(str)

    def __init__(self, kit: UiKit) -> None:
        super().__init__()
        self._delegate = _Delegate(self, kit)
        self.setItemDelegate(self._delegate)
        self.setAccessibleName("Parked calls")
        self.setAccessibleDescription("Enter fetches a call")
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setFrameShape(QListWidget.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.itemClicked.connect(self._choose)

    def show_rows(self, rows: list[Row]) -> None:
        """Change what is different, so that focus, selection and a screen reader's place stay."""
        if [self._at(index).slot for index in range(self.count())] != [row.slot for row in rows]:
            slot = next((item.data(_DATA).slot for item in self.selectedItems()), "")
            self.clear()
            for row in rows:
                item = QListWidgetItem()
                self._fill(item, row)
                self.addItem(item)
                if row.slot == slot:
                    self.setCurrentItem(item)
            return
        for index, row in enumerate(rows):
            if self._at(index) != row:
                self._fill(self.item(index), row)

    def look_changed(self) -> None:
        """Fonts and colours are others now."""
        self.viewport().update()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        item = self.selectedItems()[:1]
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space} and item:
            self._choose(item[0])
            return
        super().keyPressEvent(event)

    def _at(self, index: int) -> Row:
        row = self.item(index).data(_DATA)
        assert isinstance(row, Row)
        return row

    def _choose(self, item: QListWidgetItem) -> None:
        self.chosen.emit(item.data(_DATA).slot)

    @staticmethod
    def _fill(item: QListWidgetItem, row: Row) -> None:
        item.setData(_DATA, row)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, row.spoken)
        item.setToolTip(f"Click to fetch {row.name} from slot {row.slot}")


class _Delegate(QStyledItemDelegate):
    """Paints a row: avatar, name over detail, slot over the time that is left."""

    def __init__(self, view: QListWidget, kit: UiKit) -> None:
        super().__init__(view)
        self._kit = kit

    @override
    def sizeHint(self, _option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(160, _ROW)

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        row = index.data(_DATA)
        if not isinstance(row, Row):
            return
        area: QRect = option.rect
        state = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if state & (QStyle.StateFlag.State_MouseOver | QStyle.StateFlag.State_Selected):
            painter.fillRect(area, self._kit.colour(ThemeColour.HOVER))
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(self._kit.colour(ThemeColour.ACCENT))
            painter.drawRoundedRect(QRectF(area).adjusted(1.5, 1.5, -1.5, -1.5), 4, 4)
        face = QRectF(area.left() + _MARGIN, area.top() + (_ROW - _AVATAR) / 2, _AVATAR, _AVATAR)
        self._kit.paint_avatar(painter, face, name=row.name, key=row.key)
        left = int(face.right()) + _GAP
        right = area.right() - _MARGIN
        upper = QRect(left, area.top() + 8, right - left, 20)
        lower = QRect(left, area.top() + 29, right - left, 18)
        urgent = ThemeColour.WARNING_TEXT if row.urgent else ThemeColour.MUTED
        end = Qt.AlignmentFlag.AlignRight
        width = self._write(painter, upper, row.slot, TextStyle.NAME, ThemeColour.WARNING_TEXT, align=end)
        self._write(painter, upper.adjusted(0, 0, -width - _GAP, 0), row.name, TextStyle.NAME, ThemeColour.TEXT)
        width = self._write(painter, lower, row.left, TextStyle.SMALL, urgent, align=end)
        self._write(painter, lower.adjusted(0, 0, -width - _GAP, 0), row.detail, TextStyle.SMALL, ThemeColour.MUTED)
        painter.restore()

    def _write(
        self,
        painter: QPainter,
        area: QRect,
        text: str,
        style: TextStyle,
        colour: ThemeColour,
        *,
        align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
    ) -> int:
        """Returns the width that it took."""
        font = self._kit.font(style)
        metrics = QFontMetrics(font)
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(area.width(), 0))
        painter.setFont(font)
        painter.setPen(QColor(self._kit.colour(colour)))
        painter.drawText(area, align | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, shown)
        return metrics.horizontalAdvance(shown)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:].rstrip('.')}." if text else ""

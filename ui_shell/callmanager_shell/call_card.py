"""One call: who, what is going on, for how long, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

import attrs
from callmanager.api import Call, CallState, Direction, Emphasis, EndCause, TransferStage
from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QMenu, QSizePolicy, QVBoxLayout, QWidget
from typing_extensions import override

from callmanager_shell import call_text, parked_text
from callmanager_shell.actions import ActionState, CallActions
from callmanager_shell.button_row import buttons_in, dress, fill, fit_row
from callmanager_shell.look import Look
from callmanager_shell.tokens import Space, Theme, TypeSize
from callmanager_shell.widgets.avatar import Avatar
from callmanager_shell.widgets.button import Button, ButtonKind
from callmanager_shell.widgets.card_frame import Place, paint_card
from callmanager_shell.widgets.meta_line import MetaLine
from callmanager_shell.widgets.text import ElidedText, Text

if TYPE_CHECKING:
    from callmanager_shell.caller_lookups import ShownDetails
    from callmanager_shell.widgets.caller_details import CallerDetailsView

_HELD_NARROW: Final = 500
_INDENT: Final = 40 + Space.INNER
"""Where the name begins, right of the avatar."""
_MOST_DETAILS: Final = 4
_NAME_ROOM: Final = 110
"""So much of the name must stay readable before a button may have its word."""


class CallCard(QFrame):
    """Shows a snapshot and asks for commands by signals; it changes only when the next snapshot is shown."""

    hang_up = Signal(str)
    answer = Signal(str)
    reject = Signal(str)
    keypad = Signal(str, QWidget)
    swap = Signal(str)
    call_again = Signal(str)
    dismissed = Signal(str)
    action = Signal(str, object)
    pair_action = Signal(str, str, object)
    """Something is to be done with this call and another: both ids, and the `PairState`."""
    dragged = Signal(str)
    focus_lost = Signal()
    """The button with the keyboard's focus is about to go; somebody should take the focus, or Qt gives it to anything."""

    def __init__(
        self,
        look: Look,
        call: Call,
        actions: CallActions,
        *,
        clock: Callable[[], datetime],
        others: Callable[[], Sequence[Call]] = tuple,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._look = look
        self._call = call
        self._actions = actions
        self._clock = clock
        self._others = others
        self._place = Place.ALONE
        self._pressed: QPoint | None = None
        self._busy: set[str] = set()
        self._buttons: dict[str, Button] = {}
        self._states: list[ActionState] = []
        self._details: CallerDetailsView | None = None
        self._arranged = False
        self.setObjectName("callCard")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._build()
        self.show_call(call)

    @property
    def call(self) -> Call:
        return self._call

    def _build(self) -> None:
        look = self._look
        self._avatar = Avatar(look, name="", key="", parent=self)
        self._name = ElidedText(role="name")
        self._meta = MetaLine(look)
        self._timer = Text()
        self._timer.setFont(look.font(TypeSize.TIMER, weight=600, tabular=True))
        self._timer.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._timer.setStyleSheet(f"font-size: {TypeSize.TIMER}px; font-weight: 600;")
        self._notice = MetaLine(look)
        self._quality = MetaLine(look, align_right=True, size=TypeSize.SMALL)

        names = QVBoxLayout()
        names.setSpacing(2)
        names.addStretch()
        names.addWidget(self._name)
        names.addWidget(self._meta)
        names.addStretch()
        times = QVBoxLayout()
        times.setSpacing(2)
        times.addStretch()
        times.addWidget(self._timer, 0, Qt.AlignmentFlag.AlignRight)
        times.addWidget(self._quality, 0, Qt.AlignmentFlag.AlignRight)
        times.addStretch()
        self._side = QHBoxLayout()
        self._side.setSpacing(Space.SIBLING)
        top = QHBoxLayout()
        top.setSpacing(Space.INNER)
        top.addWidget(self._avatar)
        top.addLayout(names, 1)
        top.addLayout(times)
        top.addLayout(self._side)

        self._row_widget = QWidget()
        self._row = QHBoxLayout(self._row_widget)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(Space.SIBLING - 2)

        self._keypad = Button(look, "Keypad", icon="keypad", hint="Ctrl+K")
        self._keypad.clicked.connect(lambda: self.keypad.emit(self._call.id, self._keypad))
        self._more = Button(look, "More", icon="more", compact=True)
        self._more.clicked.connect(self._show_more)
        self._hang_up = Button(look, "Hang Up", icon="phone-down", kind=ButtonKind.DANGER, hint="Esc")
        self._hang_up.clicked.connect(lambda: self.hang_up.emit(self._call.id))
        self._answer = Button(look, "Answer", icon="phone", kind=ButtonKind.GOOD, hint="Ctrl+Enter")
        self._answer.clicked.connect(lambda: self.answer.emit(self._call.id))
        self._reject = Button(look, "Reject", icon="phone-down", kind=ButtonKind.DANGER, hint="Ctrl+Backspace")
        self._reject.clicked.connect(lambda: self.reject.emit(self._call.id))
        self._again = Button(look, "Call again", icon="redial")
        self._again.clicked.connect(lambda: self.call_again.emit(self._call.id))
        self._close = Button(look, "Dismiss", icon="close", kind=ButtonKind.GHOST, compact=True)
        self._close.clicked.connect(lambda: self.dismissed.emit(self._call.id))

        layout = self._rows = QVBoxLayout(self)
        layout.setContentsMargins(Space.GROUP + 2, Space.INNER, Space.GROUP - 2, Space.INNER)
        layout.setSpacing(Space.INNER - 2)
        layout.addLayout(top)
        layout.addWidget(self._notice)
        layout.addWidget(self._row_widget)

    def show_call(self, call: Call) -> None:
        """Show another snapshot of the same call."""
        before, self._call = self._call, call
        if self._arranged and _only_measured(before, call) and self._actions.states(call) == self._states:
            self._show_quality()
            return
        self._arranged = True
        party = call.remote
        self._name.setText(call_text.name_of(call))
        self._avatar.show_person(name=call.name, key=call_text.person_key(party))
        others = [other for other in self._others() if other.id != call.id]
        self._meta.show_bits(*call_text.details(call, others))
        notice = call_text.notice(call)
        self._notice.setVisible(notice is not None)
        if notice is not None:
            self._notice.show_bits(notice)
        self._show_quality()
        self.setAccessibleName(f"Call: {call_text.spoken(call, others)}")
        self._show_details()
        self._arrange()
        self.tick(self._clock())
        self.update()

    def refresh(self) -> None:
        """Another call came, went or changed, which may matter to what is said and offered here."""
        self._arranged = False
        self.show_call(self._call)

    def set_place(self, place: Place) -> None:
        """Where it stands in a conference's joined cards."""
        if place is not self._place:
            self._place = place
            self.update()

    def _show_quality(self) -> None:
        reading = call_text.quality(self._call)
        self._quality.setVisible(reading is not None)
        if reading is not None:
            self._quality.show_bits(reading)

    def show_details(self, details: tuple[ShownDetails, ...]) -> None:
        """Show what plugins know of the other side, below its name."""
        if self._details is None:
            if not details:
                return
            from callmanager_shell.widgets.caller_details import CallerDetailsView

            self._details = CallerDetailsView(self._look, most=_MOST_DETAILS, parent=self)
            self._details.setContentsMargins(_INDENT, 0, 0, 0)
            self._rows.insertWidget(2, self._details)
        focused: QWidget | None = self.window().focusWidget()
        if details != self._details.details and focused is not None and self._details.isAncestorOf(focused):
            self.focus_lost.emit()
        self._details.show_details(details)
        self._show_details()
        self.setAccessibleDescription(self._details.accessibleName())

    @property
    def details(self) -> tuple[ShownDetails, ...]:
        return self._details.details if self._details is not None else ()

    def _show_details(self) -> None:
        if self._details is not None:
            # a held or ended call is one line
            lone = self._call.live and not self._call.held and not self._call.conference
            self._details.setVisible(bool(self._details.details) and lone)

    def tick(self, now: datetime) -> None:
        """Show the time; asked once a second."""
        text = call_text.timer(self._call, now)
        self._timer.setVisible(bool(text))
        if text != self._timer.text():
            self._timer.setText(text)

    def refresh_actions(self) -> None:
        """The contributed actions changed."""
        for button in self._buttons.values():
            button.deleteLater()
        self._buttons.clear()
        self._arrange()

    def set_action_busy(self, key: str, busy: bool) -> None:  # noqa: FBT001 - reads like Qt's setters
        (self._busy.add if busy else self._busy.discard)(key)
        if key in self._buttons:
            self._buttons[key].set_busy(busy)

    def open_keypad(self) -> None:
        """Open the keypad, if digits can be sent now."""
        if self._keypad.isVisible():
            self.keypad.emit(self._call.id, self._keypad)

    def action_button(self, key: str) -> Button | None:
        return self._buttons.get(key)

    # ------------------------------------------------------------------------------------------------------------ arrangement

    def _arrange(self) -> None:
        """Put the buttons where this state of the call wants them."""
        call = self._call
        self._states = self._actions.states(call) if call.state is not CallState.ENDED else []
        side: list[Button] = []
        row: list[Button] = []
        self._hang_up.set_label("Drop" if call.conference and call.live else "Hang Up", hint="" if call.conference else "Esc")
        if call.state is CallState.ENDED:
            fetch = parked_text.fetched_by(call)
            self._again.set_label("Retrieve" if fetch else "Call again", icon="phone" if fetch else "redial")
            again = fetch or (not parked_text.is_parked(call) and (call.remote.number or call.remote.uri))
            side = [self._again, self._close] if again else [self._close]
        elif call.state is CallState.RINGING:
            side = [*(self._button_for(state) for state in self._states if _main(state)), self._reject, self._answer]
        elif call.held and not call.conference and call.transfer is None:
            # a held call is one line: how to get back, how to end, and the rest behind "More"
            side = [self._button_for(state) for state in self._states if _first(state)]
            if any(not _first(state) for state in self._states):
                side.append(self._more)
            side.append(self._hang_up)
        elif call.conference:
            side = [*(self._button_for(state) for state in self._states), self._hang_up]
        elif call.state is CallState.CONNECTED:
            row = [self._button_for(state) for state in self._states]
            main = sum(1 for state in self._states if state.action.emphasis is Emphasis.MAIN)
            if not call.held:
                row.insert(min(2 + main, len(row)), self._keypad)
            row += [self._more, self._hang_up]
        else:
            early = call.media is not None and call.media.early
            side = [*([self._keypad] if early else []), self._hang_up]
        used = {id(button) for button in (*side, *row)}
        for button in (*self._buttons.values(), *self._own_buttons()):
            if id(button) not in used:
                if button.hasFocus():
                    self.focus_lost.emit()
                button.hide()
                button.setParent(self)
        fill(self._side, side, stretch_before_last=False)
        fill(self._row, row, stretch_before_last=True)
        self._row_widget.setVisible(bool(row))
        previous: QWidget = self
        for button in (*row, *side):
            self.setTabOrder(previous, button)
            previous = button
        self._fit()

    def _own_buttons(self) -> tuple[Button, ...]:
        return (self._keypad, self._more, self._hang_up, self._answer, self._reject, self._again, self._close)

    def _button_for(self, state: ActionState) -> Button:
        button = self._buttons.get(state.key)
        if button is None:
            button = Button(self._look, state.label, icon=state.action.icon, hint=state.action.shortcut, parent=self)
            button.clicked.connect(lambda _checked=False, key=state.key: self._run(key))
            self._buttons[state.key] = button
        dress(button, state, held=self._call.held, ringing=self._call.state is CallState.RINGING)
        button.set_busy(state.key in self._busy)
        return button

    def _run(self, key: str) -> None:
        state = next((state for state in self._states if state.key == key), None)
        if state is not None:
            self.action.emit(self._call.id, state)

    def _fit(self) -> None:
        """Turn buttons into icons when the words do not fit."""
        row = buttons_in(self._row)
        width = self.width() - 2 * Space.GROUP
        main = {self._buttons[state.key] for state in self._states if _main(state) and state.key in self._buttons}
        if self._call.held:
            main |= {self._buttons[state.key] for state in self._states if _first(state) and state.key in self._buttons}
        fit_row(row, width - Space.SIBLING, self._row.spacing(), main=main, last=self._hang_up, more=self._more)
        side = buttons_in(self._side)
        if self._call.held and self._call.live and self._more in side:
            # "Resume" may have its word before ending the call has a button: that is in the "More" menu, too
            roomy = self.width() > _HELD_NARROW
            self._hang_up.setVisible(roomy)
            side = side if roomy else [button for button in side if button is not self._hang_up]
        for button in side:
            button.show()
        always: set[Button] = {
            self._close,
            self._more,
            *((self._hang_up,) if self._call.held and not self._call.conference else ()),
        }
        spoken = sum(button.sizeHint().height() + 6 if button in always else button.full_width() for button in side)
        timer = self._timer.sizeHint().width() + Space.INNER if self._timer.text() else 0
        room = width - 40 - 2 * Space.INNER - timer - self._side.spacing() * len(side) - _NAME_ROOM
        wordless = always if spoken <= room or len(side) < 2 else set(side)
        own = {self._reject, self._answer}
        if wordless is not always and own <= set(side):
            # what everybody can do with a call that rings keeps its words before what a plugin adds
            spared = sum(button.full_width() - button.sizeHint().height() - 6 for button in side if button not in own)
            wordless = set(side) - own if spoken - spared <= room else wordless
        for button in side:
            button.set_compact(button in wordless or button in always)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    # -------------------------------------------------------------------------------------------------------------- behaviour

    @override
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self._call.held and self._call.live:
            self.swap.emit(self._call.id)
            return
        super().mouseDoubleClickEvent(event)

    @override
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self._call.state is CallState.ENDED:
            return
        menu = self._menu(self._states)
        self._add_pairs(menu)
        menu.addSeparator()
        menu.addAction(self._look.icon("phone-down"), "Hang Up", lambda: self.hang_up.emit(self._call.id))
        menu.popup(event.globalPos())

    def _show_more(self) -> None:
        shown = {key for key, button in self._buttons.items() if button.isVisibleTo(self)}
        menu = self._menu([state for state in self._states if state.key not in shown])
        self._add_pairs(menu)
        if not self._hang_up.isVisibleTo(self):
            menu.addSeparator()
            menu.addAction(self._look.icon("phone-down"), "Hang Up", lambda: self.hang_up.emit(self._call.id))
        menu.popup(self._more.mapToGlobal(self._more.rect().bottomLeft()))

    def _menu(self, states: list[ActionState]) -> QMenu:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for state in states:
            entry = menu.addAction(self._look.icon(state.action.icon), state.label)
            entry.triggered.connect(lambda _checked=False, key=state.key: self._run(key))
        return menu

    def _add_pairs(self, menu: QMenu) -> None:
        """What can be done with this call and another, as dragging one card on the other offers it."""
        others = [other for other in self._others() if other.id != self._call.id]
        states = [(other, state) for other in others for state in self._actions.pairs(self._call, other)]
        if states:
            menu.addSeparator()
        for other, state in states:
            entry = menu.addAction(self._look.icon(state.action.icon), state.label)
            entry.triggered.connect(
                lambda _checked=False, other=other, state=state: self.pair_action.emit(self._call.id, other.id, state)
            )

    def drop_menu(self, dragged: Call) -> QMenu | None:
        """What can be done with the call that was dropped here; none when nothing can."""
        states = self._actions.pairs(dragged, self._call) if dragged.id != self._call.id else []
        if not states:
            return None
        menu = self._menu([])
        for state in states:
            entry = menu.addAction(self._look.icon(state.action.icon), state.label)
            entry.triggered.connect(lambda _checked=False, state=state: self.pair_action.emit(dragged.id, self._call.id, state))
        return menu

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        ready = event.button() is Qt.MouseButton.LeftButton and self._call.state is CallState.CONNECTED
        self._pressed = event.position().toPoint() if ready else None
        super().mousePressEvent(event)

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is not None and event.buttons() & Qt.MouseButton.LeftButton:
            far = (event.position().toPoint() - self._pressed).manhattanLength()
            if far >= QApplication.startDragDistance():
                self._pressed = None
                self.dragged.emit(self._call.id)
                return
        super().mouseMoveEvent(event)

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pressed = None
        super().mouseReleaseEvent(event)

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.StyleChange:
            self.update()

    @override
    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        bar, fill = self._colours(self._look.theme)
        paint_card(painter, self._look.theme, self.rect(), bar=bar, fill=fill, place=self._place)
        painter.end()

    def _colours(self, theme: Theme) -> tuple[str, str]:
        call = self._call
        surface = theme.raised if not theme.dark else theme.surface
        if parked_text.is_parked(call) or (call.live and call.parked is not None):
            return theme.warning, theme.held_background
        if call.state is CallState.ENDED:
            failed = call.end is not None and call.end.cause is EndCause.FAILED
            missed = call.end is not None and call.end.cause is EndCause.MISSED and call.direction is Direction.INCOMING
            return (theme.danger if failed or missed else theme.offline), surface
        if call.held:
            failed = call.transfer is not None and call.transfer.stage is TransferStage.FAILED
            return (theme.danger if failed else theme.warning), theme.held_background
        if call.remote_held:
            return theme.warning, surface
        if call.muted:
            return theme.danger, surface
        if call.state is CallState.CONNECTED:
            return theme.good, surface
        return theme.accent, surface


def _main(state: ActionState) -> bool:
    return state.action.emphasis is Emphasis.MAIN


def _first(state: ActionState) -> bool:
    """Has a button on the one line of a held call."""
    return state.checked or _main(state)


def _only_measured(before: Call, after: Call) -> bool:
    """Whether nothing but the figures of a second lies between the two: nothing to arrange and next to nothing to paint."""
    return after.state is CallState.CONNECTED and attrs.evolve(before, statistics=after.statistics) == after

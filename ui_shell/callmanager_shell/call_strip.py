"""The call cards, stacked: follows the calls of the application and sends the user's wishes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from callmanager.api import (
    ActionScope,
    Call,
    CallAdded,
    CallChanged,
    CallId,
    CallRemoved,
    CallState,
    ContributionsChanged,
    ParkedCallChanged,
    UserError,
)
from PySide6.QtCore import QPoint, QPropertyAnimation, QTimer, Signal
from PySide6.QtWidgets import QGraphicsOpacityEffect, QVBoxLayout, QWidget

from callmanager_shell import parked_text
from callmanager_shell.actions import ActionState, PairState
from callmanager_shell.call_card import CallCard
from callmanager_shell.services import ShellServices
from callmanager_shell.tokens import Space
from callmanager_shell.widgets.button import Button
from callmanager_shell.widgets.card_frame import Place

if TYPE_CHECKING:
    from callmanager_shell.conference_head import ConferenceHead

_LINGER_MS: Final = 3000
_LINGER_FAILED_MS: Final = 8000
"""A failed call has something to read."""
_POINTER_MS: Final = 150
"""So often it is looked whether the pointer has left the buttons, while there is something that would move them."""


class CallStrip(QWidget):
    """Holds one card for each call; an ended one stays a moment, saying why it ended."""

    count_changed = Signal(int)
    keypad_wanted = Signal(str, QWidget)
    focus_lost = Signal()

    def __init__(self, services: ShellServices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._cards: dict[str, CallCard] = {}
        self._lingering: dict[str, QTimer] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)  # joined cards touch; the others are parted where they are put in order
        self._head: ConferenceHead | None = None
        self._shown: dict[tuple[str, str], Callable[[], None]] = {}
        """What actions have opened, by call and action: what closes it."""
        self._in_order: list[tuple[QWidget, Place]] = []
        self._stale: set[str] = set()
        self._pointer = QTimer(self)
        self._pointer.setInterval(_POINTER_MS)
        self._pointer.timeout.connect(self._show_details)
        services.callers.changed.connect(self._details_changed)
        self._clock = QTimer(self)
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self._tick)
        bus = services.app.bus
        self._undo: list[Callable[[], None]] = [
            bus.subscribe(CallAdded, lambda event: self.show_call(event.call), owner="shell"),
            bus.subscribe(CallChanged, self._call_changed, owner="shell"),
            bus.subscribe(CallRemoved, lambda event: self._refresh_others(event.call), owner="shell"),
            bus.subscribe(ParkedCallChanged, lambda event: self._parked_changed(event.call), owner="shell"),
            bus.subscribe(ContributionsChanged, lambda _event: self._reload_actions(), owner="shell"),
        ]
        for call in services.app.calls.current():
            self.show_call(call)
        self.setVisible(bool(self._cards))

    def close_down(self) -> None:
        """Stop following the application."""
        self._clock.stop()
        self._pointer.stop()
        self._services.callers.changed.disconnect(self._details_changed)
        for undo in self._undo:
            undo()
        self._undo.clear()

    def cards(self) -> tuple[CallCard, ...]:
        """From top to bottom: waiting calls first, then the conversation, then held ones, then those that ended."""
        items = (self._layout.itemAt(index) for index in range(self._layout.count()))
        return tuple(widget for item in items if item is not None and isinstance(widget := item.widget(), CallCard))

    def active_call(self) -> Call | None:
        """The call that shortcuts mean: the conversation, else the one being placed, else a held one when it is alone."""
        live = [card.call for card in self._cards.values() if card.call.live]
        talking = [call for call in live if call.talking]
        placing = [call for call in live if call.state in {CallState.DIALING, CallState.PROGRESS}]
        together = len(live) == 1 or all(call.conference for call in live)
        alone = [call for call in live if call.held and together]
        return next(iter((*talking, *placing, *alone)), None)

    def ringing_call(self) -> Call | None:
        return next((card.call for card in self._cards.values() if card.call.state is CallState.RINGING), None)

    def run_shortcut(self, shortcut: str, *, plugin_id: str = "") -> None:
        """Run the contributed action with this shortcut on the active call, or on one that rings where it makes sense for that
        alone; with an id, only that plugin's."""
        from callmanager_shell.shortcuts import normal

        actions = self._services.actions
        for call in (self.active_call(), self.ringing_call()):
            if call is None:
                continue
            joint = actions.states(call, ActionScope.CONFERENCE) if call.conference else []
            for state in (*joint, *actions.states(call)):
                if normal(state.action.shortcut) == normal(shortcut) and plugin_id in {"", state.plugin_id}:
                    self.run_action(call.id, state)
                    return

    def open_keypad(self) -> None:
        """Open the keypad of the active call, as its button does."""
        call = self.active_call()
        if call is not None:
            self._cards[call.id].open_keypad()

    def hang_up_active(self) -> bool:
        call = self.active_call()
        if call is None:
            return False
        leaving = self._head.ending() if call.conference and self._head is not None else None
        if leaving is not None:
            self.run_action(call.id, leaving)  # nobody of a conference is dropped by a key meant for all
            return True
        self._command(lambda: self._services.app.calls.hang_up(call.id))
        return True

    def _call_changed(self, event: CallChanged) -> None:
        self.show_call(event.after)
        if _matters(event.before) != _matters(event.after):
            self._refresh_others(event.after)

    def _refresh_others(self, call: Call) -> None:
        """What is offered on a card depends on which other calls there are."""
        for card in self._cards.values():
            if card.call.id != call.id and card.call.live:
                card.refresh()
        self._show_head()

    def show_call(self, call: Call) -> None:
        if call.background:
            return
        card = self._cards.get(call.id)
        is_new = card is None
        if card is None:
            card = CallCard(
                self._services.look,
                call,
                self._services.actions,
                clock=self._services.clock,
                others=self._services.app.calls.current,
                parent=self,
            )
            self._wire(card)
            self._cards[call.id] = card
            self._refresh_others(call)
        else:
            card.show_call(call)
            if card.details and not self._services.callers.details(call.id) and call.live:
                card.show_details(())  # it is with somebody else now
        if not call.live and call.id not in self._lingering:
            self._close_shown(call.id)
            if not parked_text.is_parked(call):
                self._linger(card)
        self._sort()
        self.setVisible(True)
        if not self._clock.isActive():
            self._clock.start()
        if is_new:
            self.count_changed.emit(len(self._cards))

    # ------------------------------------------------------------------------------------------------------------- internals

    def _parked_changed(self, call: Call) -> None:
        if call.id in self._cards:  # else the user has put it away
            self.show_call(call)

    def _wire(self, card: CallCard) -> None:
        calls = self._services.app.calls
        card.hang_up.connect(lambda call_id: self._command(lambda: calls.hang_up(CallId(call_id))))
        card.answer.connect(lambda call_id: self._command(lambda: calls.answer(CallId(call_id))))
        card.reject.connect(lambda call_id: self._command(lambda: calls.reject(CallId(call_id))))
        card.swap.connect(lambda call_id: self._command(lambda: calls.set_held(CallId(call_id), held=False)))
        card.dragged.connect(self._drag)
        card.pair_action.connect(self._run_pair)
        self._accept_drops(card)
        card.call_again.connect(self._call_again)
        card.dismissed.connect(self._remove)
        card.action.connect(self.run_action)
        card.keypad.connect(self.keypad_wanted)
        card.focus_lost.connect(self.focus_lost)

    def _command(self, command: Callable[[], object]) -> None:
        try:
            command()
        except UserError as error:
            self._services.show_error(error)

    def _call_again(self, call_id: str) -> None:
        card = self._cards.get(call_id)
        if card is not None:
            party = card.call.remote
            number = parked_text.fetched_by(card.call) or party.number or party.uri
            self._command(lambda: self._services.app.calls.dial(number))
            self._remove(call_id)

    def run_action(self, call_id: str, state: ActionState) -> None:
        """Start a contributed action; its button is busy meanwhile. What it opened is closed by asking for it again."""
        card = self._cards.get(call_id)
        if card is None:
            return
        if state.action.show is not None:
            self._run_shown(card, state)
            return
        self._set_busy(call_id, state.key, busy=True)
        self._services.tasks.call(
            card,
            state.action.run,
            card.call,
            name=state.plugin_id,
            doing=f"running “{state.action.label}”",
            done=lambda: self._set_busy(call_id, state.key, busy=False),
        )

    def _set_busy(self, call_id: str, key: str, *, busy: bool) -> None:
        for holder in (self._cards.get(call_id), self._head):
            if holder is not None:
                holder.set_action_busy(key, busy)

    def _run_shown(self, card: CallCard, state: ActionState) -> None:
        from callmanager_shell.kit import ShellKit

        key = (card.call.id, state.key)
        cancel = self._shown.pop(key, None)
        if cancel is not None:
            cancel()
            return

        def done() -> None:
            if self._shown.get(key) is cancel_this:
                del self._shown[key]

        cancel_this = self._services.tasks.call(
            card,
            state.action.show or state.action.run,
            ShellKit(self._services, state.plugin_id),
            card,
            card.call,
            name=state.plugin_id,
            doing=f"running “{state.action.label}”",
            done=done,
        )
        self._shown[key] = cancel_this

    def _close_shown(self, call_id: str) -> None:
        """The call is over, and what was opened for it has no sense any more."""
        for key in [key for key in self._shown if key[0] == call_id]:
            self._shown.pop(key)()

    def _run_pair(self, call_id: str, other_id: str, state: PairState) -> None:
        calls = self._services.app.calls
        call, other = calls.get(CallId(call_id)), calls.get(CallId(other_id))
        card = self._cards.get(call_id)
        if call is not None and other is not None and card is not None:
            self._services.tasks.call(
                card, state.action.run, call, other, name=state.plugin_id, doing=f"running “{state.label}”"
            )

    def _drag(self, call_id: str) -> None:
        from callmanager_shell import call_text
        from callmanager_shell.call_drag import drag_call

        card = self._cards.get(call_id)
        if card is not None:
            name, key = call_text.name_of(card.call), call_text.person_key(card.call.remote)
            drag_call(self._services.look, card, card.call, name=name, key=key)

    def _accept_drops(self, card: CallCard) -> None:
        from callmanager_shell import call_text
        from callmanager_shell.call_drag import CallDropTarget

        def dropped(call: Call, point: QPoint) -> None:
            menu = card.drop_menu(call)
            if menu is not None:
                menu.popup(card.mapToGlobal(point))

        CallDropTarget(
            self._services.look,
            card,
            get=self._services.app.calls.get,
            accepts=lambda call: call.id != card.call.id and bool(self._services.actions.pairs(call, card.call)),
            dropped=dropped,
            label=lambda call: f"{call_text.name_of(call)} with {call_text.name_of(card.call)}…",
        )

    def _linger(self, card: CallCard) -> None:
        timer = QTimer(card)
        timer.setSingleShot(True)
        timer.timeout.connect(lambda: self._fade(card))
        failed = card.call.end is not None and card.call.end.failure is not None
        timer.start(_LINGER_FAILED_MS if failed else _LINGER_MS)
        self._lingering[card.call.id] = timer

    def _fade(self, card: CallCard) -> None:
        focused: QWidget | None = self.window().focusWidget()
        if card.underMouse() or (focused is not None and card.isAncestorOf(focused)):
            self._lingering[card.call.id].start(1000)  # somebody is about to use it
            return
        if self._services.look.reduced_motion or not self.isVisible():
            self._remove(card.call.id)
            return
        effect = QGraphicsOpacityEffect(card)
        card.setGraphicsEffect(effect)
        animation = QPropertyAnimation(effect, b"opacity", card)
        animation.setDuration(140)
        animation.setStartValue(1.0)
        animation.setEndValue(0.0)
        animation.finished.connect(lambda: self._remove(card.call.id))
        animation.start()

    def _remove(self, call_id: str) -> None:
        card = self._cards.pop(call_id, None)
        timer = self._lingering.pop(call_id, None)
        if timer is not None:
            timer.stop()
        if card is None:
            return
        focused: QWidget | None = self.window().focusWidget()
        if focused is not None and card.isAncestorOf(focused):
            self.focus_lost.emit()
        self._layout.removeWidget(card)
        card.hide()
        card.deleteLater()
        self._sort()
        if not self._cards:
            self._clock.stop()
            self.setVisible(False)
        self.count_changed.emit(len(self._cards))

    def _sort(self) -> None:
        def rank(card: CallCard) -> int:
            call = card.call
            if call.state is CallState.RINGING:
                return 0
            if call.state is CallState.ENDED:
                return 3
            held = all(each.held for each in members) if call.conference else call.held
            return 2 if held else 1

        members = self._members()
        wanted = sorted(
            self._cards.values(),
            key=lambda card: (rank(card), not (card.call.conference and card.call.live), card.call.created_at),
        )
        self._show_head()
        joined = {call.id for call in members} if self._head is not None else set()
        in_order: list[tuple[QWidget, Place]] = []
        for card in wanted:
            if card.call.id in joined and self._head is not None and self._head not in {each for each, _ in in_order}:
                in_order.append((self._head, Place.TOP))
            in_order.append((card, Place.MIDDLE if card.call.id in joined else Place.ALONE))
        last = max((index for index, (_, place) in enumerate(in_order) if place is Place.MIDDLE), default=None)
        if last is not None:
            in_order[last] = (in_order[last][0], Place.BOTTOM)
        if in_order != self._in_order:
            self._in_order = in_order
            self._put_in_order()

    def _put_in_order(self) -> None:
        while (item := self._layout.takeAt(0)) is not None:
            del item
        for index, (widget, place) in enumerate(self._in_order):
            if index and place in {Place.ALONE, Place.TOP}:
                self._layout.addSpacing(Space.INNER)
            self._layout.addWidget(widget)
            if isinstance(widget, CallCard):
                widget.set_place(place)

    def _members(self) -> list[Call]:
        """The calls of the conference that have cards."""
        calls = [card.call for card in self._cards.values() if card.call.conference and card.call.live]
        return calls if len(calls) > 1 else []

    def _show_head(self) -> None:
        members = self._members()
        if members and self._head is None:
            from callmanager_shell.conference_head import ConferenceHead

            self._head = ConferenceHead(self._services.look, self._services.actions, parent=self)
            self._head.action.connect(self.run_action)
            self._head.focus_lost.connect(self.focus_lost)
            self._head.show()
        if members and self._head is not None:
            self._head.show_members(members)
        elif self._head is not None:
            head, self._head = self._head, None
            focused: QWidget | None = self.window().focusWidget()
            if focused is not None and head.isAncestorOf(focused):
                self.focus_lost.emit()
            self._layout.removeWidget(head)
            head.hide()
            head.deleteLater()

    @property
    def head(self) -> ConferenceHead | None:
        """The head of the conference, while there is one."""
        return self._head

    def _details_changed(self, call_id: str) -> None:
        self._stale.add(call_id)
        self._show_details()

    def _show_details(self) -> None:
        """A card that grows moves buttons: not while the pointer is on one."""
        if any(button.underMouse() for button in self.findChildren(Button)):
            self._pointer.start()
            return
        self._pointer.stop()
        for call_id in self._stale:
            card = self._cards.get(call_id)
            if card is not None and card.call.live:
                card.show_details(self._services.callers.details(call_id))
        self._stale.clear()

    def _tick(self) -> None:
        now = self._services.clock()
        for card in self._cards.values():
            card.tick(now)

    def _reload_actions(self) -> None:
        self._services.actions.reload()
        for card in self._cards.values():
            card.refresh_actions()
        if self._head is not None:
            self._head.refresh_actions()


def _matters(call: Call) -> tuple[object, ...]:
    """What of a call can change what other cards say or offer."""
    return (call.state, call.held, call.conference, call.transfer, call.remote)

"""The call cards, stacked: follows the calls of the application and sends the user's wishes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from callmanager.api import Call, CallAdded, CallChanged, CallId, CallState, ContributionsChanged, UserError
from PySide6.QtCore import QPropertyAnimation, QTimer, Signal
from PySide6.QtWidgets import QGraphicsOpacityEffect, QVBoxLayout, QWidget

from callmanager_shell.actions import ActionState
from callmanager_shell.call_card import CallCard
from callmanager_shell.services import ShellServices
from callmanager_shell.tokens import Space
from callmanager_shell.widgets.button import Button

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
        self._layout.setSpacing(Space.INNER)
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
            bus.subscribe(CallChanged, lambda event: self.show_call(event.after), owner="shell"),
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
        alone = [call for call in live if call.held and len(live) == 1]
        return next(iter((*talking, *placing, *alone)), None)

    def ringing_call(self) -> Call | None:
        return next((card.call for card in self._cards.values() if card.call.state is CallState.RINGING), None)

    def run_shortcut(self, shortcut: str, *, plugin_id: str = "") -> None:
        """Run the contributed action with this shortcut on the active call; with an id, only that plugin's."""
        from callmanager_shell.shortcuts import normal

        call = self.active_call()
        if call is None:
            return
        for state in self._services.actions.states(call):
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
        self._command(lambda: self._services.app.calls.hang_up(call.id))
        return True

    def show_call(self, call: Call) -> None:
        card = self._cards.get(call.id)
        is_new = card is None
        if card is None:
            card = CallCard(self._services.look, call, self._services.actions, clock=self._services.clock, parent=self)
            self._wire(card)
            self._cards[call.id] = card
            self._layout.addWidget(card)
        else:
            card.show_call(call)
            if card.details and not self._services.callers.details(call.id) and call.live:
                card.show_details(())  # it is with somebody else now
        if not call.live and call.id not in self._lingering:
            self._linger(card)
        self._sort()
        self.setVisible(True)
        if not self._clock.isActive():
            self._clock.start()
        if is_new:
            self.count_changed.emit(len(self._cards))

    # ------------------------------------------------------------------------------------------------------------- internals

    def _wire(self, card: CallCard) -> None:
        calls = self._services.app.calls
        card.hang_up.connect(lambda call_id: self._command(lambda: calls.hang_up(CallId(call_id))))
        card.answer.connect(lambda call_id: self._command(lambda: calls.answer(CallId(call_id))))
        card.reject.connect(lambda call_id: self._command(lambda: calls.reject(CallId(call_id))))
        card.swap.connect(lambda call_id: self._command(lambda: calls.set_held(CallId(call_id), held=False)))
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
            self._command(lambda: self._services.app.calls.dial(party.number or party.uri))
            self._remove(call_id)

    def run_action(self, call_id: str, state: ActionState) -> None:
        """Start a contributed action; its button is busy meanwhile."""
        card = self._cards.get(call_id)
        if card is None:
            return
        card.set_action_busy(state.key, True)

        def done() -> None:
            current = self._cards.get(call_id)
            if current is not None:
                current.set_action_busy(state.key, False)

        self._services.tasks.call(
            card, state.action.run, card.call, name=state.plugin_id, doing=f"running “{state.action.label}”", done=done
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
            return 2 if call.held else 1

        wanted = sorted(self._cards.values(), key=lambda card: (rank(card), card.call.created_at))
        if list(self.cards()) != wanted:
            for index, card in enumerate(wanted):
                self._layout.insertWidget(index, card)

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

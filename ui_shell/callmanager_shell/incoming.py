"""The screen pop: incoming calls over all other windows, without taking the focus from what the user is typing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from callmanager.api import Call, CallAdded, CallChanged, CallId, CallState, Emphasis, UserError, format_number
from PySide6.QtCore import QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QGuiApplication, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget
from typing_extensions import override

from callmanager_shell import call_text
from callmanager_shell.look import Look
from callmanager_shell.services import ShellServices
from callmanager_shell.shape import round_off
from callmanager_shell.tokens import Radius, Space
from callmanager_shell.widgets.avatar import Avatar
from callmanager_shell.widgets.button import Button, ButtonKind
from callmanager_shell.widgets.text import ElidedText, Text

if TYPE_CHECKING:
    from callmanager_shell.actions import ActionState
    from callmanager_shell.caller_lookups import ShownDetails
    from callmanager_shell.widgets.caller_details import CallerDetailsView

_MARGIN: Final = 16
_WIDTH: Final = 356
_MOST_DETAILS: Final = 2
_POINTER_MS: Final = 150


class _PopCard(QWidget):
    """One waiting call."""

    answer = Signal(str)
    reject = Signal(str)
    more = Signal(object)
    """The menu of what plugins can do is wanted; the card itself goes along."""
    action = Signal(object, object)
    """A plugin's button was pressed; the card and the state of the action go along."""

    def __init__(self, look: Look, call: Call, parent: QWidget) -> None:
        super().__init__(parent)
        self._look = look
        self.call_id = call.id
        self.call = call
        self.setFixedWidth(_WIDTH)
        self._avatar = Avatar(look, name="", key="", size=48)
        self._name = ElidedText(role="name")
        self._name.setStyleSheet("font-size: 15px; font-weight: 600;")
        self._number = ElidedText(role="muted")
        self._line = ElidedText(role="small")
        self.answer_button = Button(look, "Answer", icon="phone-filled", kind=ButtonKind.GOOD)
        self.answer_button.clicked.connect(lambda: self.answer.emit(self.call_id))
        self.reject_button = Button(look, "Reject", icon="phone-down", kind=ButtonKind.DANGER)
        self.reject_button.clicked.connect(lambda: self.reject.emit(self.call_id))
        self.more_button = Button(look, "More", icon="more", kind=ButtonKind.GHOST, compact=True)
        self.more_button.clicked.connect(lambda: self.more.emit(self))
        self.more_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.action_buttons: tuple[Button, ...] = ()
        self._main: list[ActionState] = []
        for button in (self.answer_button, self.reject_button):
            _widen(button)
        words = QVBoxLayout()
        words.setSpacing(1)
        caption = Text("Incoming call", role="small")
        for widget in (caption, self._name, self._number, self._line):
            words.addWidget(widget)
        top = QHBoxLayout()
        top.setSpacing(Space.INNER + 2)
        top.addWidget(self._avatar, 0, Qt.AlignmentFlag.AlignVCenter)
        top.addLayout(words, 1)
        top.addWidget(self.more_button, 0, Qt.AlignmentFlag.AlignTop)
        buttons = self._buttons = QHBoxLayout()
        buttons.setSpacing(Space.SIBLING)
        buttons.addWidget(self.reject_button)
        buttons.addWidget(self.answer_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.GROUP + 4, Space.GROUP, Space.GROUP, Space.GROUP)
        layout.setSpacing(Space.INNER + 2)
        layout.addLayout(top)
        layout.addLayout(buttons)
        self._rows = layout
        self._details: CallerDetailsView | None = None
        self.show_call(call)

    def show_actions(self, states: list[ActionState]) -> None:
        """What plugins can do with the call: the main things as buttons left of Reject, all else behind "More"."""
        main = [state for state in states if state.action.emphasis is Emphasis.MAIN]
        self.more_button.setVisible(len(main) < len(states))
        if main == self._main:
            return
        self._main = main
        for button in self.action_buttons:
            self._buttons.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.action_buttons = tuple(self._button_for(state) for state in main)
        for place, button in enumerate(self.action_buttons):
            self._buttons.insertWidget(place, button)

    def _button_for(self, state: ActionState) -> Button:
        button = Button(self._look, state.label, icon=state.action.icon, parent=self)
        button.clicked.connect(lambda: self.action.emit(self, state))
        _widen(button)
        return button

    @property
    def under_mouse(self) -> bool:
        """The pointer is on one of its buttons."""
        return any(
            button.underMouse() for button in (self.answer_button, self.reject_button, self.more_button, *self.action_buttons)
        )

    def show_details(self, details: tuple[ShownDetails, ...]) -> None:
        """Show what plugins know of the caller, above the buttons: the pop stands on its lower edge, so those stay in place."""
        if self._details is None:
            if not details:
                return
            from callmanager_shell.widgets.caller_details import CallerDetailsView

            self._details = CallerDetailsView(self._look, most=_MOST_DETAILS, focusable=False, parent=self)
            self._details.setContentsMargins(48 + Space.INNER + 2, 0, 0, 0)
            self._rows.insertWidget(1, self._details)
        self._details.show_details(details)
        self._details.setVisible(bool(details))
        self.setAccessibleDescription(self._details.accessibleName())

    @property
    def details(self) -> tuple[ShownDetails, ...]:
        return self._details.details if self._details is not None else ()

    def show_call(self, call: Call) -> None:
        self.call = call
        name = call_text.name_of(call)
        number = " · ".join(filter(None, (call_text.number_of(call), call_text.company_of(call))))
        self._avatar.show_person(name=call.name, key=call_text.person_key(call.remote))
        self._name.setText(name)
        self._number.setText(number)
        self._number.setVisible(bool(number))
        self._line.setText(f"Calls {format_number(call.called)}" if call.called else "")
        self._line.setVisible(bool(call.called))
        self.setAccessibleName(f"Incoming call from {call_text.spoken(call)}")

    @override
    def paintEvent(self, _event: QPaintEvent) -> None:
        theme = self._look.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(QColor(theme.line_strong), 1))
        painter.setBrush(QColor(theme.raised))
        painter.drawRoundedRect(area, Radius.CARD, Radius.CARD)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.accent_fill))
        painter.drawRoundedRect(QRectF(6, 14, 3, self.height() - 28), 1.5, 1.5)
        painter.end()


def _widen(button: Button) -> None:
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    button.setSizePolicy(button.sizePolicy().Policy.Expanding, button.sizePolicy().Policy.Fixed)


class IncomingPop(QWidget):
    """One window for all waiting calls, stacked; there while at least one rings. It never becomes the active window."""

    def __init__(self, services: ShellServices) -> None:
        super().__init__(
            None,
            Qt.WindowType.Tool
            | Qt.WindowType.FramelessWindowHint
            | Qt.WindowType.WindowStaysOnTopHint
            | Qt.WindowType.WindowDoesNotAcceptFocus,
        )
        self._services = services
        self._cards: dict[str, _PopCard] = {}
        self._pointer = QTimer(self)
        self._pointer.setInterval(_POINTER_MS)
        self._pointer.timeout.connect(self._show_details)
        services.callers.changed.connect(self._details_changed)
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, on=False)
        self.setWindowTitle("Incoming call - PC CallManager")
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(Space.SIBLING)
        bus = services.app.bus
        self._undo: list[Callable[[], None]] = [
            bus.subscribe(CallAdded, lambda event: self._follow(event.call), owner="shell"),
            bus.subscribe(CallChanged, lambda event: self._follow(event.after), owner="shell"),
        ]
        for call in services.app.calls.current():
            self._follow(call)

    def cards(self) -> tuple[_PopCard, ...]:
        return tuple(self._cards.values())

    def close_down(self) -> None:
        self._pointer.stop()
        if self._undo:
            self._services.callers.changed.disconnect(self._details_changed)
        for undo in self._undo:
            undo()
        self._undo.clear()
        self.hide()

    def _follow(self, call: Call) -> None:
        card = self._cards.get(call.id)
        if call.state is not CallState.RINGING or call.silenced:
            if card is not None:
                del self._cards[call.id]
                self._layout.removeWidget(card)
                card.hide()
                card.deleteLater()
                self._place()
            return
        if card is None:
            card = _PopCard(self._services.look, call, self)
            card.answer.connect(lambda call_id: self._command(lambda: self._services.app.calls.answer(CallId(call_id))))
            card.reject.connect(lambda call_id: self._command(lambda: self._services.app.calls.reject(CallId(call_id))))
            card.more.connect(self._show_more)
            card.action.connect(lambda card, state: self._run(card.call, state))
            card.show_actions(self._services.actions.states(call))
            self._cards[call.id] = card
            self._layout.addWidget(card)
            card.show_details(self._services.callers.details(call.id))
            card.show()
            self._place()
        else:
            card.show_call(call)
            card.show_actions(self._services.actions.states(call))
            if card.details and not self._services.callers.details(call.id):
                card.show_details(())  # it is somebody else now
                self._place()

    def _details_changed(self, _call_id: str) -> None:
        self._show_details()

    def _show_details(self) -> None:
        """A card that grows lifts those above it: not while the pointer is on a button of one of them."""
        waiting = changed = False
        under = False
        for card in self._cards.values():
            details = self._services.callers.details(card.call_id)
            if details != card.details:
                if under:
                    waiting = True
                else:
                    card.show_details(details)
                    changed = True
            under = under or card.under_mouse
        if changed:
            self._place()
        if waiting:
            self._pointer.start()
        else:
            self._pointer.stop()

    def _show_more(self, card: _PopCard) -> None:
        """What else plugins can do with a call that rings, as a menu: the pop itself stays a few buttons."""
        call = card.call
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for state in self._services.actions.states(call):
            if state.action.emphasis is Emphasis.MAIN:
                continue
            entry = menu.addAction(self._services.look.icon(state.action.icon), state.label.replace("&", "&&"))
            entry.triggered.connect(lambda _checked=False, state=state: self._run(call, state))
        menu.popup(card.more_button.mapToGlobal(card.more_button.rect().bottomLeft()))

    def _run(self, call: Call, state: ActionState) -> None:
        # the card goes as soon as the call does, what was begun must not
        self._services.tasks.call(self, state.action.run, call, name=state.plugin_id, doing=f"running “{state.action.label}”")

    def _place(self) -> None:
        if not self._cards:
            self.hide()
            return
        for card in self._cards.values():
            rows = card.layout()
            if rows is not None:
                rows.activate()
        self._layout.activate()
        size = self._layout.sizeHint()
        screen = QGuiApplication.primaryScreen()
        if screen is not None:
            area = screen.availableGeometry()
            # size and place in one step, so that the buttons never stand elsewhere in between
            left, top = area.right() - size.width() - _MARGIN + 1, area.bottom() - size.height() - _MARGIN + 1
            self.setGeometry(left, max(area.top(), top), size.width(), size.height())
        self._layout.activate()
        round_off(self, [QRectF(card.geometry()) for card in self._cards.values()], Radius.CARD)
        self.show()
        self.raise_()

    def _command(self, command: Callable[[], None]) -> None:
        try:
            command()
        except UserError as error:
            self._services.show_error(error)

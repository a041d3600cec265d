"""The head of a conference's joined cards: that it is one, with how many, and what can be done with all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from callmanager.api import ActionScope, Call, Emphasis
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget
from typing_extensions import override

from callmanager_shell import call_text
from callmanager_shell.button_row import buttons_in, dress, fill, fit_row
from callmanager_shell.tokens import Space
from callmanager_shell.widgets.button import Button
from callmanager_shell.widgets.card_frame import Place, paint_card
from callmanager_shell.widgets.meta_line import Bit, MetaLine
from callmanager_shell.widgets.text import ElidedText

if TYPE_CHECKING:
    from callmanager_shell.actions import ActionState, CallActions
    from callmanager_shell.look import Look


class ConferenceHead(QFrame):
    """Shows the members' snapshots; asks for actions by its signal, with the first member's id."""

    action = Signal(str, object)
    focus_lost = Signal()

    def __init__(self, look: Look, actions: CallActions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._actions = actions
        self._members: tuple[Call, ...] = ()
        self._states: list[ActionState] = []
        self._buttons: dict[str, Button] = {}
        self.setObjectName("conferenceHead")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._sign = _Sign(look)
        self._name = ElidedText("Conference", role="name")
        self._meta = MetaLine(look)
        names = QVBoxLayout()
        names.setSpacing(2)
        names.addWidget(self._name)
        names.addWidget(self._meta)
        top = QHBoxLayout()
        top.setSpacing(Space.INNER)
        top.addWidget(self._sign)
        top.addLayout(names, 1)
        self._row = QHBoxLayout()
        self._row.setSpacing(Space.SIBLING - 2)
        self._more = Button(look, "More", icon="more", compact=True, parent=self)
        self._more.clicked.connect(self._show_more)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.GROUP + 2, Space.INNER, Space.GROUP - 2, Space.INNER)
        layout.setSpacing(Space.INNER - 2)
        layout.addLayout(top)
        layout.addLayout(self._row)

    @property
    def members(self) -> tuple[Call, ...]:
        return self._members

    def show_members(self, members: Sequence[Call]) -> None:
        """At least one."""
        self._members = tuple(members)
        names = ", ".join(call_text.name_of(call) for call in members)
        bits = [Bit(text=f"You and {len(members)} others")]
        if all(call.held for call in members):
            bits.insert(0, Bit(text="On hold", colour="warning_text", keep=True))
        elif all(call.muted for call in members):
            bits.insert(0, Bit(text="Muted", icon="mic-off", colour="danger_text", keep=True, tip="Nobody can hear you."))
        self._meta.show_bits(*bits)
        self.setAccessibleName(f"Conference with {names}: {self._meta.text()}")
        self._arrange()
        self.update()

    def refresh_actions(self) -> None:
        """The contributed actions changed."""
        for button in self._buttons.values():
            button.deleteLater()
        self._buttons.clear()
        if self._members:
            self._arrange()

    def set_action_busy(self, key: str, busy: bool) -> None:  # noqa: FBT001 - reads like Qt's setters
        if key in self._buttons:
            self._buttons[key].set_busy(busy)

    def action_button(self, key: str) -> Button | None:
        return self._buttons.get(key)

    def ending(self) -> ActionState | None:
        """What leaving means here."""
        return next((state for state in self._states if state.action.emphasis is Emphasis.ENDING), None)

    def _arrange(self) -> None:
        self._states = self._actions.states(self._members[0], ActionScope.CONFERENCE)
        wanted = [self._button_for(state) for state in self._states]
        wanted.insert(max(0, len(wanted) - 1), self._more)
        fill(self._row, wanted, stretch_before_last=True)
        for button in self._buttons.values():
            if button not in wanted:
                if button.hasFocus():
                    self.focus_lost.emit()
                button.hide()
        self._fit()

    def _button_for(self, state: ActionState) -> Button:
        button = self._buttons.get(state.key)
        if button is None:
            button = Button(self._look, state.label, icon=state.action.icon, hint=state.action.shortcut, parent=self)
            button.clicked.connect(lambda _checked=False, key=state.key: self._run(key))
            self._buttons[state.key] = button
        dress(button, state, held=self._members[0].held)
        return button

    def _run(self, key: str) -> None:
        state = next((state for state in self._states if state.key == key), None)
        if state is not None and self._members:
            self.action.emit(self._members[0].id, state)

    def _show_more(self) -> None:
        from PySide6.QtWidgets import QMenu

        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for state in self._states:
            if not self._buttons[state.key].isVisibleTo(self):
                entry = menu.addAction(self._look.icon(state.action.icon), state.label)
                entry.triggered.connect(lambda _checked=False, key=state.key: self._run(key))
        menu.popup(self._more.mapToGlobal(self._more.rect().bottomLeft()))

    def _fit(self) -> None:
        row = buttons_in(self._row)
        if len(row) > 1:
            main = {self._buttons[state.key] for state in self._states if state.action.emphasis is Emphasis.MAIN}
            room = self.width() - 2 * Space.GROUP - Space.SIBLING
            fit_row(row, room, self._row.spacing(), main=main, last=row[-1], more=self._more)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    @override
    def paintEvent(self, _event: QPaintEvent) -> None:
        theme = self._look.theme
        held = bool(self._members) and all(call.held for call in self._members)
        muted = bool(self._members) and all(call.muted for call in self._members)
        bar = theme.warning if held else theme.danger if muted else theme.good
        fill = theme.held_background if held else theme.surface if theme.dark else theme.raised
        painter = QPainter(self)
        paint_card(painter, theme, self.rect(), bar=bar, fill=fill, place=Place.TOP)
        painter.end()


class _Sign(QWidget):
    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.setFixedSize(40, 40)

    @override
    def paintEvent(self, _event: QPaintEvent) -> None:
        from PySide6.QtGui import QColor

        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._look.theme.good_background))
        painter.drawEllipse(QRectF(self.rect()))
        self._look.paint_icon(painter, "conference", QRectF(9, 9, 22, 22), self._look.theme.good_text)
        painter.end()

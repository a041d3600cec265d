"""The switch in the header: a bell, and loud and with words while nobody rings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from callmanager.api import ThemeColour, UiKit, UserError
from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QMenu, QPushButton, QWidget
from typing_extensions import override

if TYPE_CHECKING:
    from callmanager_call_control.do_not_disturb.desk import DoNotDisturbDesk

WORDS: Final = "Do not disturb"
_NARROW: Final = 470
_ROOMY: Final = 680
_REFRESH_MS: Final = 20_000


def switch_button(desk: DoNotDisturbDesk, kit: UiKit, *, shortcut: str) -> QPushButton:
    """Opens a menu with how long; the shortcut and the palette switch at once."""
    button = QPushButton()  # a subclass would not get the window's style
    button.setObjectName("doNotDisturb")
    _Switch(button, desk, kit, shortcut)
    return button


class _Switch(QObject):
    """Keeps the button as the desk has it; lives and dies with the button."""

    def __init__(self, button: QPushButton, desk: DoNotDisturbDesk, kit: UiKit, shortcut: str) -> None:
        super().__init__(button)
        self._button = button
        self._desk = desk
        self._kit = kit
        self._shortcut = shortcut
        self._window: QWidget | None = None
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.clicked.connect(self._open)
        button.installEventFilter(self)
        # "until 14:30" needs no clock of its own, but the end of it may pass while the computer sleeps
        timer = QTimer(button)
        timer.setInterval(_REFRESH_MS)
        timer.timeout.connect(self._show)
        timer.start()
        undo = desk.watch(self._show)
        button.destroyed.connect(lambda: undo())  # noqa: PLW0108 - the signal brings an argument
        kit.follow_theme(button, self._show)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._button and event.type() is QEvent.Type.ShowToParent and self._window is None:
            self._window = self._button.window()
            self._window.installEventFilter(self)
            self._show()
        elif watched is self._window and event.type() is QEvent.Type.Resize:
            self._show()
        return False

    def _show(self) -> None:
        button, desk, kit = self._button, self._desk, self._kit
        on, missed = desk.on, len(desk.missed)
        calls = f"{missed} missed" if missed else ""
        until = desk.until
        end = f"until {until.astimezone():%H:%M}" if on and until is not None else ""
        width = self._window.width() if self._window is not None else _ROOMY
        count = str(missed) if missed else ""
        # the header leaves out what does not fit, and this must never be left out
        parts = (count,) if width < _NARROW else (WORDS, count) if width < _ROOMY else (WORDS, end, calls)
        text = " · ".join(filter(None, parts)) if on else ""
        spoken = f"{WORDS}: {', '.join(filter(None, ('on', end, calls)))}" if on else f"{WORDS}: off"
        if button.text() != text:
            button.setText(text)
        button.setIcon(kit.icon("bell-off" if on else "bell"))
        button.setAccessibleName(spoken)
        button.setToolTip(f"{spoken} ({self._shortcut})")
        ink, fill, edge = (
            kit.colour(colour).name() for colour in (ThemeColour.DANGER_TEXT, ThemeColour.DANGER_BACKGROUND, ThemeColour.DANGER)
        )
        hover = kit.colour(ThemeColour.HOVER).name()
        loud = f"color: {ink}; background: {fill}; border: 1px solid {edge}; font-weight: 600; padding: 0 10px;"
        quiet = "background: transparent; border: 1px solid transparent; padding: 0 7px;"
        accent = kit.colour(ThemeColour.ACCENT).name()
        style = (
            f"QPushButton {{ {loud if on else quiet} }}"
            f"QPushButton:hover {{ {'' if on else f'background: {hover};'} }}"
            f"QPushButton:focus {{ border: 2px solid {accent}; padding: 0 {9 if on else 6}px; }}"
        )
        if button.styleSheet() != style:
            button.setStyleSheet(style)

    def _open(self) -> None:
        desk = self._desk
        menu = QMenu(self._button)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setAccessibleName(WORDS)
        if desk.on:
            self._add(menu, "Turn off", desk.turn_off)
            menu.addSeparator()
        self._add(menu, "Until I turn it off", desk.turn_on)
        self._add(menu, "For 30 minutes", lambda: desk.turn_on_for(timedelta(minutes=30)))
        self._add(menu, "For 1 hour", lambda: desk.turn_on_for(timedelta(hours=1)))
        self._add(menu, "Until tomorrow, 8:00", desk.turn_on_until_tomorrow)
        menu.addSeparator()
        self._add(menu, "Settings…", lambda: self._kit.open_settings("do_not_disturb"))
        menu.popup(self._button.mapToGlobal(self._button.rect().bottomLeft()))

    def _add(self, menu: QMenu, words: str, work: Callable[[], None]) -> None:
        menu.addAction(words, lambda: self._do(work))

    def _do(self, work: Callable[[], None]) -> None:
        try:
            work()
        except UserError as error:
            self._kit.toast(f"{error.text[:1].upper()}{error.text[1:]}. {error.hint}".strip())

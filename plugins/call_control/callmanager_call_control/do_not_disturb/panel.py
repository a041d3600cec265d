"""The switch in the header: a bell, and loud and with words while nobody rings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast

from callmanager.api import ThemeColour, UiKit, UserError
from PySide6.QtCore import QCoreApplication, QEvent, Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QMenu, QPushButton
from typing_extensions import override

if TYPE_CHECKING:
    from PySide6.QtGui import QWindow

    from callmanager_call_control.do_not_disturb.desk import DoNotDisturbDesk

WORDS: Final = "Do not disturb"
_NARROW: Final = 470
_ROOMY: Final = 680
_REFRESH_MS: Final = 20_000


class SwitchButton(QPushButton):
    """Opens a menu with how long; the shortcut and the palette switch at once.

    It says the less the narrower the window is: the header leaves out what does not fit, and this must never be left out.
    """

    def __init__(self, desk: DoNotDisturbDesk, kit: UiKit, *, shortcut: str) -> None:
        super().__init__()
        self._desk = desk
        self._kit = kit
        self._shortcut = shortcut
        self._follows_window = False
        self.setObjectName("doNotDisturb")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(self._open)
        # the end may pass while the computer sleeps
        timer = QTimer(self)
        timer.setInterval(_REFRESH_MS)
        timer.timeout.connect(self._refresh)
        timer.start()
        undo = desk.watch(self._refresh)
        self.destroyed.connect(lambda: undo())  # noqa: PLW0108 - the signal brings an argument
        kit.follow_theme(self, self._refresh)

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        handle = cast("QWindow | None", self.window().windowHandle())  # none before the window is a native one
        if handle is not None and not self._follows_window:
            self._follows_window = True
            # a signal, because a filter of the window's events would still be asked while the window is destroyed
            handle.widthChanged.connect(self._refresh)
            self._refresh()

    def _refresh(self, *_width: int) -> None:
        on = self._desk.on
        text, spoken = self._words(on=on)
        if self.text() != text:
            self.setText(text)
            # one that was left out for its width tells nobody by itself that it fits now
            QCoreApplication.postEvent(self, QEvent(QEvent.Type.LayoutRequest))
        self.setIcon(self._kit.icon("bell-off" if on else "bell"))
        self.setAccessibleName(spoken)
        self.setToolTip(f"{spoken} ({self._shortcut})")
        style = self._style(on=on)
        if self.styleSheet() != style:
            self.setStyleSheet(style)

    def _words(self, *, on: bool) -> tuple[str, str]:
        """What stands on it, and what is read aloud."""
        if not on:
            return "", f"{WORDS}: off"
        missed, until = len(self._desk.missed), self._desk.until
        calls = f"{missed} missed" if missed else ""
        count = str(missed) if missed else ""
        end = f"until {until.astimezone():%H:%M}" if until is not None else ""
        width = self.window().width() if self._follows_window else _ROOMY
        parts = (count,) if width < _NARROW else (WORDS, count) if width < _ROOMY else (WORDS, end, calls)
        return " · ".join(filter(None, parts)), f"{WORDS}: {', '.join(filter(None, ('on', end, calls)))}"

    def _style(self, *, on: bool) -> str:
        def colour(one: ThemeColour) -> str:
            return self._kit.colour(one).name()

        loud = (
            f"color: {colour(ThemeColour.DANGER_TEXT)}; background: {colour(ThemeColour.DANGER_BACKGROUND)};"
            f"border: 1px solid {colour(ThemeColour.DANGER)}; font-weight: 600; padding: 0 10px;"
        )
        quiet = "background: transparent; border: 1px solid transparent; padding: 0 7px;"
        hover = "" if on else f"background: {colour(ThemeColour.HOVER)};"
        return (
            f"QPushButton {{ border-radius: 8px; min-height: 28px; {loud if on else quiet} }} QPushButton:hover {{ {hover} }}"
            f"QPushButton:focus {{ border: 2px solid {colour(ThemeColour.ACCENT)}; padding: 0 {9 if on else 6}px;"
            " min-height: 26px; }"
        )

    def _open(self) -> None:
        desk = self._desk
        menu = QMenu(self)
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
        menu.popup(self.mapToGlobal(self.rect().bottomLeft()))

    def _add(self, menu: QMenu, words: str, work: Callable[[], None]) -> None:
        menu.addAction(words, lambda: self._do(work))

    def _do(self, work: Callable[[], None]) -> None:
        try:
            work()
        except UserError as error:
            self._kit.toast(f"{error.text[:1].upper()}{error.text[1:]}. {error.hint}".strip())

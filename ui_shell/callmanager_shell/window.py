"""The main window: header, problems, QuickDialer, calls, and below them the panels or a designed emptiness."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import attrs
from callmanager.api import (
    AccountChanged,
    AppearanceSettings,
    CallId,
    ContributionsChanged,
    Notice,
    NoticePosted,
    PanelArea,
    PluginState,
    ProblemCleared,
    ProblemRaised,
    RegistrationChanged,
    SettingsChanged,
    SettingsError,
    UserError,
    plain,
)
from PySide6.QtCore import QByteArray, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QIcon, QKeySequence, QPaintEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QMainWindow, QScrollArea, QStackedWidget, QVBoxLayout, QWidget
from typing_extensions import override

from callmanager_shell.banner import ProblemBanner
from callmanager_shell.body import Body
from callmanager_shell.call_strip import CallStrip
from callmanager_shell.connection_text import CONNECTION_PROBLEMS, connection_view
from callmanager_shell.dial_field import DialField
from callmanager_shell.empty_state import EmptyState
from callmanager_shell.header import Header
from callmanager_shell.icons import logo_pixmap
from callmanager_shell.services import ShellServices, sentence
from callmanager_shell.tokens import Space
from callmanager_shell.window_state import WindowState

if TYPE_CHECKING:
    from callmanager_shell.guests import Guests
    from callmanager_shell.settings_page import SettingsPage

_FIRST_SIZE: Final = (480, 720)
_SMALLEST: Final = (380, 480)


class MainWindow(QMainWindow):
    """Follows the application's events and never keeps a state of its own about calls or the connection.

    What closing it means is decided by whoever sets `on_close`."""

    quit_wanted = Signal()
    painted_first = Signal()

    def __init__(self, services: ShellServices, *, version: str, state: WindowState | None = None) -> None:
        super().__init__()
        self._services = services
        self._state = state or WindowState()
        self._begun = False
        self.guests: Guests | None = None
        """What is there for plugins; made after the first paint."""
        self._settings_page: SettingsPage | None = None
        self._painted = False
        self.on_close: Callable[[], bool] = lambda: True
        """Asked when the user closes the window: true closes it, false means that the shell hid it."""
        self.setWindowTitle(f"PC CallManager {version}")
        self.setWindowIcon(self._window_icon())
        self.setMinimumSize(*_SMALLEST)
        self.resize(*_FIRST_SIZE)
        self._build()
        self._add_shortcuts()
        self._subscribe()
        services.toasts.attach(self)
        services.look.changed.connect(self._restyled)
        self._follow()

    # --------------------------------------------------------------------------------------------------------------- building

    def _build(self) -> None:
        services = self._services
        look = services.look
        self.header = Header(look)
        self.header.settings_wanted.connect(self.toggle_settings)
        self.header.details_wanted.connect(self.show_connection)
        self.header.theme_toggled.connect(self.toggle_theme)
        self.banner = ProblemBanner(look)
        self.banner.settings_wanted.connect(self.open_settings)
        self.dial_field = DialField(look)
        self.dial_field.dial.connect(self.dial)
        self.strip = CallStrip(services)
        self.strip.count_changed.connect(lambda _count: self._follow())
        self.strip.keypad_wanted.connect(self.open_keypad)
        self.strip.focus_lost.connect(self.dial_field.edit.setFocus)
        self.empty = EmptyState(look)
        self.empty.settings_wanted.connect(self.open_settings)
        self.empty.connect_wanted.connect(self.connect_account)
        self.empty.setVisible(False)
        areas = {owned.value.area for owned in services.app.panels()}
        self._tabs_expected = PanelArea.MAIN in areas

        phone = QWidget()
        phone_layout = QVBoxLayout(phone)
        phone_layout.setContentsMargins(0, 0, 0, 0)
        phone_layout.setSpacing(0)
        phone_layout.addWidget(self.empty, 1)
        phone_layout.addStretch(0)
        self._pages = QStackedWidget()
        self._pages.addWidget(phone)

        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(Space.INNER, Space.INNER, Space.INNER, 0)
        column.setSpacing(Space.INNER)
        column.addWidget(self.dial_field)
        strip_holder = QVBoxLayout()
        strip_holder.setContentsMargins(Space.TIGHT, 0, Space.TIGHT, 0)
        strip_holder.addWidget(self.strip)
        column.addLayout(strip_holder)
        column.addWidget(self._pages, 1)

        central = QWidget()
        central.setProperty("role", "window")
        outer = QVBoxLayout(central)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self.header)
        outer.addWidget(self.banner)
        self.body = Body(look, holder, phone_layout, side_width=self._state.side_width, expected=PanelArea.SIDE in areas)
        outer.addWidget(self.body, 1)
        self.setCentralWidget(central)
        self.dial_field.edit.setFocus()

    def _add_shortcuts(self) -> None:
        keys: list[tuple[str, Callable[[], object]]] = [
            ("Ctrl+D", self.focus_dial_field),
            ("Ctrl+Shift+P", self._toggle_palette),
            ("Ctrl+,", self.toggle_settings),
            ("Ctrl+K", self.strip.open_keypad),
            ("Ctrl+Q", self.quit_wanted.emit),
            ("Escape", self._escape),
            ("Ctrl+Return", self.answer_ringing),
            ("Ctrl+Enter", self.answer_ringing),
            ("Ctrl+Backspace", self.reject_ringing),
            *((f"Ctrl+{number}", lambda number=number: self.show_panel(number)) for number in range(1, 10)),
        ]
        for sequence, handler in keys:
            QShortcut(QKeySequence(sequence), self, activated=handler)  # type: ignore[call-overload]  # PySide's property style
        self._own_keys = [sequence for sequence, _handler in keys]

    def _subscribe(self) -> None:
        bus = self._services.app.bus
        self._undo: list[Callable[[], None]] = [
            bus.subscribe(RegistrationChanged, lambda _event: self._follow_connection(), owner="shell"),
            bus.subscribe(AccountChanged, lambda _event: self._follow_connection(), owner="shell"),
            bus.subscribe(ProblemRaised, lambda _event: self._follow(), owner="shell"),
            bus.subscribe(ProblemCleared, lambda _event: self._follow(), owner="shell"),
            bus.subscribe(SettingsChanged, self._follow_settings, owner="shell"),
            bus.subscribe(NoticePosted, self._show_notice, owner="shell"),
            bus.subscribe(ContributionsChanged, self._follow_plugin, owner="shell"),
        ]
        self._services.wishes.settings.connect(self.open_settings)

    def close_down(self) -> None:
        """Stop following the application; the window may be deleted afterwards."""
        for undo in self._undo:
            undo()
        self._undo.clear()
        if self.guests is not None:
            self.guests.close_down()
        self.strip.close_down()
        self._services.callers.close_down()
        if self._settings_page is not None:
            self._settings_page.close_down()

    # --------------------------------------------------------------------------------------------------------------- commands

    def dial(self, text: str) -> None:
        """Call what was typed; a refusal is said below the field."""
        try:
            self._services.app.calls.dial(text)
        except UserError as error:
            self.dial_field.show_error(" ".join(filter(None, (sentence(error.text), error.hint))))
            return
        self.dial_field.clear()
        self.close_settings()

    def answer_ringing(self) -> None:
        call = self.strip.ringing_call()
        if call is not None:
            self._services.command(lambda: self._services.app.calls.answer(call.id))

    def reject_ringing(self) -> None:
        call = self.strip.ringing_call()
        if call is not None:
            self._services.command(lambda: self._services.app.calls.reject(call.id))

    def connect_account(self) -> None:
        self._services.command(self._services.app.accounts.connect)

    def show_panel(self, number: int) -> None:
        """Show the tab with this number, from one; nothing happens when there is none."""
        if self.guests is not None and number <= self.guests.panels.count():
            self.close_settings()
            self.guests.panels.show_number(number)

    def open_keypad(self, call_id: str, anchor: QWidget) -> None:
        from callmanager_shell.keypad import Keypad

        call = self._services.app.calls.get(CallId(call_id))
        if call is not None:
            Keypad(self._services, call, self).open_at(anchor)

    def open_settings(self, section_id: str = "") -> None:
        """Show Settings; with an id, that section unfolded and in sight."""
        if self._settings_page is None:
            from callmanager_shell.settings_page import SettingsPage

            self._settings_page = SettingsPage(self._services)
            self._settings_page.closed.connect(self.close_settings)
            self._pages.addWidget(self._settings_page)
        self._pages.setCurrentWidget(self._settings_page)
        self.dial_field.hide()
        self._settings_page.opened()
        if section_id:
            self._show_section(self._settings_page, section_id)
        self._follow_problems()

    def _show_section(self, page: SettingsPage, section_id: str) -> None:
        if section_id not in {owned.value.id for owned in self._services.app.settings_sections()}:
            return
        card = page.card(section_id)
        card.expand(True)
        card.head.setFocus(Qt.FocusReason.ShortcutFocusReason)
        area = page.findChild(QScrollArea)
        if area is not None:
            # the card has its place only after the layout was done
            QTimer.singleShot(0, card, lambda: area.ensureWidgetVisible(card.head, 0, Space.INNER))

    def close_settings(self) -> None:
        if self.settings_open:
            assert self._settings_page is not None
            self._settings_page.leave()
            self._pages.setCurrentIndex(0)
            self.dial_field.show()
            self.dial_field.edit.setFocus()
            self._follow_problems()

    @property
    def _has_tabs(self) -> bool:
        return self._tabs_expected if self.guests is None else self.guests.panels.count() > 0

    @property
    def settings_open(self) -> bool:
        return self._settings_page is not None and self._pages.currentWidget() is self._settings_page

    @property
    def settings_page(self) -> SettingsPage | None:
        return self._settings_page

    def toggle_settings(self) -> None:
        if self.settings_open:
            self.close_settings()
        else:
            self.open_settings()

    def bring_to_front(self) -> None:
        if self.isMinimized():
            self.showNormal()
        self.show()
        self.raise_()
        self.activateWindow()

    # ---------------------------------------------------------------------------------------------------------------- geometry

    def restore(self, geometry: bytes) -> None:
        """Put the window where it was, unless that is off every screen now."""
        if geometry and not self.restoreGeometry(QByteArray(geometry)):
            self.resize(*_FIRST_SIZE)

    def geometry_state(self) -> bytes:
        return bytes(self.saveGeometry().data())

    def remembered(self, state: WindowState) -> WindowState:
        """This state with what the window would like to find again."""
        state = attrs.evolve(state, geometry=self.geometry_state(), side_width=self.body.side_width)
        return state if self.guests is None else self.guests.remembered(state)

    # --------------------------------------------------------------------------------------------------------------- following

    def _follow(self) -> None:
        self.empty.setVisible(not self._has_tabs)
        self._follow_connection()
        self._follow_problems()

    def _follow_connection(self) -> None:
        accounts = self._services.app.accounts
        view = connection_view(accounts.current, accounts.registration, self._services.app.problems.current())
        self.header.pill.show_view(view)
        self.empty.show_view(view, in_call=bool(self.strip.cards()))

    def _follow_problems(self) -> None:
        problems = self._services.app.problems.current()
        # said once: where the empty state or Settings already explain the connection, the banner leaves it to them
        explained = self.settings_open or not (self._has_tabs or self.strip.cards())
        if explained:
            problems = tuple(problem for problem in problems if problem.id not in CONNECTION_PROBLEMS)
        self.banner.show_problems(problems)

    def _follow_settings(self, event: SettingsChanged) -> None:
        if isinstance(event.after, AppearanceSettings):
            self._services.look.choose(event.after.theme, event.after.density)

    def _follow_plugin(self, event: ContributionsChanged) -> None:
        if self._services.app.plugins.state(event.plugin_id) is not PluginState.ACTIVE:
            self._services.tasks.cancel(event.plugin_id)

    def take_focus(self) -> None:
        """Somebody's widget went with the keyboard's focus."""
        if self.settings_open and self._settings_page is not None:
            self._settings_page.setFocus()
        else:
            self.dial_field.edit.setFocus()

    def _show_notice(self, event: NoticePosted) -> None:
        notice = event.notice
        action = notice.action
        self._services.toasts.show_text(
            notice.text,
            hint=notice.hint,
            severity=notice.severity,
            action=plain(action.label, limit=24) if action is not None else "",
            run=lambda: self._run_notice_action(notice),
        )

    def _run_notice_action(self, notice: Notice) -> None:
        assert notice.action is not None
        self._services.tasks.call(
            self, notice.action.run, name=notice.owner, doing=f"running “{notice.action.label}” of a message"
        )

    def show_connection(self) -> None:
        """The details of the connection, below the pill."""
        from callmanager_shell.connection_popover import ConnectionPopover

        accounts = self._services.app.accounts
        popover = ConnectionPopover(
            self._services.look, accounts.current, accounts.registration, self._services.app.problems.current(), self
        )
        popover.settings_wanted.connect(self.open_settings)
        popover.connect_wanted.connect(self.connect_account)
        popover.open_at(self.header.pill)

    def toggle_theme(self) -> None:
        theme = "light" if self._services.look.theme.dark else "dark"
        try:
            self._services.app.settings.update(AppearanceSettings, theme=theme)
        except SettingsError as error:
            self._services.show_error(UserError(error.complaints[0], "Your administrator has set the theme."))

    def _toggle_palette(self) -> None:
        if self.guests is not None:
            self.guests.desk.toggle()

    def focus_dial_field(self) -> None:
        self.close_settings()
        self.dial_field.focus()

    def _escape(self) -> None:
        if self.settings_open:
            self.close_settings()
        else:
            self.strip.hang_up_active()

    def _restyled(self) -> None:
        for widget in (self, *self.findChildren(QWidget)):
            widget.update()

    @staticmethod
    def _window_icon() -> QIcon:
        icon = QIcon()
        for size in (16, 32, 64):
            icon.addPixmap(logo_pixmap(size, 1.0))
        return icon

    # --------------------------------------------------------------------------------------------------------------- Qt events

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        if self.on_close():
            event.accept()
        else:
            event.ignore()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._begun:
            self._begun = True
            QTimer.singleShot(0, self, self._begin)

    def _begin(self) -> None:
        """The window is seen: now the plugins' widgets, which must not keep it waiting."""
        from callmanager_shell.guests import Guests

        self.guests = Guests(self._services, self, state=self._state, reserved=self._own_keys)
        self.guests.panels.panels_changed.connect(self._follow)
        self._follow()
        self._services.callers.prepare()

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, self, self.painted_first.emit)

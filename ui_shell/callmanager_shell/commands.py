"""What the palette offers: the window's own commands, the active call's actions, and what plugins contribute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

import attrs
from callmanager.api import Call, CallState, Emphasis, PaletteCommand, plain

from callmanager_shell.actions import ActionState
from callmanager_shell.ranking import Rank, rank
from callmanager_shell.services import ShellServices

if TYPE_CHECKING:
    from callmanager.app import Owned

MOST_RECENT: Final = 20
_OWN_DISTRIBUTION: Final = "pc-callmanager"
_CORE: Final = "core"


@attrs.frozen(kw_only=True)
class Entry:
    """One line of the palette. `owner` is shown for what is not part of the product; `shortcut` is the one that works."""

    key: str
    title: str
    icon: str
    run: Callable[[], object]
    owner: str = ""
    keywords: tuple[str, ...] = ()
    shortcut: str = ""
    order: int = 100


@attrs.frozen(kw_only=True)
class Hit:
    entry: Entry
    rank: Rank
    recent: bool = False


class WindowCommands(Protocol):
    """What the window offers to its palette."""

    def open_settings(self, section_id: str = "") -> None: ...
    def focus_dial_field(self) -> None: ...
    def toggle_theme(self) -> None: ...
    def answer_ringing(self) -> None: ...
    def reject_ringing(self) -> None: ...
    def connect_account(self) -> None: ...
    def disconnect_account(self) -> None: ...
    def show_connection(self) -> None: ...
    def hold_all(self) -> None: ...
    def hang_up_active(self) -> None: ...
    def open_active_keypad(self) -> None: ...
    def quit(self) -> None: ...
    def show_panel(self, number: int) -> None: ...
    def panel_titles(self) -> Sequence[tuple[str, str]]: ...
    def active_call(self) -> Call | None: ...
    def ringing_call(self) -> Call | None: ...
    def run_call_action(self, call: Call, state: ActionState) -> None: ...
    def run_palette_command(self, owned: Owned[PaletteCommand]) -> None: ...
    def command_shortcut(self, key: str) -> str: ...
    def action_shortcut(self, state: ActionState) -> str: ...


def entries(services: ShellServices, window: WindowCommands) -> list[Entry]:
    """All that makes sense at this moment; asks every plugin's `available`."""
    return [*_call_entries(services, window), *_own_entries(services, window), *_plugin_entries(services, window)]


def search(query: str, offered: Sequence[Entry], recent: Sequence[str]) -> list[Hit]:
    """The best first. With nothing typed: the recent ones, the last first, then all others by their order."""
    places = {key: place for place, key in enumerate(recent)}
    hits = [
        Hit(entry=entry, rank=found, recent=entry.key in places)
        for entry in offered
        if (found := rank(query, entry.title, entry.keywords)) is not None
    ]
    last = len(places)
    if not query.strip():
        return sorted(hits, key=lambda hit: (places.get(hit.entry.key, last), hit.entry.order))

    def place(hit: Hit) -> tuple[int, int, int, int, str]:
        return (hit.rank.fit, places.get(hit.entry.key, last), hit.rank.spread, hit.entry.order, hit.entry.title)

    return sorted(hits, key=place)


def remember(key: str, recent: Sequence[str]) -> tuple[str, ...]:
    """The recent keys with this one in front."""
    return (key, *(other for other in recent if other != key))[:MOST_RECENT]


def _own(
    key: str, title: str, icon: str, run: Callable[[], object], *, words: str = "", shortcut: str = "", order: int = 50
) -> Entry:
    return Entry(
        key=f"{_CORE}/{key}", title=title, icon=icon, run=run, keywords=tuple(words.split()), shortcut=shortcut, order=order
    )


def _call_entries(services: ShellServices, window: WindowCommands) -> list[Entry]:
    calls = services.app.calls.current()
    found: list[Entry] = []
    if any(call.state is CallState.RINGING for call in calls):
        found += [
            _own("answer", "Answer", "phone", window.answer_ringing, words="accept pick up", shortcut="Ctrl+Return", order=1),
            _own("reject", "Reject", "phone-down", window.reject_ringing, words="decline", shortcut="Ctrl+Backspace", order=2),
        ]
    ringing, active = window.ringing_call(), window.active_call()
    if ringing is not None:
        states = [state for state in services.actions.states(ringing) if state.action.emphasis is Emphasis.MAIN]
        found += [_action_entry(services, window, ringing, state, order=3) for state in states]
    if active is not None:
        found += [_action_entry(services, window, active, state, order=5) for state in services.actions.states(active)]
        if active.state is CallState.CONNECTED:
            found.append(
                _own("keypad", "Keypad", "keypad", window.open_active_keypad, words="dtmf digits", shortcut="Ctrl+K", order=6)
            )
        found.append(
            _own("hang-up", "Hang Up", "phone-down", window.hang_up_active, words="end call", shortcut="Escape", order=8)
        )
    if any(call.talking for call in calls):
        found.append(_own("hold-all", "Hold all calls", "pause", window.hold_all, words="pause", order=9))
    return found


def _action_entry(services: ShellServices, window: WindowCommands, call: Call, state: ActionState, *, order: int) -> Entry:
    return Entry(
        key=state.key,
        title=plain(state.label, limit=60),
        icon=state.action.icon,
        run=partial(window.run_call_action, call, state),
        owner=_foreign(services, state.plugin_id),
        shortcut=window.action_shortcut(state),
        order=order,
    )


def _own_entries(services: ShellServices, window: WindowCommands) -> list[Entry]:
    dark = services.look.theme.dark
    theme, sign = ("Light theme", "sun") if dark else ("Dark theme", "moon")
    words = "preferences options"
    found = [
        _own(
            "dial", "Call a name or number", "search", window.focus_dial_field, words="dial phone", shortcut="Ctrl+D", order=20
        ),
        _own("settings", "Settings", "settings", window.open_settings, words=words, shortcut="Ctrl+,", order=60),
        _own("theme", theme, sign, window.toggle_theme, words="appearance mode colours", order=70),
        _own("connection", "Show connection", "connection", window.show_connection, words="server pbx", order=71),
        _own("quit", "Quit PC CallManager", "quit", window.quit, words="exit close", shortcut="Ctrl+Q", order=90),
    ]
    if services.app.accounts.registration is None:
        found.append(_own("connect", "Connect", "plug", window.connect_account, words="register online", order=72))
    else:
        found.append(_own("disconnect", "Disconnect", "offline", window.disconnect_account, words="unregister", order=72))
    for number, (title, icon) in enumerate(window.panel_titles(), start=1):
        show = partial(window.show_panel, number)
        shortcut = f"Ctrl+{number}" if number < 10 else ""
        key = f"panel-{number}"
        found.append(_own(key, f"Go to {title}", icon, show, words="tab panel", shortcut=shortcut, order=30 + number))
    for owned in services.app.settings_sections():
        section = owned.value
        title = f"Settings: {plain(section.title, limit=60)}"
        show = partial(window.open_settings, section.id)
        found.append(_own(f"settings-{section.id}", title, section.icon, show, words=words, order=61))
    return sorted(found, key=lambda entry: entry.order)


def _plugin_entries(services: ShellServices, window: WindowCommands) -> list[Entry]:
    found = []
    for owned in services.app.palette_commands():
        command = owned.value
        key = f"{owned.plugin_id}/{command.id}"
        if services.asking.yes(command.available, key=key, owner=owned.plugin_id, label=command.title):
            found.append(
                Entry(
                    key=key,
                    title=plain(command.title, limit=80),
                    icon=command.icon,
                    run=partial(window.run_palette_command, owned),
                    owner=_foreign(services, owned.plugin_id),
                    keywords=command.keywords,
                    shortcut=window.command_shortcut(key),
                    order=command.order,
                )
            )
    return found


def _foreign(services: ShellServices, plugin_id: str) -> str:
    """The plugin's name, unless it is part of the product."""
    record = next((record for record in services.app.plugins.records() if record.id == plugin_id), None)
    ours = record is None or record.distribution.lower().replace("_", "-") == _OWN_DISTRIBUTION
    return "" if ours else plugin_id

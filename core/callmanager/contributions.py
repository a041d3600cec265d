"""Frozen values that a plugin hands over through collecting hooks; the shell makes widgets of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from callmanager.bus import Unsubscribe
from callmanager.errors import UserError
from callmanager.model.calls import Call
from callmanager.model.contacts import CallerDetails, Contact
from callmanager.model.history import CallRecord
from callmanager.value import Value

if TYPE_CHECKING:
    import argparse

    from PySide6.QtWidgets import QWidget

    from callmanager.protocols import UiKit


T = TypeVar("T")


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Owned(Value, Generic[T]):
    """A contribution with the plugin it is from (`core` for our own), so that every later error names its owner."""

    plugin_id: str
    value: T


class PanelArea(Enum):
    """Where a panel lives: `MAIN` are the tabs, `SIDE` the collapsible panels alongside or below."""

    MAIN = "main"
    SIDE = "side"


class PanelBadge:
    """The number at a panel's title, such as unread messages. The plugin makes one, hands it over in `Panel.badge`, and sets it
    whenever it likes; zero shows nothing. Used on the loop thread.

    It is a value of its own because it must work before its panel was ever shown: there is no `UiKit` then to set it through.
    And as a function to be asked on some event, or as a plain field, it would make the window ask all plugins for their panels
    again with every message.
    """

    def __init__(self, count: int = 0) -> None:
        self._count = max(0, count)
        self._watchers: list[Callable[[int], None]] = []

    @property
    def count(self) -> int:
        return self._count

    def set(self, count: int) -> None:
        """Show this number from now on; a negative one counts as zero."""
        count = max(0, count)
        if count != self._count:
            self._count = count
            for watcher in tuple(self._watchers):
                watcher(count)

    def watch(self, watcher: Callable[[int], None]) -> Unsubscribe:
        """Call `watcher` with every other number from now on; returns the undo, which may be called twice."""
        self._watchers.append(watcher)

        def unwatch() -> None:
            if watcher in self._watchers:
                self._watchers.remove(watcher)

        return unwatch


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Panel(Value):
    """A view. `build` imports the plugin's `panel` module inside itself, so that Qt code loads at first show.

    The widget it returns belongs to the window, which keeps it (and what the user has open in it) while other plugins come and
    go, and deletes it when this plugin goes. `id` is the plugin's own and stable: size and place are remembered by it.
    """

    id: str
    title: str
    icon: str
    area: PanelArea
    build: Callable[[UiKit], QWidget]
    order: int = 100
    badge: PanelBadge | None = None


class ActionScope(Enum):
    """What a call action is for."""

    CALL = "call"
    """One call: a button on its card."""
    CONFERENCE = "conference"
    """All calls of the conference together: a button at its head. It is asked about, and run with, the first of them."""


class Emphasis(Enum):
    """How much an action stands out."""

    PLAIN = "plain"
    MAIN = "main"
    """What this state of the call is about: it keeps its word in a narrow window and is never behind "More". On a call that
    rings it stands beside Reject and Answer, on the card and on the pop."""
    ENDING = "ending"
    """It ends the call, or leaves the conference: then it is what Escape does there."""


async def _needs_the_window(_call: Call) -> None:
    raise UserError("this needs the window", "Use it on the call's card.")


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CallAction(Value):
    """A button on the call card. `available` and `checked` are quick functions of the snapshot and of what other calls there
    are, asked whenever a call comes, goes or changes.

    `run` is started as an owned task; the button is busy meanwhile. A `UserError` becomes a toast at the card, anything
    else is a fault with the plugin's name. `icon` names an icon of the shell's set. `shortcut` is Qt text (`Ctrl+M`).
    An action that opens something has `show` instead of `run`: started with the kit and the card, and asked for again while
    it is open, it is cancelled, which closes what it opened. It imports the plugin's `panel` module inside itself.
    """

    id: str
    label: str
    icon: str
    run: Callable[[Call], Awaitable[None]] = _needs_the_window
    show: Callable[[UiKit, QWidget, Call], Awaitable[None]] | None = None
    available: Callable[[Call], bool]
    checked: Callable[[Call], bool] = lambda _call: False
    checked_label: str = ""
    shortcut: str = ""
    scope: ActionScope = ActionScope.CALL
    emphasis: Emphasis = Emphasis.PLAIN
    order: int = 100


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CallPairAction(Value):
    """What can be done with two calls: offered when the card of the first is dropped on the other's, and in the context menu of
    a card. `label` makes the words of the two calls; `run` and `available` as in `CallAction`."""

    id: str
    label: Callable[[Call, Call], str]
    icon: str
    run: Callable[[Call, Call], Awaitable[None]]
    available: Callable[[Call, Call], bool]
    order: int = 100


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SettingsSection(Value):
    """A section of Settings: `model` is a frozen attrs class whose fields are made with `setting(...)`.

    The form, the file check and the reference follow from the declaration. `extra` adds a widget below the form.
    """

    id: str
    title: str
    model: type[Any]
    icon: str = "settings"
    order: int = 100
    extra: Callable[[UiKit], QWidget] | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CliCommand(Value):
    """A sub-command of `callmanager` that runs without a window: `run` gets the parsed arguments and returns the exit code."""

    name: str
    help: str
    configure: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], Awaitable[int]]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CallerCard(Value):
    """Something a plugin knows of the other side of a call. `look_up` is started for each call, and again when the other side
    changes; it answers none for a stranger, and is given up after ten seconds and when the call is over. A failure shows
    nothing and is reported; `Unreachable` and its like are only logged.
    """

    id: str
    look_up: Callable[[Call], Awaitable[CallerDetails | None]]
    order: int = 100


@attrs.frozen(kw_only=True, eq=False, repr=False)
class HeaderItem(Value):
    """A small widget in the header, between the extension and the gear; at most 32 px high.

    Where the window is too narrow, those with the highest `order` are left out first; none is ever cut off. A widget that has
    nothing to show hides itself.
    """

    id: str
    build: Callable[[UiKit], QWidget]
    order: int = 100


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ContactAction(Value):
    """An entry of a person's context menu; `run` and `available` as in `CallAction`."""

    id: str
    label: str
    icon: str
    run: Callable[[Contact], Awaitable[None]]
    available: Callable[[Contact], bool] = lambda _contact: True
    order: int = 100


@attrs.frozen(kw_only=True, eq=False, repr=False)
class HistoryAction(Value):
    """An entry of a finished call's context menu; `run` and `available` as in `CallAction`."""

    id: str
    label: str
    icon: str
    run: Callable[[CallRecord], Awaitable[None]]
    available: Callable[[CallRecord], bool] = lambda _record: True
    order: int = 100


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PaletteCommand(Value):
    """An entry of the command palette, found by title and `keywords`; `run` and `available` as in `CallAction`, asked when the
    palette is opened. `shortcut` (Qt text) is shown, and works in the whole window: one key with Ctrl, Alt or Meta, or a
    function key. Who had a shortcut first keeps it, and the window's own can't be taken.
    """

    id: str
    title: str
    icon: str
    run: Callable[[], Awaitable[None]]
    available: Callable[[], bool] = lambda: True
    keywords: tuple[str, ...] = ()
    shortcut: str = ""
    order: int = 100

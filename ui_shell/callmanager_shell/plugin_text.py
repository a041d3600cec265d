"""What the plugins page says about a plugin, as plain values; no Qt here."""

from __future__ import annotations

from typing import Final

import attrs
from callmanager.api import Permission, PluginRecord, PluginState

from callmanager_shell.services import sentence
from callmanager_shell.widgets.state_mark import Shape

REMARK: Final = (
    "What a plugin needs is what its author says. The phone gives it nothing else of its own, but that is no sandbox: "
    "a plugin is a program inside this one, so install only those you trust."
)
UNKNOWN: Final = "Unknown until it is switched on."
NOTHING: Final = "Nothing but its own settings and data."


@attrs.frozen(kw_only=True)
class Standing:
    """A state as word, shape and colour (a field of the theme); never colour alone."""

    word: str
    shape: Shape
    ink: str


_STANDINGS: Final = {
    PluginState.ACTIVE: Standing(word="Active", shape=Shape.CHECK, ink="good_text"),
    PluginState.DISABLED: Standing(word="Off", shape=Shape.RING, ink="muted"),
    PluginState.FOUND: Standing(word="Found", shape=Shape.DOTS, ink="muted"),
    PluginState.REFUSED: Standing(word="Refused", shape=Shape.BARRED, ink="warning_text"),
    PluginState.FAILED: Standing(word="Failed", shape=Shape.TRIANGLE, ink="danger_text"),
    PluginState.PARKED: Standing(word="Parked", shape=Shape.PAUSE, ink="warning_text"),
}
SWITCHING: Final = Standing(word="Switching…", shape=Shape.DOTS, ink="muted")

_OBVIOUS: Final = frozenset({"", "switched off by you", "switched on by you", "switched on by your administrator"})
_ICONS: Final = {
    Permission.NETWORK: "connection",
    Permission.CALL_INFORMATION: "phone-in",
    Permission.CALL_CONTROL: "phone",
    Permission.ACCOUNT: "user",
    Permission.CONTACTS: "contacts",
    Permission.PRESENCE: "clock",
    Permission.MESSAGES: "chat",
    Permission.VOICEMAIL: "voicemail",
    Permission.SECRETS: "lock",
    Permission.AUDIO: "mic",
    Permission.FILES: "folder",
    Permission.PROCESSES: "window",
}


def standing(record: PluginRecord) -> Standing:
    return _STANDINGS[record.state]


def troubled(record: PluginRecord) -> bool:
    """It should work and does not, or not as it should."""
    return record.state in {PluginState.FAILED, PluginState.PARKED} or faulty(record)


def faulty(record: PluginRecord) -> bool:
    """Active, with a fault to tell."""
    return record.state is PluginState.ACTIVE and bool(record.error or record.reason.startswith("works, but "))


def reason(record: PluginRecord) -> str:
    """The reason as a sentence, where it says more than the word of the state and the switch."""
    return "" if record.reason in _OBVIOUS else sentence(record.reason)


def switch_note(record: PluginRecord) -> str:
    """Why its switch can't be moved, unless the reason says so already."""
    return "" if not record.switch_note or (reason(record) and "administrator" in record.reason) else f"{record.switch_note}."


def origin(record: PluginRecord) -> str:
    """Who made it, in two words: ours, an author, or at least the distribution."""
    if record.built_in:
        return "Built in"
    return record.author or record.distribution or "Unknown origin"


def facts(record: PluginRecord) -> tuple[tuple[str, str], ...]:
    """Label and value for the details."""
    package = " ".join(filter(None, (record.distribution, record.version))) or "Nothing is known about its package"
    lines = (
        ("Package", f"{package} (built in)" if record.built_in else package),
        ("Author", record.author),
        ("Home page", record.home_page),
        ("Name in files", record.id),
    )
    return tuple((label, value) for label, value in lines if value)


@attrs.frozen(kw_only=True)
class Need:
    """One line of what it needs. `note` tells what is different about it."""

    icon: str
    text: str
    note: str = ""
    withheld: bool = False

    def spoken(self) -> str:
        return f"{self.text} – {self.note}" if self.note else self.text


def needs(record: PluginRecord) -> tuple[Need, ...] | None:
    """What it needs, and of that what it does not get; none where it is not known."""
    declared, granted = record.declared, record.granted
    if declared is None or granted is None:
        return None
    lines = []
    for permission in declared.all():
        note = "" if permission.enforced else "not checked by the phone"
        if permission in record.withheld:
            left = permission is Permission.NETWORK and granted.network
            note = (
                f"your administrator allows only {', '.join(granted.network)}" if left else "not allowed by your administrator"
            )
        lines.append(
            Need(
                icon=_ICONS[permission],
                text=declared.words(permission),
                note=note,
                withheld=permission in record.withheld,
            )
        )
    return tuple(lines)


def matches(record: PluginRecord, wanted: str) -> bool:
    """For the filter: all words appear somewhere in what the row and its details say."""
    text = " ".join(
        (
            record.id, record.title, record.summary, record.distribution, record.author, record.reason,
            standing(record).word, record.state.value, origin(record),
        )
    ).casefold()  # fmt: skip
    return all(word in text for word in wanted.casefold().split())


def head_note(states: tuple[PluginState, ...]) -> tuple[str, bool]:
    """What the folded section says, and whether it wants attention."""
    trouble = sum(state in {PluginState.FAILED, PluginState.PARKED} for state in states)
    if trouble:
        return f"{trouble} need{'s' if trouble == 1 else ''} attention", True
    active = sum(state is PluginState.ACTIVE for state in states)
    return f"{active} active", False

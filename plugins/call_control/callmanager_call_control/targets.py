"""Whom a call can be handed to, or asked to join: found while somebody types. Without Qt."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Protocol

import attrs
from callmanager.api import Call, CallId, CallState, PresenceStatus, UserError, clean_target, format_number

if TYPE_CHECKING:
    from callmanager.api import Calls, Presences

MOST: Final = 50
_SEPARATORS: Final = re.compile(r"[\s().\-/]")
_LIKE_A_NUMBER: Final = re.compile(r"[+*#0-9(]|sips?:|tel:", re.IGNORECASE)


@attrs.frozen(kw_only=True)
class Target:
    """A person, a number, or (`call_id`) another call of ours."""

    name: str
    number: str
    status: PresenceStatus | None = None
    call_id: CallId | None = None
    note: str = ""
    typed: bool = False

    @property
    def key(self) -> str:
        return f"call:{self.call_id}" if self.call_id else f"number:{self.number}"

    @property
    def label(self) -> str:
        return self.name or format_number(self.number)


class TargetSearch(Protocol):
    """A source of targets. Asked at every key: from memory, and with nothing typed for what is likely."""

    def find(self, query: str) -> Sequence[Target]: ...


class LiveCalls:
    """The other calls there are."""

    def __init__(self, calls: Calls, *, besides: CallId) -> None:
        self._calls = calls
        self._besides = besides

    def find(self, query: str) -> Sequence[Target]:
        others = [
            call
            for call in self._calls.current()
            if call.id != self._besides and call.state is CallState.CONNECTED and not call.background
        ]
        found = [
            Target(name=call.remote.name, number=call.remote.number or call.remote.uri, call_id=call.id, note=_state(call))
            for call in others
        ]
        return matching(query, found)


class RecentTargets:
    """To whom calls were handed before; each remembered as `number name`."""

    def __init__(self, remembered: Callable[[], Sequence[str]]) -> None:
        self._remembered = remembered

    def find(self, query: str) -> Sequence[Target]:
        found = []
        for entry in self._remembered():
            number, _, name = entry.partition(" ")
            if number:
                found.append(Target(name=name, number=number))
        return matching(query, found)


class KnownPresence:
    """Every extension whose presence somebody tells; those that are free first."""

    def __init__(self, presence: Presences) -> None:
        self._presence = presence

    def find(self, query: str) -> Sequence[Target]:
        known = sorted(self._presence.all(), key=lambda each: (each.status is not PresenceStatus.AVAILABLE, each.handle))
        return matching(query, [Target(name="", number=each.handle, status=each.status) for each in known])


class Targets:
    """All sources together, each number once; what was typed can be called even if nobody knows it."""

    def __init__(self, sources: Sequence[TargetSearch], *, presence: Presences) -> None:
        self._sources = tuple(sources)
        self._presence = presence

    def find(self, query: str) -> list[Target]:
        found: dict[str, Target] = {}
        for source in self._sources:
            for target in source.find(query):
                known = found.get(target.key)
                if known is None:
                    found[target.key] = target
                elif not known.name and target.name:
                    found[target.key] = attrs.evolve(known, name=target.name)
        rows = [self._with_status(target) for target in found.values()]
        if query.strip():
            rows.sort(key=lambda target: fit(query, target) or 0)
        typed = _typed(query)
        if typed is not None and typed.key not in found:
            rows.insert(0, self._with_status(typed))
        return rows[:MOST]

    def _with_status(self, target: Target) -> Target:
        if target.call_id is not None or target.status is not None:
            return target
        status = self._presence.get(target.number).status
        return target if status is PresenceStatus.UNKNOWN else attrs.evolve(target, status=status)


def matching(query: str, targets: Sequence[Target]) -> list[Target]:
    """Those that fit, in the order in which they came."""
    return [target for target in targets if fit(query, target) is not None]


def fit(query: str, target: Target) -> int | None:
    """The lower the better: number or name begins so, words of it do, or it is somewhere inside; none when it does not fit."""
    wanted = " ".join(query.split()).casefold()
    name = target.name.casefold()
    number = target.number.casefold()
    digits = _SEPARATORS.sub("", wanted)
    if not wanted or (digits and number.startswith(digits)) or name.startswith(wanted):
        return 0
    words = name.split()
    if all(any(word.startswith(part) for word in words) for part in wanted.split()):
        return 1
    if len(wanted) > 1 and (wanted in name or (digits.lstrip("+").isdigit() and digits.lstrip("+") in number)):
        return 2
    return None


def remember(target: Target, recent: Sequence[str], *, most: int = 12) -> tuple[str, ...]:
    """The recent targets with this one in front; a name known before is kept."""
    name = target.name or next((entry.partition(" ")[2] for entry in recent if entry.partition(" ")[0] == target.number), "")
    entry = f"{target.number} {name}".rstrip()
    return (entry, *(other for other in recent if other.partition(" ")[0] != target.number))[:most]


def _typed(query: str) -> Target | None:
    text = query.strip()
    if not text or not (_LIKE_A_NUMBER.match(text) or "@" in text):
        return None
    try:
        number = clean_target(text)
    except UserError:
        return None
    return Target(name="", number=number, typed=True)


def _state(call: Call) -> str:
    if call.conference:
        return "in the conference"
    return "on hold" if call.held else "talking"

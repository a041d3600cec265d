"""Whom a call can be handed to, or asked to join: found while somebody types. Without Qt."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Protocol

import attrs
from callmanager.api import Call, CallId, CallState, NumberKind, PresenceStatus, UserError, clean_target, format_number

if TYPE_CHECKING:
    from callmanager.api import Calls, Contacts, Hit, PluginContext, Presences

MOST: Final = 50
_FEW: Final = 3
"""Of no more people than this, each number is a line of its own."""
_SEPARATORS: Final = re.compile(r"[\s().\-/]")
_LIKE_A_NUMBER: Final = re.compile(r"[+*#0-9(]|sips?:|tel:", re.IGNORECASE)


@attrs.frozen(kw_only=True)
class Target:
    """A person, a number, or (`call_id`) another call of ours.

    `kind` says which of several numbers of a person this is; `person` is that person's usual one, where it is another.
    `status` is that of the person, whichever of the numbers this is. `rank` is set by a source that has judged itself how
    well the target fits: the lower the better, as `fit` says it.
    """

    name: str
    number: str
    kind: str = ""
    company: str = ""
    person: str = ""
    status: PresenceStatus | None = None
    call_id: CallId | None = None
    note: str = ""
    typed: bool = False
    rank: int | None = None

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
            Target(name=call.name, number=call.remote.number or call.remote.uri, call_id=call.id, note=_state(call))
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


class KnownPeople:
    """Everybody in the contacts who can be called, found and ordered as the phone's own search does it."""

    def __init__(
        self, contacts: Contacts, *, presence: Presences | None = None, recent: Callable[[], Sequence[str]] = tuple
    ) -> None:
        self._contacts = contacts
        self._presence = presence
        self._recent = recent

    def find(self, query: str) -> Sequence[Target]:
        recent = tuple(entry.partition(" ")[0] for entry in self._recent())
        hits = self._contacts.search(query, limit=MOST, recent=recent)
        found: list[Target] = []
        for hit in hits:
            known = _numbers_of(hit)
            several = len(hits) <= _FEW and len(known) > 1
            status = known_status(self._presence, hit.person.extension)
            found.extend(
                Target(
                    name=hit.person.name,
                    number=dialled,
                    kind=known.get(number, "") if several else "",
                    company=hit.person.company,
                    person=_dialled(next(iter(known), "")),
                    status=status,
                    rank=_FEW if hit.fuzzy else 0,
                )
                for number in (dict.fromkeys((hit.number, *known)) if several else (hit.number,))
                if (dialled := _dialled(number))
            )
        return found


class KnownPresence:
    """Every extension whose presence somebody tells; those that are free first."""

    def __init__(self, presence: Presences) -> None:
        self._presence = presence

    def find(self, query: str) -> Sequence[Target]:
        known = sorted(self._presence.all(), key=lambda each: (each.status is not PresenceStatus.AVAILABLE, each.handle))
        return matching(query, [Target(name="", number=each.handle, status=each.status) for each in known])


class Targets:
    """All sources together, each number once; what was typed can be called even if nobody knows it."""

    def __init__(
        self, sources: Sequence[TargetSearch], *, presence: Presences | None = None, contacts: Contacts | None = None
    ) -> None:
        self._sources = tuple(sources)
        self._presence = presence
        self._contacts = contacts

    def find(self, query: str) -> list[Target]:
        found: dict[str, Target] = {}
        for source in self._sources:
            for target in source.find(query):
                known = found.get(target.key)
                found[target.key] = target if known is None else _together(known, target)
        rows = list(found.values())
        if query.strip():
            rows.sort(key=lambda target: (fit(query, target) or 0) if target.rank is None else target.rank)
        typed = _typed(query)
        if typed is not None and typed.key not in found:
            rows.insert(0, typed)
        return [self._known(target) for target in rows[:MOST]]

    def _known(self, target: Target) -> Target:
        """With name and presence as far as somebody tells them."""
        if target.call_id is not None:
            return target
        if not target.name and not target.typed and self._contacts is not None:
            match = self._contacts.match(target.number)
            if match is not None:
                target = attrs.evolve(target, name=match.contact.name, company=match.contact.company)
        return target if target.status is not None else attrs.evolve(target, status=known_status(self._presence, target.number))


def targets_for(ctx: PluginContext, call: Call, *, recent: Callable[[], Sequence[str]] = tuple) -> Targets:
    """Where the dialog of this call looks. Without what the administrator does not let us see."""
    presence = ctx.presence if ctx.permissions.presence else None
    contacts = ctx.contacts if ctx.permissions.contacts else None
    sources: list[TargetSearch] = [LiveCalls(ctx.calls, besides=call.id), RecentTargets(recent)]
    if contacts is not None:
        sources.append(KnownPeople(contacts, presence=presence, recent=recent))
    if presence is not None:
        sources.append(KnownPresence(presence))
    return Targets(sources, presence=presence, contacts=contacts)


def known_status(presence: Presences | None, extension: str) -> PresenceStatus | None:
    """None when nobody tells."""
    if presence is None or not extension:
        return None
    status = presence.get(extension).status
    return None if status is PresenceStatus.UNKNOWN else status


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


def _together(known: Target, other: Target) -> Target:
    """One number of which two sources know something: the place of the first, and what it leaves open from the other."""
    return attrs.evolve(
        known,
        name=known.name or other.name,
        kind=known.kind or other.kind,
        company=known.company or other.company,
        person=known.person or other.person,
        status=known.status if known.status is not None else other.status,
    )


def _numbers_of(hit: Hit) -> dict[str, str]:
    """All numbers of a person with what each is, the extension first."""
    numbers = {hit.person.extension: "extension"} if hit.person.extension else {}
    for each in hit.person.numbers:
        kind = "" if each.number.kind is NumberKind.OTHER else each.number.kind.value
        numbers.setdefault(each.number.number, each.number.label or kind)
    return numbers


def _dialled(number: str) -> str:
    """Empty for what some source calls a number and nobody can dial."""
    try:
        return clean_target(number)
    except UserError:
        return ""


def _typed(query: str) -> Target | None:
    text = query.strip()
    if not text or not (_LIKE_A_NUMBER.match(text) or "@" in text):
        return None
    number = _dialled(text)
    return Target(name="", number=number, typed=True) if number else None


def _state(call: Call) -> str:
    if call.conference:
        return "in the conference"
    return "on hold" if call.held else "talking"

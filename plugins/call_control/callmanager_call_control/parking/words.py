"""What is said of parked calls, as pure functions. Without Qt."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

import attrs
from callmanager.api import CallerDetails, ParkedCall, Party, format_number

URGENT_SECONDS: Final = 15


@attrs.frozen(kw_only=True)
class Row:
    """One parked call as it is shown; `spoken` is all of it for a screen reader, without what changes every second."""

    slot: str
    name: str
    key: str
    detail: str
    left: str
    urgent: bool
    spoken: str


def row_of(call: ParkedCall, *, now: datetime, own: str, name_of: Callable[[str], str]) -> Row:
    """Who, by whom, for how long, how long until it comes back; `own` is our extension, `name_of` whom the contacts know."""
    name = party_name(call.caller, name_of) or "Unknown caller"
    parker = party_name(call.parked_by, name_of) if call.parked_by is not None else ""
    if call.parked_by is not None and own and call.parked_by.number == own:
        parker = "you"
    waited = duration((now - call.parked_at).total_seconds())
    remaining = None if call.returns_at is None else max(0.0, (call.returns_at - now).total_seconds())
    return Row(
        slot=call.slot,
        name=name,
        key=call.caller.number or name,
        detail=f"{waited} · by {parker}" if parker else waited,
        left="" if remaining is None else f"back in {duration(remaining)}",
        urgent=remaining is not None and remaining <= URGENT_SECONDS,
        spoken=", ".join(filter(None, (name, f"parked in slot {call.slot}", f"by {parker}" if parker else ""))),
    )


def party_name(party: Party, name_of: Callable[[str], str]) -> str:
    """What it says of itself unless that is only its number, whom the contacts know, or the number."""
    own = party.name.strip()
    if own and not _same(own, party.number):
        return own
    return (name_of(party.number) if party.number else "") or format_number(party.number) or own


def back_words(slot: str, *, waited: float) -> CallerDetails:
    """For a call that rings back to us; on two lines, because the pop has no room for a long one."""
    unanswered = ("Nobody answered in", f"slot {slot}") if slot else ("Nobody answered", "slot unknown")
    return CallerDetails(title="Back from parking", lines=(unanswered, ("Waited", duration(waited))))


def duration(seconds: float) -> str:
    """`M:SS`, from an hour on `H:MM:SS`."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, second = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{second:02}" if hours else f"{minutes}:{second:02}"


def _same(name: str, number: str) -> bool:
    return "".join(filter(str.isalnum, name)) == "".join(filter(str.isalnum, number))

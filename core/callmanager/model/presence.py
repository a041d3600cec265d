"""Who is free, and which calls are parked."""

from datetime import datetime
from enum import Enum
from typing import NewType

import attrs

from callmanager.model.calls import Party

Handle = NewType("Handle", str)
"""What presence is about: an extension as it is dialled."""


class PresenceStatus(Enum):
    """In a user's words; `UNKNOWN` means that nobody tells us, which is not the same as being away."""

    UNKNOWN = "unknown"
    AVAILABLE = "available"
    RINGING = "ringing"
    ON_CALL = "on_call"
    ON_HOLD = "on_hold"
    DO_NOT_DISTURB = "do_not_disturb"
    UNAVAILABLE = "unavailable"
    """Not registered: no phone of this extension can ring."""


@attrs.frozen(kw_only=True)
class Presence:
    """One extension at one moment. `with_party` is who it talks to or is called by, where the source may tell."""

    handle: Handle
    status: PresenceStatus
    since: datetime | None = None
    with_party: Party | None = None
    note: str = ""


@attrs.frozen(kw_only=True)
class ParkedCall:
    """A call that waits in a slot; `slot` is what is dialled to fetch it. `returns_at` is when it rings back."""

    slot: str
    lot: str
    caller: Party
    parked_by: Party | None = None
    parked_at: datetime
    returns_at: datetime | None = None
    channel: str = ""
    """The PBX's own name of the parked leg, for whoever must tell two parked calls of one caller apart."""

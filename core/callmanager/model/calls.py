"""One call as everybody but the engine sees it: an immutable snapshot, replaced whenever a fact arrives."""

from datetime import datetime
from enum import Enum
from typing import NewType

import attrs

from callmanager.model.accounts import AccountId
from callmanager.model.contacts import Match
from callmanager.model.failures import Failure
from callmanager.model.media import CallMedia, CallStatistics

CallId = NewType("CallId", str)


class Direction(Enum):
    INCOMING = "incoming"
    OUTGOING = "outgoing"


class CallState(Enum):
    """The life of a call, RFC 3261 dialog states in a user's words."""

    DIALING = "dialing"
    """INVITE sent, nothing heard yet."""
    PROGRESS = "progress"
    """The far end rings (180) or plays early media (183)."""
    RINGING = "ringing"
    """An incoming call waits for us."""
    CONNECTED = "connected"
    ENDED = "ended"


@attrs.frozen(kw_only=True)
class Party:
    """The far end. `name` is what it says of itself, plain text; `number` is the user part; `uri` the whole SIP URI."""

    number: str
    name: str = ""
    uri: str = ""

    @property
    def label(self) -> str:
        """Best single thing to show."""
        return self.name or self.number or self.uri


def name_of_party(party: Party, match: Match | None) -> str:
    """The far end's own name, which may carry a queue's or a group's; the contact's where it sent none or only its number."""
    own = party.name.strip()
    if own and _letters_and_digits(own) != _letters_and_digits(party.number):
        return own
    return match.contact.name if match is not None else ""


def _letters_and_digits(text: str) -> str:
    return "".join(filter(str.isalnum, text))


class EndCause(Enum):
    """Who or what ended a call."""

    LOCAL = "local"
    REMOTE = "remote"
    REJECTED = "rejected"
    """We declined it."""
    MISSED = "missed"
    """The caller gave up, or nobody answered in time."""
    ELSEWHERE = "elsewhere"
    """Another device of ours answered (Reason header in CANCEL, RFC 3326)."""
    FAILED = "failed"
    """It never came to be, or broke; see `failure`."""
    TRANSFERRED = "transferred"
    """It goes on without us: the far end was handed to somebody else, or parked."""


class TransferStage(Enum):
    """How far a transfer has got (the sipfrag of RFC 3515 in a user's words)."""

    ASKED = "asked"
    """REFER sent, or accepted and nothing more known."""
    RINGING = "ringing"
    """The target rings."""
    DONE = "done"
    FAILED = "failed"


@attrs.frozen(kw_only=True)
class TransferState:
    """The transfer of a call that is under way or has just failed; `target` is the number, or the name of the other call."""

    target: str
    stage: TransferStage
    failure: Failure | None = None


@attrs.frozen(kw_only=True)
class CallEnd:
    cause: EndCause
    failure: Failure | None = None


@attrs.frozen(kw_only=True)
class Call:
    """A snapshot. Times are aware UTC; `digits` are the DTMF digits known to be sent, in order.

    `match` is who the contacts say the far end is; `remote` is what it says itself.
    """

    id: CallId
    account_id: AccountId
    direction: Direction
    state: CallState
    remote: Party
    match: Match | None = None
    called: str = ""
    created_at: datetime
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    held: bool = False
    remote_held: bool = False
    muted: bool = False
    silenced: bool = False
    """A plugin lets it wait without a ringtone and without the pop."""
    digits: str = ""
    conference: bool = False
    """Mixed with others of our calls."""
    transfer: TransferState | None = None
    media: CallMedia | None = None
    statistics: CallStatistics | None = None
    end: CallEnd | None = None

    @property
    def name(self) -> str:
        """What the other side is called: its own name, else that of the contact; empty for a stranger's bare number."""
        return name_of_party(self.remote, self.match)

    @property
    def live(self) -> bool:
        """Not ended yet."""
        return self.state is not CallState.ENDED

    @property
    def talking(self) -> bool:
        """Connected and not held by us."""
        return self.state is CallState.CONNECTED and not self.held


@attrs.frozen(kw_only=True)
class Header:
    """One extra SIP header of an outgoing request; the engine refuses CR, LF and NUL in either part."""

    name: str
    value: str


@attrs.frozen(kw_only=True)
class CallRequest:
    """An outgoing call before it is placed; plugins may return a changed one (`callmanager_prepare_outgoing`)."""

    target: str
    account_id: AccountId | None = None
    headers: tuple[Header, ...] = ()


@attrs.frozen(kw_only=True)
class Verdict:
    """A screening plugin's decision: refuse the call with this SIP status (400 to 699). No verdict means: let it ring.

    `missed` says that the user would have wanted the call: it counts as a missed one and not as a refused one. With `silent` it
    is not refused at all, whatever the status: it waits to be answered without a ringtone and without the pop.
    """

    status: int = 603
    reason: str = ""
    missed: bool = False
    silent: bool = False

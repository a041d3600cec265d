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
    REDIRECTED = "redirected"
    """We sent the caller elsewhere without answering, see `CallEnd.sent_to`."""
    MISSED = "missed"
    """The caller gave up, or nobody answered in time."""
    ELSEWHERE = "elsewhere"
    """Another device of ours answered (Reason header in CANCEL, RFC 3326)."""
    FAILED = "failed"
    """It never came to be, or broke; see `failure`."""
    TRANSFERRED = "transferred"
    """It goes on without us: the far end was handed to somebody else."""
    PARKED = "parked"
    """It goes on without us: the far end waits in a parking slot, see `Call.parked`."""


class CallPurpose(Enum):
    """Why we placed a call; all but the first are about another call of ours, `Call.about`."""

    TALK = "talk"
    CONSULTATION = "consultation"
    """Somebody is asked before that call is handed to them."""
    CONFERENCE = "conference"
    """To be joined with that call."""
    TRANSFER = "transfer"
    """Finds out in the background whether somebody takes that call: nobody talks in it, nothing of it is heard, and views don't
    show it; what there is to know of it stands in that call's `transfer`."""


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
    """The transfer of a call that is under way or has just failed; `target` is the number, or the name of the other side.

    A `watched` one is carried out here: the caller waits on hold with us while the target is called, and can be taken back.
    """

    target: str
    stage: TransferStage
    failure: Failure | None = None
    watched: bool = False

    @property
    def under_way(self) -> bool:
        return self.stage in {TransferStage.ASKED, TransferStage.RINGING}


@attrs.frozen(kw_only=True)
class ParkedIn:
    """Where a call of ours is being parked, or waits; `slot` is what is dialled to fetch it, empty while nobody tells."""

    slot: str = ""
    lot: str = ""


@attrs.frozen(kw_only=True)
class CallEnd:
    """`sent_to` is where a redirected caller went, in words or as a number."""

    cause: EndCause
    failure: Failure | None = None
    sent_to: str = ""


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
    answer_after: float | None = None
    """The PBX asks that it be answered without anybody's doing, as it does for paging and intercom, after so many seconds."""
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
    purpose: CallPurpose = CallPurpose.TALK
    about: CallId | None = None
    """The other call that this one was placed for."""
    transfer: TransferState | None = None
    parked: ParkedIn | None = None
    """We asked for it to be parked. Once it has ended for that, `ParkedCallChanged` tells what becomes of it."""
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
        """Connected and not held by us; nobody talks in a background call."""
        return self.state is CallState.CONNECTED and not self.held and not self.background

    @property
    def transferring(self) -> bool:
        """It is being handed to somebody else just now."""
        return self.transfer is not None and self.transfer.under_way

    @property
    def background(self) -> bool:
        """Not to be shown: it only serves the transfer of another call."""
        return self.purpose is CallPurpose.TRANSFER


@attrs.frozen(kw_only=True)
class Header:
    """One extra SIP header of an outgoing request; the engine refuses CR, LF and NUL in either part."""

    name: str
    value: str


@attrs.frozen(kw_only=True)
class CallRequest:
    """An outgoing call before it is placed; plugins may return a changed one (`callmanager_prepare_outgoing`), but its name,
    purpose and what it is about stay.

    `name` is who is called, where that is known; it is shown until the PBX says a name of its own.
    """

    target: str
    account_id: AccountId | None = None
    headers: tuple[Header, ...] = ()
    name: str = ""
    purpose: CallPurpose = CallPurpose.TALK
    about: CallId | None = None


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

"""What a call card says, as pure functions of the call's snapshot; the words are the manual's."""

from collections.abc import Sequence
from datetime import datetime

from callmanager.api import (
    Call,
    CallPurpose,
    CallState,
    Direction,
    EndCause,
    Party,
    TransferStage,
    TransferState,
    explain,
    format_number,
)

from callmanager_shell import parked_text
from callmanager_shell.widgets.meta_line import Bit


def name_of(call: Call) -> str:
    """What the far end calls itself, else what the contacts know; said with care where only the end of the number agrees."""
    party, match = call.remote, call.match
    if not call.name:
        return format_number(party.number) or party.uri or "Unknown caller"
    if match is None or call.name != match.contact.name or call.name == party.name.strip():
        return call.name
    name = call.name if match.exact else f"Perhaps {call.name}"
    return f"{name} or {match.others} more" if match.others and match.contact.company != call.name else name


def number_of(call: Call) -> str:
    """The number, unless it is already shown as the name."""
    number = format_number(call.remote.number)
    return number if number != name_of(call) else ""


def company_of(call: Call) -> str:
    """The contact's company, unless it is already shown as the name."""
    company = call.match.contact.company if call.match is not None and call.match.exact else ""
    return company if company != call.name else ""


def person_key(party: Party) -> str:
    return party.number or party.uri or party.name


def duration(seconds: float) -> str:
    """`MM:SS`, from an hour on `H:MM:SS`."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, second = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{second:02}" if hours else f"{minutes:02}:{second:02}"


def timer(call: Call, now: datetime) -> str:
    """Time since the answer; empty before it, and for a call that goes on in a parking slot."""
    if call.answered_at is None or parked_text.is_parked(call):
        return ""
    return duration(((call.ended_at or now) - call.answered_at).total_seconds())


def state_words(call: Call) -> str:
    """What is going on, when it is not simply a conversation."""
    if parked_text.concerns(call):
        return parked_text.words(call)
    match call.state:
        case CallState.DIALING:
            return "Calling…"
        case CallState.PROGRESS:
            return "Connecting audio…" if call.media is not None and call.media.early and call.media.flowing else "Ringing…"
        case CallState.RINGING:
            return "Incoming call"
        case CallState.ENDED:
            return end_words(call)
        case CallState.CONNECTED:
            if call.held:
                return "On hold"
            return "On hold by the other side" if call.remote_held else ""


def end_words(call: Call) -> str:
    """Why it ended, in plain words."""
    end = call.end
    if end is None:
        return "Call ended"
    match end.cause:
        case EndCause.FAILED:
            return explain(end.failure).text.rstrip(".") if end.failure is not None else "Call failed"
        case EndCause.MISSED:
            return "Missed call" if call.direction is Direction.INCOMING else "No answer"
        case EndCause.REJECTED:
            return "Declined"
        case EndCause.REDIRECTED:
            return f"Sent to {format_number(end.sent_to) or 'somebody else'}"
        case EndCause.ELSEWHERE:
            return "Answered on another device"
        case EndCause.TRANSFERRED:
            return f"Transferred to {format_number(call.transfer.target)}" if call.transfer else "Transferred"
        case EndCause.PARKED:
            return parked_text.words(call)
        case EndCause.REMOTE:
            return "The other side hung up" if call.answered_at is not None else "The other side ended the call"
        case EndCause.LOCAL:
            return "Call ended" if call.answered_at is not None else "Cancelled"


def end_hint(call: Call) -> str:
    """The next step after a failed call, if there is one."""
    if call.end is not None and call.end.cause is EndCause.FAILED and call.end.failure is not None:
        return explain(call.end.failure).hint
    return parked_text.hint(call)


def transfer_words(transfer: TransferState) -> str:
    """How far handing the call over has got, or why it came to nothing."""
    target = format_number(transfer.target) or "somebody else"
    match transfer.stage:
        case TransferStage.ASKED | TransferStage.DONE:
            return f"Transferring to {target}…"
        case TransferStage.RINGING:
            return f"Transferring to {target}… ringing"
        case TransferStage.FAILED:
            reason = explain(transfer.failure).text.rstrip(".") if transfer.failure is not None else "The transfer failed"
            return f"{target}: {reason[0].lower()}{reason[1:]}"


def notice(call: Call) -> Bit | None:
    """What is said on a line of its own: how far a transfer is, or why it failed."""
    transfer = call.transfer
    if transfer is None or not call.live:
        return None
    if transfer.stage is TransferStage.FAILED:
        hint = explain(transfer.failure).hint if transfer.failure is not None else ""
        tip = " ".join(filter(None, ("The transfer did not work; the caller is still with you.", hint)))
        return Bit(text=transfer_words(transfer), icon="alert", colour="danger_text", keep=True, tip=tip)
    if call.parked is not None:
        return None  # it goes to the parking extension, which the card says in its own words
    tip = "The caller hears music until the other side answers." if transfer.watched else ""
    return Bit(text=transfer_words(transfer), icon="transfer", colour="warning_text", keep=True, tip=tip)


def purpose_words(call: Call, others: Sequence[Call]) -> str:
    """For whom a call was placed, and on the card of that one, what is being done about it."""
    if call.about is not None:
        about = next((other for other in others if other.id == call.about), None)
        if about is not None and not call.conference:
            name = name_of(about)
            return f"to join {name}" if call.purpose is CallPurpose.CONFERENCE else f"asking for {name}"
    for other in others:
        if other.about == call.id and other.live and not other.background and not other.conference:
            name = name_of(other)
            return f"waiting for {name} to join" if other.purpose is CallPurpose.CONFERENCE else f"you are asking {name}"
    return ""


def details(call: Call, others: Sequence[Call] = ()) -> tuple[Bit, ...]:
    """The second line of a card; `others` are the other calls there are."""
    bits: list[Bit] = []
    words = state_words(call)
    ended = call.state is CallState.ENDED
    purpose = "" if ended else purpose_words(call, others)
    if words:
        colour = "danger_text" if ended and call.end is not None and call.end.cause is EndCause.FAILED else "muted"
        if call.held or call.remote_held or call.parked is not None:
            colour = "warning_text"
        bits.append(Bit(text=words, colour=colour, keep=True, tip=end_hint(call)))
    if purpose:
        icon = "conference" if call.purpose is CallPurpose.CONFERENCE else "transfer"
        bits.append(Bit(text=purpose, icon=icon if call.about is not None else "", keep=not call.held))
    if call.held and not ended:
        if not purpose and not call.conference and call.transfer is None:
            bits.append(Bit(text="double-click to swap"))
        return tuple(bits)
    number = number_of(call)
    if number:
        bits.append(Bit(text=number, keep=not words))
    if company := company_of(call):
        bits.append(Bit(text=company))
    if call.state is CallState.RINGING and call.called:
        bits.append(Bit(text=f"for {format_number(call.called)}"))
    if call.muted and not ended:
        bits.insert(0, Bit(text="Muted", icon="mic-off", colour="danger_text", keep=True, tip="The caller can't hear you."))
    bits += _media_bits(call, alone=not bits)
    return tuple(bits)


def _media_bits(call: Call, *, alone: bool) -> list[Bit]:
    media = call.media
    if media is None or call.state is not CallState.CONNECTED:
        return []
    bits: list[Bit] = []
    if media.wideband:
        bits.append(Bit(text="HD", tip=f"{media.codec}, {media.clock_rate // 1000} kHz"))
    if media.encrypted:
        bits.append(Bit(text="encrypted", icon="lock", keep=True, tip="The audio of this call is encrypted (SRTP)."))
    if alone and not bits:
        bits.append(Bit(text=media.codec or "Connected", tip=f"{media.clock_rate // 1000} kHz" if media.clock_rate else ""))
    return bits


def quality(call: Call) -> Bit | None:
    """Good, fair or poor, from the estimated MOS; figures in the tool tip. None before there is a reading."""
    reading = call.statistics
    if reading is None or reading.mos is None or call.state is not CallState.CONNECTED or call.held or call.remote_held:
        return None
    round_trip = f"{reading.round_trip_ms:.0f} ms" if reading.round_trip_ms is not None else "not known yet"
    tip = (
        f"Loss {reading.loss_percent:.1f} %, jitter {reading.jitter_ms:.0f} ms, round trip {round_trip}, "
        f"estimated MOS {reading.mos:.1f}"
    )
    # ITU-T G.107 annex B: from R = 80 on (MOS 4.0) users are satisfied, below R = 60 (MOS 3.1) nearly all are not
    if reading.mos >= 4.0:
        return Bit(text="good", dot="good", colour="good_text", tip=tip)
    if reading.mos >= 3.1:
        return Bit(text="fair", dot="warning", colour="warning_text", tip=tip)
    return Bit(text="poor", dot="danger", colour="danger_text", tip=tip)


def spoken(call: Call, others: Sequence[Call] = ()) -> str:
    """The card in one sentence for a screen reader."""
    transfer = transfer_words(call.transfer) if call.transfer is not None and call.live else ""
    purpose = purpose_words(call, others) if call.live else ""
    state = state_words(call) or "connected"
    return ", ".join(filter(None, (name_of(call), company_of(call), number_of(call), transfer, state, purpose)))

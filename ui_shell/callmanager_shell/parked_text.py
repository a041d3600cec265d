"""What a card says of a call that we have parked, as pure functions of its snapshot; the words are the manual's."""

from callmanager.api import Call, EndCause


def is_parked(call: Call) -> bool:
    """It has ended for that, and as far as anybody knows it still waits: the card stays."""
    return _ended_so(call) and call.parked is not None


def concerns(call: Call) -> bool:
    """Whether parking is what is to be said of it."""
    return call.parked is not None if call.live else _ended_so(call)


def words(call: Call) -> str:
    """How far it is, and in which slot."""
    if call.parked is None:
        return "No longer parked"
    if call.parked.slot:
        return f"Parked — Slot {call.parked.slot}"
    return "Parking…" if call.live else "Parked — slot unknown"


def hint(call: Call) -> str:
    """What can be done, for the tool tip."""
    if not is_parked(call) or call.parked is None:
        return ""
    if call.parked.slot:
        return f"Anybody can fetch the call by dialling {call.parked.slot}."
    return (
        "The call waits, and comes back if nobody fetches it. Which slot it has, only the PBX can tell: see Settings, Presence."
    )


def fetched_by(call: Call) -> str:
    """What is dialled to fetch it; empty where that is not known, or it is not parked."""
    return call.parked.slot if is_parked(call) and call.parked is not None else ""


def _ended_so(call: Call) -> bool:
    return call.end is not None and call.end.cause is EndCause.PARKED

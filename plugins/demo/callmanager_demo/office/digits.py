"""DTMF as it arrives: telephone events (RFC 4733 section 2.3) and SIP INFO, each digit once."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from callmanager_demo.office.rtp import RtpPacket

_EVENTS = "0123456789*#ABCD"
_REMEMBERED = 16


class EventDecoder:
    """Turns event packets into digits.

    All packets of one event carry the timestamp of its beginning, so the first of them to arrive, in whatever order, makes the
    digit, and all the others are copies.
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[int, int]] = deque(maxlen=_REMEMBERED)

    def digit(self, packet: RtpPacket) -> str | None:
        """The digit of a new event, none for a copy or for an event that is not a key."""
        if len(packet.payload) < 4 or packet.payload[0] >= len(_EVENTS):
            return None
        identity = packet.ssrc, packet.timestamp
        if identity in self._seen:
            return None
        self._seen.append(identity)
        return _EVENTS[packet.payload[0]]


def digit_in_info(content_type: str, body: bytes) -> str | None:
    """The digit in an INFO of type application/dtmf-relay (`Signal=5`) or application/dtmf (`5`)."""
    kind = content_type.split(";", 1)[0].strip().lower()
    text = body[:200].decode("ascii", errors="replace")
    if kind == "application/dtmf-relay":
        matched = re.search(r"^Signal[ \t]*=[ \t]*([0-9A-D*#]|1[01])[ \t]*\r?$", text, re.IGNORECASE | re.MULTILINE)
    elif kind == "application/dtmf":
        matched = re.fullmatch(r"\s*([0-9A-D*#]|1[01])\s*", text, re.IGNORECASE)
    else:
        return None
    if matched is None:
        return None
    return {"10": "*", "11": "#"}.get(matched[1], matched[1].upper())

"""Keeps from pjsua2 what is sound SIP on the wire and yet harms it.

It is built with assertions that abort the process, and a message that does not fit into its buffer leaves it in the middle of
the stream. Found by feeding broken messages to a live engine; each rule names what it prevents.
"""

from __future__ import annotations

from callmanager_sip_engine.edge.addresses import has_tag
from callmanager_sip_engine.edge.message import Message, MessageError, Request, Response

LARGEST_FOR_PJSUA = 4000
"""Bytes of pjsip's receive buffer (PJSIP_MAX_PKT_LEN).

Of a longer message it drops the start and takes what follows, such as a body that some caller wrote, for the next message:
requests could be smuggled past everything that is checked here.
"""


class TooLargeForPjsua(MessageError):
    """Raised for a message that pjsua2 cannot take in whole."""


def serialise_for_pjsua(message: Message) -> bytes:
    """Return wire bytes that pjsua2 reads as exactly this message; raises `TooLargeForPjsua`."""
    data = message.serialise()
    if len(data) > LARGEST_FOR_PJSUA:
        raise TooLargeForPjsua(f"a message of {len(data)} bytes is larger than the {LARGEST_FOR_PJSUA} that pjsua2 reads")
    return data


def check_for_pjsua(message: Message) -> None:
    """Raise `MessageError` for what must not come in from the PBX."""
    if has_tag(message.required("to")):
        return
    if isinstance(message, Request) and message.method == "ACK":
        # pjsip takes it for a merged request (RFC 3261 section 8.2.2.2) when another one of the same Call-ID, From tag and CSeq
        # is in work, and then asserts that nobody answers an ACK. A real one always has the tag (section 17.1.1.3).
        raise MessageError("an ACK without a To tag acknowledges nothing")
    if isinstance(message, Response) and 100 < message.status < 300 and message.cseq[1] == "INVITE":
        # After a first answer with a tag pjsip takes it for a forked call and asserts that it has one (RFC 3261 section
        # 8.2.6.2: all have).
        raise MessageError(f"a {message.status} to an INVITE without a To tag makes no dialog")

"""Keeps from pjsua2 what is sound SIP on the wire and yet ends its process: it is built with assertions that abort.

Found by feeding broken messages to a live engine; each rule names what it prevents.
"""

from __future__ import annotations

from callmanager_sip_engine.edge.addresses import has_tag
from callmanager_sip_engine.edge.message import Message, MessageError, Request, Response


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

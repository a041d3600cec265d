"""How a caller gets to our voicemail, as the user or an administrator sets it."""

from enum import Enum
from typing import Final

import attrs
from callmanager.api import setting

EXTENSION: Final = "{extension}"


class Way(Enum):
    """How the PBX is told."""

    REDIRECT = "redirect"
    BUSY = "busy"
    DECLINE = "decline"


def _number(value: str) -> str:
    from callmanager.api import UserError, clean_target, is_emergency  # not at launch

    try:
        target = clean_target(value.replace(EXTENSION, "100"))
    except UserError:
        return f"must be what you dial, like *95{EXTENSION}"
    return "must not be an emergency number" if is_emergency(target) else ""


@attrs.frozen(kw_only=True)
class VoicemailTransferSettings:
    """Section `voicemail_transfer`."""

    way: Way = setting(
        Way.REDIRECT,
        label="To VM",
        help="With the other two the PBX decides what becomes of the caller.",
        choices={
            Way.REDIRECT: "Sends the caller to the number below",
            Way.BUSY: "Tells the PBX that you are busy",
            Way.DECLINE: "Tells the PBX that you decline",
        },
    )
    number: str = setting(
        f"*95{EXTENSION}",
        label="Voicemail number",
        help=f"What somebody else dials to leave you a message. {EXTENSION} is your extension.",
        check=_number,
    )

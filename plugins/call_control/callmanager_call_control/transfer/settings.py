"""How calls are handed on, as the user sets it."""

from enum import Enum

import attrs
from callmanager.api import FieldKind, setting


class BlindWay(Enum):
    """What "Transfer now" does."""

    WATCHED = "watched"
    AT_ONCE = "at_once"


@attrs.frozen(kw_only=True)
class TransferSettings:
    """Section `transfer`."""

    blind: BlindWay = setting(
        BlindWay.WATCHED,
        label="Transfer now",
        help="Watched, the caller waits on hold until the target answers and can be taken back; else the PBX does it alone.",
        choices={BlindWay.WATCHED: "Watch until the target answers", BlindWay.AT_ONCE: "By the PBX at once"},
    )
    ring_seconds: int = setting(
        25,
        label="Let the target ring for",
        help="Seconds after which a watched transfer has failed and the caller is back on hold with you.",
        minimum=5,
        maximum=180,
    )
    show_caller: bool = setting(
        False,
        label="Show the caller's number to the target",
        help="Sent as P-Asserted-Identity; the PBX shows it only if it trusts your extension (`trust_id_inbound`).",
        advanced=True,
    )
    recent: tuple[str, ...] = setting(
        (),
        label="Recent targets",
        help="Number and name of those to whom calls were handed, the last first.",
        kind=FieldKind.HIDDEN,
    )

"""Where calls are parked, as the user or an administrator sets it."""

import re
from typing import Final

import attrs
from callmanager.api import setting

_EXTENSION: Final = re.compile(r"[0-9*#]{1,20}")
_SLOTS: Final = re.compile(r"([0-9]{1,10})-([0-9]{1,10})")


def _extension(value: str) -> str:
    return "" if _EXTENSION.fullmatch(value) else "must be what you dial, like 5900"


def _slots(value: str) -> str:
    match = _SLOTS.fullmatch(value)
    if match is None or not int(match[1]) <= int(match[2]) < int(match[1]) + 1000:
        return "must be the first and the last slot, like 5901-5909"
    return ""


@attrs.frozen(kw_only=True)
class ParkingSettings:
    """Section `parking`."""

    extension: str = setting(
        "5900",
        label="Parking extension",
        help="What a call is transferred to so that the PBX parks it in the next free slot; 700 on a new VitalPBX.",
        check=_extension,
    )
    slots: str = setting(
        "5901-5909",
        label="Slots",
        help="The first and the last; a parked call is fetched by dialling its slot.",
        check=_slots,
    )
    return_seconds: int = setting(
        60,
        label="Calls come back after",
        help="Seconds without anybody fetching them; used where the PBX does not tell.",
        minimum=5,
        maximum=3600,
        advanced=True,
    )


def spoken_slots(value: str) -> str:
    """`5901-5909` for people."""
    return value.replace("-", "–")

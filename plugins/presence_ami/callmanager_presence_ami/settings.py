"""How the phone signs in at the PBX's manager interface, as the user or an administrator sets it."""

import re
from typing import Final

import attrs
from callmanager.api import FieldKind, setting

_HOST: Final = re.compile(r"[0-9A-Za-z_]([0-9A-Za-z_.\-]{0,251}[0-9A-Za-z_.])?|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]{1,45}")
_WORD: Final = re.compile(r"[!-~]{0,80}")
_LOT: Final = re.compile(r"[^\x00-\x1f\x7f]{1,80}")


def _host(value: str) -> str:
    if not value or _HOST.fullmatch(value):
        return ""
    return "must be the name alone, like pbx.example.com; the port has a field of its own"


def _word(value: str) -> str:
    return "" if _WORD.fullmatch(value) else "must be one word of letters, digits and signs"


def _lot(value: str) -> str:
    return "" if _LOT.fullmatch(value) else f"{value!r} is not the name of a parking lot"


def _device(value: str) -> str:
    if not value or (_WORD.fullmatch(value) and value.count("{extension}") == 1):
        return ""
    return "must have {extension} once, like Custom:DND{extension}"


@attrs.frozen(kw_only=True)
class AmiSettings:
    """Section `presence_ami`."""

    user: str = setting(
        "",
        label="AMI user",
        help="Made for the phone by your administrator, in VitalPBX under Settings, PBX Settings, AMI.",
        placeholder="callmanager",
        check=_word,
    )
    secret: str = setting("", label="Secret", help="Kept in the key store of this computer, never in a file.", secret=True)
    host: str = setting("", label="Address", help="Empty: the PBX you phone with.", placeholder="pbx.example.com", check=_host)
    encrypted: bool = setting(
        True,
        label="Encrypt the connection (TLS)",
        help="Without it everybody on the way sees who calls whom; only for a PBX that can't do it.",
    )
    port: int = setting(
        0,
        label="Port",
        help="0 for the usual one: 5039 encrypted, 5038 not encrypted.",
        minimum=0,
        maximum=65535,
        advanced=True,
    )
    hint_context: str = setting(
        "",
        label="Context of the extensions",
        help="Where the dial plan has the hints of your extensions. Empty: found by itself.",
        placeholder="extension-hints",
        advanced=True,
        check=_word,
    )
    do_not_disturb_device: str = setting(
        "Custom:DND{extension}",
        label="Device for do not disturb",
        help="The device state that the PBX sets while an extension wants no calls. Empty: none.",
        advanced=True,
        check=_device,
    )
    lots: tuple[str, ...] = setting(
        (),
        label="Parking lots",
        help="Names, one a line. Empty: those that belong to your extension.",
        kind=FieldKind.LINES,
        advanced=True,
        check=_lot,
    )

"""From what people type, paste or click to what a PBX can dial, and back to something readable."""

import re
from typing import Final
from urllib.parse import unquote

from callmanager.errors import UserError

EMERGENCY: Final = frozenset({"911", "9911", "112", "999", "933"})
"""North America's and Europe's numbers, the one with an outside-line prefix, and 933, the E911 test line."""

_LINK = re.compile(r"^(tel|callto|sips?)\s*:\s*(//)?", re.IGNORECASE)
_DIALABLE = re.compile(r"^\+?[0-9*#]{1,64}$")
_FORMATTING = re.compile(r"[\s().\-/\u2010-\u2015\u2212\u00a0\u202f]")
_CONTROL = re.compile(r"[\u0000-\u0008\u000a-\u001f\u007f]")
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_SIP_USER = re.compile(r"^(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/]|%(?![01]|7[Ff])[0-9A-Fa-f]{2}){1,128}$")
_SIP_HOST = re.compile(r"^(?:[A-Za-z0-9](?:[A-Za-z0-9.\-]{0,253})|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?$")
_HINT: Final = "Type digits, * and #, with a leading + for abroad, or a SIP address such as sip:6000@pbx.example.com."
_LIMIT: Final = 512


def clean_target(text: str) -> str:
    """What the PBX is asked to call: bare digits, or `sip:user@host` for a SIP address.

    Understands `tel:` (RFC 3966), `callto:` and `sip:` links and dirt pasted along with a number. Raises `UserError` for what
    can't be dialled. Parameters and headers of a SIP address are dropped: a link on a web page must not add any.
    """
    if len(text) > _LIMIT:
        raise UserError("this is too long for a number", _HINT)
    candidate = _bare(text)
    link = _LINK.match(candidate)
    scheme = link.group(1).lower() if link else ""
    if link:
        candidate = _bare(candidate[link.end() :])
        if "@" not in candidate:  # the escapes of a SIP address are part of it (RFC 3261 section 19.1.2)
            candidate = _bare(unquote(candidate))
    if not candidate:
        raise UserError("there is no number to call", _HINT)
    if _CONTROL.search(candidate):
        raise UserError(f"“{_shown(text)}” is not a number that can be called", _HINT)
    if "@" in candidate:
        return _sip_address(candidate, secure=scheme == "sips")
    number, _, parameters = candidate.partition(";")
    extension = _extension_of(parameters)
    number = _FORMATTING.sub("", number.split("?", 1)[0] if scheme else number).translate(_FULL_WIDTH)
    if not _DIALABLE.match(number):
        raise UserError(f"“{_shown(text)}” is not a number that can be called", _HINT)
    if extension:
        raise UserError(
            f"“{_shown(text)}” has an extension behind the number", "Call the number and key the extension in when asked."
        )
    return number


def is_emergency(target: str) -> bool:
    """Whether a cleaned target is an emergency number, also as a SIP address; those are never rewritten or held up."""
    user = target.removeprefix("sips:").removeprefix("sip:").partition("@")[0]
    return unquote(user) in EMERGENCY


def format_number(number: str) -> str:
    """A North American number as `(555) 010-0199` or `+1 555 010 0199`; everything else unchanged."""
    if re.fullmatch(r"[2-9][0-9]{9}", number):
        return f"({number[:3]}) {number[3:6]}-{number[6:]}"
    if re.fullmatch(r"1[2-9][0-9]{9}", number):
        return f"1 ({number[1:4]}) {number[4:7]}-{number[7:]}"
    if re.fullmatch(r"\+1[2-9][0-9]{9}", number):
        return f"+1 {number[2:5]} {number[5:8]} {number[8:]}"
    return number


_FULL_WIDTH = {ord("０") + digit: str(digit) for digit in range(10)} | {ord("＋"): "+", ord("＊"): "*", ord("＃"): "#"}


def _bare(text: str) -> str:
    return _INVISIBLE.sub("", text).strip().strip("<>\"'").strip()


def _sip_address(candidate: str, *, secure: bool) -> str:
    user, _, host = candidate.rpartition("@")
    host = re.split(r"[;?/]", host, maxsplit=1)[0]
    user = user.partition(";")[0].partition(":")[0]  # no parameters, and never a password
    if not _SIP_USER.match(user) or not _SIP_HOST.match(host):
        raise UserError(f"“{_shown(candidate)}” is not a SIP address that can be called", _HINT)
    return f"{'sips' if secure else 'sip'}:{user}@{host}"


def _extension_of(parameters: str) -> str:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "ext":
            return value.strip()
    return ""


def _shown(text: str) -> str:
    from callmanager.texts import plain

    return plain(text, limit=40)

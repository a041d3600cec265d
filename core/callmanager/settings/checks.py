"""What fits into the fields of the core's sections; each returns a complaint or an empty text."""

import re
from typing import Final

_HOST: Final = re.compile(
    r"(?=.{1,253}\Z)(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.?"
)
_SIP_USER: Final = re.compile(r"[A-Za-z0-9\-_.!~*'()&=+$,]{1,64}")
_PATH: Final = re.compile(r"/[A-Za-z0-9\-._~!$&'()*+,;=:@%/?]{0,200}")
_STUN: Final = re.compile(r"stuns?:(?P<host>\[[^\]]+\]|[^:?\s]+)(?::(?P<port>\d{1,5}))?")
_TURN: Final = re.compile(r"turns?:(?P<host>\[[^\]]+\]|[^:?\s]+)(?::(?P<port>\d{1,5}))?(?:\?transport=(?:udp|tcp))?")


def server(value: str) -> str:
    """A host name or an address (RFC 1123, RFC 3986); no scheme, no port."""
    if not value or _is_host(value):
        return ""
    if "://" in value or value.count(":") == 1 or "/" in value:
        return "must be the name alone, like pbx.example.com; the port has a field of its own"
    return "must be a name or an address, like pbx.example.com"


def sip_user(value: str) -> str:
    """The user part of a SIP URI (RFC 3261 section 25.1), without escapes."""
    return "" if not value or _SIP_USER.fullmatch(value) else "must be letters and digits without spaces, like 2001 or T2_2001"


def display_name(value: str) -> str:
    """Anything that can be read, and not too long for a phone's display."""
    return "" if len(value) <= 64 else "must be at most 64 characters long"


def websocket_path(value: str) -> str:
    """The path of a URL (RFC 3986 section 3.3)."""
    return "" if _PATH.fullmatch(value) else "must begin with a slash, like /ws"


def proxy(value: str) -> str:
    """`system`, `none`, or the URL of an HTTP proxy; name and password have fields of their own."""
    from urllib.parse import urlsplit

    if value in {"system", "none"}:
        return ""
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and parts.port != 0 and parts.path in {"", "/"} and not parts.query
    except ValueError:
        usable = False
    if not usable or not _is_host(parts.hostname or ""):
        return "must be system, none, or an address like http://proxy.example.com:3128"
    return "must be without name and password, they have fields of their own" if "@" in parts.netloc else ""


def stun_server(value: str) -> str:
    """A STUN URI (RFC 7064)."""
    return "" if _is_uri(_STUN, value) else f"{value!r} must look like stun:stun.example.com:3478"


def turn_server(value: str) -> str:
    """A TURN URI (RFC 7065)."""
    return "" if _is_uri(_TURN, value) else f"{value!r} must look like turn:turn.example.com:3478?transport=udp"


def _is_uri(pattern: re.Pattern[str], value: str) -> bool:
    match = pattern.fullmatch(value)
    return match is not None and _is_host(match["host"].strip("[]")) and int(match["port"] or 3478) in range(1, 65536)


def _is_host(value: str) -> bool:
    import ipaddress

    try:
        ipaddress.ip_address(value.strip("[]"))
    except ValueError:
        return _HOST.fullmatch(value) is not None and not re.fullmatch(r"[0-9.]+", value)
    return True

"""Reads just as much of Via, Route and Contact values as an edge has to change (RFC 3261 sections 20.10, 20.42 and 25.1)."""

from __future__ import annotations

import re

import attrs
from typing_extensions import override

from callmanager_sip_engine.edge.message import MessageError

_VIA = re.compile(r"\s*SIP\s*/\s*2\.0\s*/\s*([^\s;]+)\s+([^\s;]+)\s*(;.*)?", re.ASCII | re.IGNORECASE | re.DOTALL)
_BRANCH = re.compile(r";\s*branch\s*=\s*([^;\s,]+)", re.ASCII | re.IGNORECASE)
_TAG = re.compile(r";\s*tag\s*=\s*[A-Za-z0-9\-.!%*_+`'~]", re.ASCII | re.IGNORECASE)
_URI = re.compile(
    r"(sips?):(?:([^@<>\s]*)@)?(\[[0-9A-Fa-f:.]+\]|[^:;?@<>\s\[\]]+)(?::(\d{1,5}))?((?:[;?][^<>\s]*)?)",
    re.ASCII | re.IGNORECASE,
)


def split_list(value: str) -> list[str]:
    """Split a header value at its commas, but not at those inside quotes or angle brackets."""
    if "," not in value:
        return [value]
    parts: list[str] = []
    start = 0
    quoted = bracketed = escaped = False
    for position, char in enumerate(value):
        if escaped:
            escaped = False
        elif quoted:
            escaped = char == "\\"
            quoted = char != '"'
        elif char == '"':
            quoted = True
        elif char == "<":
            bracketed = True
        elif char == ">":
            bracketed = False
        elif char == "," and not bracketed:
            parts.append(value[start:position])
            start = position + 1
    parts.append(value[start:])
    return [part.strip() for part in parts]


@attrs.frozen(kw_only=True)
class Via:
    """The parts of one Via value that decide where a response goes."""

    transport: str
    sent_by: str
    branch: str | None


def read_via(value: str) -> Via:
    """Read one Via value; raises `MessageError`."""
    match = _VIA.fullmatch(value)
    if match is None:
        raise MessageError("the Via header cannot be read")
    branch = _BRANCH.search(match[3] or "")
    return Via(transport=match[1].upper(), sent_by=match[2].lower(), branch=branch[1] if branch else None)


@attrs.frozen(kw_only=True)
class SipUri:
    """A sip or sips URI; `tail` is everything after the port, parameters and headers alike."""

    scheme: str
    user: str | None
    host: str
    port: int | None
    tail: str

    @override
    def __str__(self) -> str:
        user = "" if self.user is None else f"{self.user}@"
        port = "" if self.port is None else f":{self.port}"
        return f"{self.scheme}:{user}{self.host}{port}{self.tail}"

    @property
    def host_port(self) -> str:
        return self.host.lower() if self.port is None else f"{self.host.lower()}:{self.port}"


def read_uri(text: str) -> SipUri | None:
    """Read a URI, None when it is not a SIP URI with a host."""
    match = _URI.fullmatch(text.strip())
    if match is None:
        return None
    port = None if match[4] is None else int(match[4])
    return SipUri(scheme=match[1].lower(), user=match[2], host=match[3], port=port, tail=match[5])


@attrs.frozen(kw_only=True)
class NameAddress:
    """One `name-addr` or `addr-spec` with its header parameters, cut so that the URI can be exchanged."""

    before: str
    uri: str
    after: str

    def with_uri(self, uri: str) -> str:
        """Return the value around another URI, always in the bracketed form, which keeps URI and header parameters apart."""
        if self.before.endswith("<"):
            return f"{self.before}{uri}{self.after}"
        return f"{self.before}<{uri}>{self.after}"


def read_name_address(value: str) -> NameAddress | None:
    """Cut one list element, None when the brackets do not pair."""
    opening = _first_outside_quotes(value, "<")
    if opening is None:
        uri, semicolon, parameters = value.strip().partition(";")
        return NameAddress(before="", uri=uri.strip(), after=semicolon + parameters)
    closing = value.find(">", opening)
    if closing < 0:
        return None
    return NameAddress(before=value[: opening + 1], uri=value[opening + 1 : closing].strip(), after=value[closing:])


def has_tag(value: str) -> bool:
    """Tell whether a From or To value has a tag that is not empty."""
    address = read_name_address(value)
    return address is not None and _TAG.search(address.after) is not None


def _first_outside_quotes(value: str, wanted: str) -> int | None:
    quoted = escaped = False
    for position, char in enumerate(value):
        if escaped:
            escaped = False
        elif quoted:
            escaped = char == "\\"
            quoted = char != '"'
        elif char == '"':
            quoted = True
        elif char == wanted:
            return position
    return None

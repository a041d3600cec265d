"""SIP messages as values: parse what arrived, write what goes out (RFC 3261 sections 7 and 25).

Small on purpose: only what an office on loopback needs. Whatever is not well-formed raises `MalformedMessage` and nothing
else, so that the one caller can drop it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable

MAXIMUM_BYTES = 65_535
MAXIMUM_HEADERS = 128

_COMPACT = {
    "c": "content-type",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "s": "subject",
    "t": "to",
    "v": "via",
}
_TOKEN = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+")
_STATUS_LINE = re.compile(r"SIP/2\.0 ([1-6][0-9]{2}) ([^\r\n]*)")
_NUMBER = re.compile(r"[0-9]{1,10}")
_MANDATORY = ("via", "from", "to", "call-id", "cseq")


class MalformedMessage(ValueError):
    """Bytes that are not a SIP message; the sender gets no answer."""


@attrs.frozen(kw_only=True)
class Message:
    """Start line aside, what requests and responses share. Header names are kept as written, compared without case."""

    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a header, in order; lists in one line (Via, Route, Contact …) are taken apart."""
        wanted = name.lower()
        found = [value for key, value in self.headers if canonical(key) == wanted]
        if wanted in ("via", "route", "record-route", "contact", "supported", "require", "allow"):
            return tuple(part for value in found for part in split_list(value))
        return tuple(found)

    def first(self, name: str) -> str:
        """The first value of a header, empty if there is none."""
        values = self.all(name)
        return values[0] if values else ""

    @property
    def call_id(self) -> str:
        return self.first("call-id")

    @property
    def cseq(self) -> int:
        return int(self.first("cseq").split()[0])

    @property
    def cseq_method(self) -> str:
        return self.first("cseq").split()[1]

    @property
    def branch(self) -> str:
        """Branch of the topmost Via: the name of the transaction (section 17.1.3)."""
        return parameters(self.first("via")).get("branch", "")

    @property
    def sent_by(self) -> str:
        """Host and port of the topmost Via, lower case."""
        return self.first("via").split(";", 1)[0].split()[-1].lower()

    @property
    def from_tag(self) -> str:
        return tag_of(self.first("from"))

    @property
    def to_tag(self) -> str:
        return tag_of(self.first("to"))

    def _encode(self, start_line: str) -> bytes:
        lines = [start_line]
        lines += [f"{name}: {value}" for name, value in self.headers if canonical(name) != "content-length"]
        lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


@attrs.frozen(kw_only=True)
class Request(Message):
    method: str
    uri: str

    def encode(self) -> bytes:
        return self._encode(f"{self.method} {self.uri} SIP/2.0")


@attrs.frozen(kw_only=True)
class Response(Message):
    status: int
    reason: str

    def encode(self) -> bytes:
        return self._encode(f"SIP/2.0 {self.status} {self.reason}")


def parse(data: bytes) -> Request | Response:
    """One whole message from one datagram; what follows the announced body is dropped (section 18.3)."""
    if len(data) > MAXIMUM_BYTES:
        raise MalformedMessage("message is too long")
    head, separator, rest = data.partition(b"\r\n\r\n")
    if not separator:
        raise MalformedMessage("header section has no end")
    try:
        text = head.lstrip(b"\r\n").decode()
    except UnicodeDecodeError as error:
        raise MalformedMessage("header section is not UTF-8") from error
    if "\0" in text:
        raise MalformedMessage("header section holds a NUL")
    start_line, headers = _split_head(text)
    body = rest[: _content_length(headers, available=len(rest))]
    message: Request | Response
    if start_line.startswith("SIP/"):
        matched = _STATUS_LINE.fullmatch(start_line)
        if matched is None:
            raise MalformedMessage("status line is not well-formed")
        message = Response(status=int(matched[1]), reason=matched[2], headers=headers, body=body)
    else:
        parts = start_line.split(" ")
        if len(parts) != 3 or parts[2].upper() != "SIP/2.0" or not _TOKEN.fullmatch(parts[0]) or not parts[1]:
            raise MalformedMessage("request line is not well-formed")
        message = Request(method=parts[0], uri=parts[1], headers=headers, body=body)
    _check(message)
    return message


def _split_head(text: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    # Obsolete line folding: a line that begins with white space continues the one before (section 7.3.1).
    lines = re.sub(r"\r\n[ \t]+", " ", text).split("\r\n")
    if len(lines) > MAXIMUM_HEADERS:
        raise MalformedMessage("too many header lines")
    headers = []
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        name = name.rstrip(" \t")
        value = value.strip(" \t")
        if not colon or not _TOKEN.fullmatch(name) or "\r" in value or "\n" in value:
            raise MalformedMessage("header line is not well-formed")
        headers.append((name, value))
    return lines[0], tuple(headers)


def _content_length(headers: Iterable[tuple[str, str]], *, available: int) -> int:
    values = {value for name, value in headers if canonical(name) == "content-length"}
    if not values:
        return available
    if len(values) > 1:
        raise MalformedMessage("Content-Length is given twice")
    value = values.pop()
    if not _NUMBER.fullmatch(value) or int(value) > available:
        raise MalformedMessage("Content-Length does not fit the body")
    return int(value)


def _check(message: Request | Response) -> None:
    for name in _MANDATORY:
        values = message.all(name)
        if not values or not values[0]:
            raise MalformedMessage(f"{name} is missing")
        if name != "via" and len(values) > 1:
            raise MalformedMessage(f"{name} is given twice")
    number, _, method = message.first("cseq").partition(" ")
    method = method.strip()
    if not _NUMBER.fullmatch(number) or int(number) >= 2**31 or not _TOKEN.fullmatch(method):
        raise MalformedMessage("CSeq is not well-formed")
    if isinstance(message, Request) and method != message.method:
        raise MalformedMessage("CSeq names another method")
    via = message.first("via").split(";", 1)[0].split()
    if len(via) != 2 or not via[0].upper().startswith("SIP/2.0/"):
        raise MalformedMessage("Via is not well-formed")


def canonical(name: str) -> str:
    """Lower-case long form of a header name."""
    lowered = name.lower()
    return _COMPACT.get(lowered, lowered)


def split_list(value: str) -> list[str]:
    """Take a comma-separated header apart; commas in quoted strings and in angle brackets do not count."""
    parts, start, quoted, escaped, depth = [], 0, False, False, 0
    for index, character in enumerate(value):
        if escaped:
            escaped = False
        elif quoted:
            escaped = character == "\\"
            quoted = character != '"'
        elif character == '"':
            quoted = True
        elif character == "<":
            depth += 1
        elif character == ">":
            depth = max(0, depth - 1)
        elif character == "," and depth == 0:
            parts.append(value[start:index])
            start = index + 1
    parts.append(value[start:])
    return [stripped for part in parts if (stripped := part.strip())]


def parameters(value: str) -> dict[str, str]:
    """Header parameters (after `;`, outside quotes and angle brackets), names in lower case."""
    outside = re.sub(r'"(?:[^"\\]|\\.)*"', lambda quoted: quoted[0].replace(";", "%3B"), value)
    outside = re.sub(r"<[^>]*>", "", outside)
    found: dict[str, str] = {}
    for part in outside.split(";")[1:]:
        name, _, content = part.partition("=")
        found.setdefault(name.strip().lower(), content.strip().strip('"'))
    return found


def tag_of(value: str) -> str:
    """The dialog tag in a From or To value."""
    return parameters(value).get("tag", "")


def uri_of(value: str) -> str:
    """The URI in a From, To, Contact or Route value, without angle brackets and header parameters."""
    matched = re.search(r"<([^<>]*)>", re.sub(r'^\s*"(?:[^"\\]|\\.)*"', "", value))
    return matched[1].strip() if matched else value.split(";", 1)[0].strip()


def user_of(uri: str) -> str:
    """User part of a SIP URI, empty if it has none or is no SIP URI."""
    matched = re.match(r"sips?:([^@;?<>\s]*)@", uri, re.IGNORECASE)
    return matched[1].split(":", 1)[0] if matched else ""


def quoted_name(name: str) -> str:
    """A display name as a quoted string (section 25.1)."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def answer(
    request: Request, status: int, reason: str, *, tag: str = "", headers: Iterable[tuple[str, str]] = (), body: bytes = b""
) -> Response:
    """A response to a request: Via, From, To, Call-ID and CSeq copied, To tagged (section 8.2.6)."""
    copied = [("Via", via) for via in request.all("via")]
    to = request.first("to")
    if tag and not tag_of(to):
        to = f"{to};tag={tag}"
    copied += [("From", request.first("from")), ("To", to), ("Call-ID", request.call_id), ("CSeq", request.first("cseq"))]
    if 100 < status < 300:
        copied += [("Record-Route", route) for route in request.all("record-route")]
    return Response(status=status, reason=reason, headers=(*copied, *headers), body=body)

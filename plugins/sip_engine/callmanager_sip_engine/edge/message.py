"""SIP messages as values: strict where framing or routing hangs on it, lenient everywhere else.

Grammar: RFC 3261 sections 7, 20 and 25; hard cases: RFC 4475. Two parsers that disagree about where a header ends are how
requests get smuggled, so anything that could be read in two ways (bare CR or LF, NUL, a second Content-Length) is refused.
Text is UTF-8; bytes that are not survive a round trip as surrogates.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Self

import attrs
from typing_extensions import override

MAX_MESSAGE = 65_535
MAX_HEADERS = 256

_COMPACT = {
    "a": "accept-contact",
    "b": "referred-by",
    "c": "content-type",
    "d": "request-disposition",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "j": "reject-contact",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
    "x": "session-expires",
    "y": "identity",
}
_REQUIRED = ("via", "from", "to", "call-id", "cseq")
_ONCE = frozenset({"from", "to", "call-id", "cseq", "max-forwards", "content-length", "content-type"})

_FLAGS = re.ASCII | re.IGNORECASE  # a digit or an S of another script is none to the next parser
_WORD = r"[A-Za-z0-9\-.!%*_+`'~]+"
_REQUEST_LINE = re.compile(rf"({_WORD}) ([A-Za-z][A-Za-z0-9+.\-]*:[^\s<>\"]+) (SIP/\d+\.\d+)", _FLAGS)
_STATUS_LINE = re.compile(r"SIP/2\.0 ([1-6]\d\d)(?: (.*))?", _FLAGS)
_HEADER = re.compile(rf"({_WORD})[ \t]*:[ \t]*(.*)", re.ASCII | re.DOTALL)
_FOLD = re.compile(r"[ \t]*\r\n[ \t]+")
_CSEQ = re.compile(rf"(\d{{1,10}})\s+({_WORD})", re.ASCII)
_DIGITS = re.compile(r"\d{1,8}", re.ASCII)
_BODY_SEPARATOR = b"\r\n\r\n"
_LARGEST_CSEQ = 2**31 - 1  # RFC 3261 section 8.1.1.5


class MessageError(ValueError):
    """Raised for bytes that are not a SIP message this edge may pass on."""


@attrs.frozen
class Header:
    """One header field, unfolded; `key` is the long name in lower case, whatever form came over the wire."""

    name: str
    value: str
    key: str = attrs.field(init=False, eq=False, repr=False)

    @key.default
    def _long_lower_name(self) -> str:
        lower = self.name.lower()
        return _COMPACT.get(lower, lower)


@attrs.frozen(kw_only=True)
class Message:
    """What requests and responses share; header order is kept."""

    headers: tuple[Header, ...]
    body: bytes = b""

    def first(self, key: str) -> str | None:
        return next((header.value for header in self.headers if header.key == key), None)

    def values(self, key: str) -> list[str]:
        return [header.value for header in self.headers if header.key == key]

    def required(self, key: str) -> str:
        """Return a header that `parse` has made sure of."""
        value = self.first(key)
        if value is None:
            raise MessageError(f"the {key} header is missing")
        return value

    @property
    def call_id(self) -> str:
        return self.required("call-id")

    @property
    def cseq(self) -> tuple[int, str]:
        match = _CSEQ.fullmatch(self.required("cseq").strip())
        if match is None or int(match[1]) > _LARGEST_CSEQ:
            raise MessageError("the CSeq header is not a number and a method")
        return int(match[1]), match[2]

    @property
    def carries_sdp(self) -> bool:
        content_type = self.first("content-type") or ""
        return bool(self.body) and content_type.partition(";")[0].strip().lower() == "application/sdp"

    def without_body(self) -> Self:
        """Return the message with neither body nor Content-Type."""
        headers = tuple(header for header in self.headers if header.key != "content-type")
        return attrs.evolve(self, headers=headers, body=b"")

    def start_line(self) -> str:
        raise NotImplementedError

    def serialise(self) -> bytes:
        """Return wire bytes with a Content-Length that is right by construction."""
        lines = [self.start_line()]
        lines += [f"{header.name}: {header.value}" for header in self.headers if header.key != "content-length"]
        lines.append(f"Content-Length: {len(self.body)}")
        head = "\r\n".join(lines)
        if head.count("\r") != len(lines) - 1 or head.count("\n") != len(lines) - 1:
            raise MessageError("a header holds a line break")
        return head.encode("utf-8", "surrogateescape") + _BODY_SEPARATOR + self.body


@attrs.frozen(kw_only=True)
class Request(Message):
    """A SIP request; the method is opaque, so unknown ones pass."""

    method: str
    uri: str

    @override
    def start_line(self) -> str:
        return f"{self.method} {self.uri} SIP/2.0"


@attrs.frozen(kw_only=True)
class Response(Message):
    """A SIP response."""

    status: int
    reason: str

    @override
    def start_line(self) -> str:
        return f"SIP/2.0 {self.status} {self.reason}"


def parse(data: bytes) -> Request | Response:
    """Read exactly one message out of `data`, as one WebSocket frame or one framed piece of a stream holds it.

    Raises `MessageError` for everything else, among it a body whose length is not the Content-Length.
    """
    if len(data) > MAX_MESSAGE:
        raise MessageError(f"a message of {len(data)} bytes is larger than {MAX_MESSAGE}")
    head, separator, body = data.lstrip(b"\r\n").partition(_BODY_SEPARATOR)
    if not separator:
        raise MessageError("the header part does not end")
    start_line, headers = _read_head(head)
    _check_headers(headers, body_length=len(body))
    message = _read_start_line(start_line, headers, body)
    number_method = message.cseq[1]
    if isinstance(message, Request) and message.method != number_method:
        raise MessageError("the CSeq method is not the method of the request")
    if message.carries_sdp and b"\0" in body:
        raise MessageError("a session description holds a NUL byte")
    return message


def content_length(head: bytes) -> int | None:
    """Return the body length a raw header part declares, None when it declares none; raises `MessageError`."""
    _, headers = _read_head(head)
    return _declared_length(headers)


def _read_head(head: bytes) -> tuple[str, tuple[Header, ...]]:
    if b"\0" in head:
        raise MessageError("the header part holds a NUL byte")
    text = head.decode("utf-8", "surrogateescape")
    start_line, _, rest = text.partition("\r\n")
    if rest[:1] in {" ", "\t"}:
        raise MessageError("the start line is folded")
    lines = _FOLD.sub(" ", rest).split("\r\n") if rest else []
    if len(lines) > MAX_HEADERS:
        raise MessageError(f"more than {MAX_HEADERS} header fields")
    headers = []
    for line in lines:
        if "\r" in line or "\n" in line:
            raise MessageError("a header holds a bare line break")
        match = _HEADER.fullmatch(line)
        if match is None:
            raise MessageError("a header line has no field name")
        headers.append(Header(match[1], match[2].rstrip(" \t")))
    if "\r" in start_line or "\n" in start_line:
        raise MessageError("the start line holds a bare line break")
    return start_line, tuple(headers)


def _read_start_line(line: str, headers: tuple[Header, ...], body: bytes) -> Request | Response:
    status = _STATUS_LINE.fullmatch(line)
    if status is not None:
        return Response(status=int(status[1]), reason=status[2] or "", headers=headers, body=body)
    request = _REQUEST_LINE.fullmatch(line)
    if request is None:
        raise MessageError("the start line is neither a request nor a response")
    if request[3].upper() != "SIP/2.0":
        raise MessageError("the SIP version is not 2.0")
    return Request(method=request[1], uri=request[2], headers=headers, body=body)


def _check_headers(headers: tuple[Header, ...], *, body_length: int) -> None:
    keys = [header.key for header in headers]
    present = set(keys)
    for key in _REQUIRED:
        if key not in present:
            raise MessageError(f"the {key} header is missing")
    for key in _ONCE & present:
        if keys.count(key) > 1:
            raise MessageError(f"the {key} header is there more than once")
    declared = _declared_length(headers)
    if declared is not None and declared != body_length:
        raise MessageError(f"Content-Length says {declared}, the body has {body_length} bytes")


def _declared_length(headers: Iterable[Header]) -> int | None:
    values = [header.value for header in headers if header.key == "content-length"]
    if not values:
        return None
    if len(values) > 1:
        raise MessageError("the content-length header is there more than once")
    if _DIGITS.fullmatch(values[0]) is None:
        raise MessageError("Content-Length is not a number")
    return int(values[0])

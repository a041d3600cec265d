"""Offers and answers of one audio stream (RFC 3264, RFC 8866): PCMU, PCMA and telephone events."""

from __future__ import annotations

import re
from enum import Enum

import attrs

from callmanager_demo.office.g711 import LAWS, Law
from callmanager_demo.office.wire import LOOPBACK

_MEDIA = re.compile(r"(\S+) ([0-9]{1,5})(?:/[0-9]+)? (\S+)((?: \S+)*)")
_RTPMAP = re.compile(r"([0-9]{1,3}) ([A-Za-z0-9._-]+)/([0-9]{1,6})(?:/1)?")
_OWN_EVENT_TYPE = 101


class SdpError(ValueError):
    """A session description that is not well-formed or has nothing in common with ours; the answer is 488."""


class MediaDirection(Enum):
    """Who sends, seen from the one who writes it (RFC 3264 section 6.1)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def reversed(self) -> MediaDirection:
        """The same, seen from the other side."""
        swapped = {MediaDirection.SENDONLY: MediaDirection.RECVONLY, MediaDirection.RECVONLY: MediaDirection.SENDONLY}
        return swapped.get(self, self)

    @property
    def sends(self) -> bool:
        return self in (MediaDirection.SENDRECV, MediaDirection.SENDONLY)


@attrs.frozen(kw_only=True)
class Remote:
    """What the far end wants of the audio stream. `direction` is as the far end wrote it."""

    port: int
    rtcp_port: int
    law: Law
    event_type: int | None
    direction: MediaDirection
    streams: tuple[str, ...]
    """Media type and protocol of every stream offered, the audio stream's being `audio`; each needs a line in the answer."""
    audio_index: int


@attrs.frozen
class _Section:
    media: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    attributes: tuple[str, ...]
    connection: str


def parse_sdp(body: bytes) -> Remote:
    """Read an offer or an answer; raises `SdpError`. The first audio stream we can serve is taken,
    and its first codec that we have."""
    try:
        lines = body.decode().replace("\r\n", "\n").split("\n")
    except UnicodeDecodeError as error:
        raise SdpError("session description is not UTF-8") from error
    sections, session_attributes = _sections(lines)
    for index, section in enumerate(sections):
        if section.media == "audio" and section.protocol in ("RTP/AVP", "RTP/AVPF") and section.port:
            remote = _audio(section, session_attributes)
            return attrs.evolve(
                remote, audio_index=index, streams=tuple(f"{s.media} 0 {s.protocol} {s.formats[0]}" for s in sections)
            )
    raise SdpError("no plain audio stream is offered")


def _sections(lines: list[str]) -> tuple[list[_Section], tuple[str, ...]]:
    if not lines or lines[0] != "v=0":
        raise SdpError("session description has no version")
    session: list[str] = []
    session_connection = ""
    sections: list[_Section] = []
    for line in lines:
        kind, content = line[:2], line[2:]
        if kind == "m=":
            matched = _MEDIA.fullmatch(content)
            if matched is None or int(matched[2]) > 65535 or len(sections) >= 8:
                raise SdpError("media line is not well-formed")
            formats = tuple(matched[4].split()) or ("0",)
            sections.append(_Section(matched[1], int(matched[2]), matched[3], formats, (), session_connection))
        elif kind == "a=" and sections:
            sections[-1] = attrs.evolve(sections[-1], attributes=(*sections[-1].attributes, content))
        elif kind == "a=":
            session.append(content)
        elif kind == "c=" and sections:
            sections[-1] = attrs.evolve(sections[-1], connection=content)
        elif kind == "c=":
            session_connection = content
    return sections, tuple(session)


def _audio(section: _Section, session_attributes: tuple[str, ...]) -> Remote:
    maps = {}
    for attribute in section.attributes:
        if attribute.startswith("rtpmap:") and (matched := _RTPMAP.fullmatch(attribute[7:].strip())):
            maps[matched[1]] = (matched[2].lower(), matched[3])
    law = next((law for name in section.formats for law in LAWS if _is(law, name, maps)), None)
    if law is None:
        raise SdpError("no codec in common")
    events = [name for name in section.formats if maps.get(name) == ("telephone-event", "8000")]
    direction = MediaDirection.SENDRECV
    for attribute in (*session_attributes, *section.attributes):
        if attribute in [known.value for known in MediaDirection]:
            direction = MediaDirection(attribute)
    if section.connection.split() == ["IN", "IP4", "0.0.0.0"]:  # noqa: S104 - the hold of RFC 2543, no binding
        direction = MediaDirection.INACTIVE
    rtcp = next((found[1] for a in section.attributes if (found := re.match(r"rtcp:([0-9]{1,5})\b", a))), "")
    rtcp_port = int(rtcp) if rtcp and int(rtcp) <= 65535 else min(section.port + 1, 65535)
    return Remote(
        port=section.port,
        rtcp_port=rtcp_port,
        law=law,
        event_type=int(events[0]) if events else None,
        direction=direction,
        streams=(),
        audio_index=0,
    )


def _is(law: Law, name: str, maps: dict[str, tuple[str, str]]) -> bool:
    # A static payload type needs no rtpmap; one that is given for it must agree.
    return name == str(law.payload_type) and maps.get(name, (law.name.lower(), "8000")) == (law.name.lower(), "8000")


@attrs.frozen(kw_only=True)
class Local:
    """Our side of a session; `session` and `version` are the `o=` line's, the latter counts up with each change."""

    port: int
    session: int
    version: int

    def offer(self) -> bytes:
        """All that we can do."""
        formats = [str(law.payload_type) for law in LAWS]
        lines = [f"a=rtpmap:{law.payload_type} {law.name}/8000" for law in LAWS]
        return self._body([self._audio(formats, lines, _OWN_EVENT_TYPE, MediaDirection.SENDRECV)])

    def answer(self, remote: Remote) -> bytes:
        """The agreed codec, the direction reversed, every other stream refused with port 0 (RFC 3264 section 6)."""
        law = remote.law
        audio = self._audio(
            [str(law.payload_type)],
            [f"a=rtpmap:{law.payload_type} {law.name}/8000"],
            remote.event_type,
            remote.direction.reversed,
        )
        refused = [[f"m={stream}"] for stream in remote.streams]
        return self._body([audio if index == remote.audio_index else lines for index, lines in enumerate(refused)])

    def _audio(self, formats: list[str], maps: list[str], event_type: int | None, direction: MediaDirection) -> list[str]:
        if event_type is not None:
            formats = [*formats, str(event_type)]
            maps = [*maps, f"a=rtpmap:{event_type} telephone-event/8000", f"a=fmtp:{event_type} 0-15"]
        return [f"m=audio {self.port} RTP/AVP {' '.join(formats)}", *maps, "a=ptime:20", f"a={direction.value}"]

    def _body(self, sections: list[list[str]]) -> bytes:
        head = [
            "v=0",
            f"o=office {self.session} {self.version} IN IP4 {LOOPBACK}",
            "s=Rehearsal office",
            f"c=IN IP4 {LOOPBACK}",
            "t=0 0",
        ]
        return "".join(f"{line}\r\n" for line in [*head, *(line for section in sections for line in section)]).encode()

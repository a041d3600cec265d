"""Session descriptions on their way between plain RTP on loopback and WebRTC towards the PBX; pure functions.

Sources: RFC 8866 (SDP), RFC 8839 (ICE), RFC 8842 (DTLS), RFC 8122 (fingerprint), RFC 5761 (rtcp-mux), RFC 8843 (bundle).
Only what pjsua2 and a PBX need to agree on a codec crosses over; every transport attribute is made or taken out here.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Literal

import attrs

_MAX_LINES = 512
_MAX_CANDIDATES = 32
_KEPT_ATTRIBUTES = frozenset(
    {"rtpmap", "fmtp", "ptime", "maxptime", "sendrecv", "sendonly", "recvonly", "inactive", "label", "content"}
)
_HASHES = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
_MEDIA_LINE = re.compile(r"([A-Za-z0-9\-]+) (\d{1,5})(?:/\d+)? ([A-Za-z0-9/\-]+) ([^\r\n]+)", re.ASCII)
_ICE_TEXT = re.compile(r"[A-Za-z0-9+/]+")
_FINGERPRINT = re.compile(r"([A-Za-z0-9\-]+)\s+((?:[0-9A-Fa-f]{2}:)*[0-9A-Fa-f]{2})", re.ASCII)

WEBRTC_PROFILE = "UDP/TLS/RTP/SAVPF"
PLAIN_PROFILE = "RTP/AVP"


class SdpError(ValueError):
    """Raised for a description that cannot be carried over."""


class Setup(Enum):
    """Who starts DTLS (RFC 8842)."""

    ACTPASS = "actpass"
    ACTIVE = "active"
    PASSIVE = "passive"


@attrs.frozen(kw_only=True)
class Media:
    """One m-line and what belongs to it."""

    kind: str
    port: int
    profile: str
    formats: str
    lines: tuple[str, ...] = ()

    def attribute(self, name: str) -> str | None:
        return next(iter(self.attributes(name)), None)

    def attributes(self, name: str) -> list[str]:
        return _attributes(self.lines, name)


@attrs.frozen(kw_only=True)
class Description:
    """One session description; `lines` are those before the first m-line."""

    lines: tuple[str, ...]
    media: tuple[Media, ...]

    def attribute(self, name: str) -> str | None:
        return next(iter(_attributes(self.lines, name)), None)

    def serialise(self) -> bytes:
        lines = list(self.lines)
        for media in self.media:
            lines.append(f"m={media.kind} {media.port} {media.profile} {media.formats}")
            lines += media.lines
        return "".join(f"{line}\r\n" for line in lines).encode("utf-8", "surrogateescape")

    @property
    def audio_index(self) -> int:
        """Return the place of the audio stream to use; raises `SdpError` when there is none."""
        for wanted_open in (True, False):
            for index, media in enumerate(self.media):
                if media.kind == "audio" and (media.port != 0) is wanted_open:
                    return index
        raise SdpError("the session description has no audio")

    @property
    def audio(self) -> Media:
        return self.media[self.audio_index]


@attrs.frozen(kw_only=True)
class Fingerprint:
    """A certificate's digest as SDP carries it."""

    algorithm: Literal["sha-256", "sha-384", "sha-512"]
    digest: bytes


@attrs.frozen(kw_only=True)
class RemoteTransport:
    """What the PBX says about its end of the media path."""

    ufrag: str
    password: str = attrs.field(repr=False)
    candidates: tuple[str, ...]
    fingerprints: tuple[Fingerprint, ...]
    setup: Setup
    ice_lite: bool
    rtcp_mux: bool


@attrs.frozen(kw_only=True)
class LocalTransport:
    """What we say about ours; `address` and `port` are those of the default candidate."""

    ufrag: str
    password: str = attrs.field(repr=False)
    candidates: tuple[str, ...]
    fingerprint: str
    address: str
    port: int


def parse(body: bytes) -> Description:
    """Read a session description; raises `SdpError`."""
    text = body.decode("utf-8", "surrogateescape")
    lines = [line for line in text.replace("\r\n", "\n").split("\n") if line]
    if len(lines) > _MAX_LINES:
        raise SdpError(f"the session description has more than {_MAX_LINES} lines")
    if not lines or lines[0] != "v=0":
        raise SdpError("the session description does not start with v=0")
    session: list[str] = []
    media: list[Media] = []
    for line in lines:
        if len(line) < 2 or line[1] != "=" or "\r" in line:
            raise SdpError("the session description has a line that is not type=value")
        if line[0] == "m":
            match = _MEDIA_LINE.fullmatch(line[2:].strip())
            if match is None or int(match[2]) > 65535:
                raise SdpError("the session description has a media line that cannot be read")
            media.append(Media(kind=match[1].lower(), port=int(match[2]), profile=match[3], formats=match[4].strip()))
        elif media:
            media[-1] = attrs.evolve(media[-1], lines=(*media[-1].lines, line))
        else:
            session.append(line)
    return Description(lines=tuple(session), media=tuple(media))


def read_remote(description: Description) -> RemoteTransport:
    """Return the transport of a WebRTC description; raises `SdpError` naming what is missing."""
    media = description.audio

    def either(name: str) -> str | None:
        return media.attribute(name) or description.attribute(name)

    ufrag, password = either("ice-ufrag"), either("ice-pwd")
    if not ufrag or not password or not _ICE_TEXT.fullmatch(ufrag) or not _ICE_TEXT.fullmatch(password):
        raise SdpError("the PBX offers no ICE; the extension is not set up for WebRTC")
    if len(ufrag) > 256 or not 22 <= len(password) <= 256:
        raise SdpError("the ICE credentials of the PBX have a wrong length")
    found = media.attributes("fingerprint") or _attributes(description.lines, "fingerprint")
    fingerprints = tuple(print_ for text in found if (print_ := _read_fingerprint(text)) is not None)
    if not fingerprints:
        raise SdpError("the PBX gives no SHA-256 certificate fingerprint; the extension is not set up for WebRTC")
    try:
        setup = Setup((either("setup") or "actpass").strip().lower())
    except ValueError as error:
        raise SdpError("the PBX gives a DTLS setup that is neither actpass, active nor passive") from error
    return RemoteTransport(
        ufrag=ufrag,
        password=password,
        candidates=tuple(media.attributes("candidate")[:_MAX_CANDIDATES]),
        fingerprints=fingerprints,
        setup=setup,
        ice_lite="a=ice-lite" in description.lines,
        rtcp_mux=media.attribute("rtcp-mux") is not None,
    )


def to_plain(description: Description, *, rtp_port: int, rtcp_port: int) -> Description:
    """Return the description that pjsua2 gets: audio alone, plain RTP, on our loopback ports."""
    audio = description.audio
    session = _session_lines(description, address="127.0.0.1")
    lines = ("c=IN IP4 127.0.0.1", *_kept(audio))
    if audio.port != 0:
        lines = (*lines, f"a=rtcp:{rtcp_port} IN IP4 127.0.0.1")
    port = 0 if audio.port == 0 else rtp_port
    media = Media(kind="audio", port=port, profile=PLAIN_PROFILE, formats=audio.formats, lines=lines)
    return Description(lines=session, media=(media,))


def to_webrtc(
    description: Description, local: LocalTransport, *, setup: Setup, answering: Description | None = None
) -> Description:
    """Return the description that the PBX gets.

    With `answering`, the PBX's own offer, the answer has its m-lines in its order, everything but the audio refused with
    port 0.
    """
    audio = description.audio
    offered = answering.media if answering is not None else (audio,)
    place = answering.audio_index if answering is not None else 0
    mid = offered[place].attribute("mid") if answering is not None else "0"
    session = _session_lines(description, address=local.address)
    if mid is not None and audio.port != 0 and (answering is None or _bundles(answering, mid)):
        session = (*session, f"a=group:BUNDLE {mid}")
    media = [
        Media(kind=other.kind, port=0, profile=other.profile, formats=other.formats, lines=_mid_line(other))
        for other in offered
    ]
    profile = offered[place].profile if answering is not None else WEBRTC_PROFILE
    if audio.port == 0:
        media[place] = attrs.evolve(media[place], kind="audio", profile=profile, formats=audio.formats)
        return Description(lines=session, media=tuple(media))
    family = "IP6" if ":" in local.address else "IP4"
    lines = [f"c=IN {family} {local.address}", *_kept(audio)]
    if mid is not None:
        lines.append(f"a=mid:{mid}")
    lines += [
        "a=rtcp-mux",
        f"a=setup:{setup.value}",
        f"a=fingerprint:sha-256 {local.fingerprint}",
        f"a=ice-ufrag:{local.ufrag}",
        f"a=ice-pwd:{local.password}",
        *(f"a=candidate:{candidate}" for candidate in local.candidates),
    ]
    media[place] = Media(kind="audio", port=local.port, profile=profile, formats=audio.formats, lines=tuple(lines))
    return Description(lines=session, media=tuple(media))


def is_webrtc(media: Media) -> bool:
    return media.profile.upper() in {"UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "RTP/SAVPF"}


def _attributes(lines: tuple[str, ...], name: str) -> list[str]:
    flag, prefix = f"a={name}", f"a={name}:"
    return [line[len(prefix) :].strip() for line in lines if line == flag or line.startswith(prefix)]


def _kept(media: Media) -> tuple[str, ...]:
    return tuple(line for line in media.lines if line.startswith("a=") and line[2:].partition(":")[0] in _KEPT_ATTRIBUTES)


def _mid_line(media: Media) -> tuple[str, ...]:
    mid = media.attribute("mid")
    return () if mid is None else (f"a=mid:{mid}",)


def _bundles(description: Description, mid: str) -> bool:
    return any(mid in group.split()[1:] for group in _attributes(description.lines, "group") if group[:6] == "BUNDLE")


def _session_lines(description: Description, *, address: str) -> tuple[str, ...]:
    family = "IP6" if ":" in address else "IP4"
    lines = []
    for line in description.lines:
        if line.startswith("o="):
            # RFC 8866 section 5.2: six fields; the address is only a name here, and a loopback one would be a lie
            fields = line[2:].split()
            if len(fields) != 6:
                raise SdpError("the origin line has not six fields")
            lines.append("o=" + " ".join((*fields[:4], family, address)))
        elif line[0] in "vst" or line in {"a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive"}:
            lines.append(line)
    return tuple(lines)


def _read_fingerprint(text: str) -> Fingerprint | None:
    match = _FINGERPRINT.fullmatch(text)
    if match is None:
        return None
    digest = bytes.fromhex(match[2].replace(":", ""))
    match match[1].lower():
        case "sha-256" | "sha-384" | "sha-512" as algorithm if len(digest) == _HASHES[algorithm]:
            return Fingerprint(algorithm=algorithm, digest=digest)
        case _:
            return None

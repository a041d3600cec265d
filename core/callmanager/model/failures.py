"""Why something did not work, as data: the cause, and the evidence a person needs to act on it."""

from enum import Enum

import attrs


class FailureKind(Enum):
    """One cause each; the texts people read are made from these in `callmanager.explain`."""

    NAME = "name"
    """The server's name does not resolve."""
    REFUSED = "refused"
    """Nothing listens at that address and port, or the network says it is unreachable."""
    TIMEOUT = "timeout"
    """No answer in time."""
    TLS = "tls"
    """The certificate is expired, foreign, or for another name; see `certificate`."""
    WEBSOCKET = "websocket"
    """The server answered but not as a SIP WebSocket (wrong path, no sub-protocol)."""
    PASSWORD = "password"  # noqa: S105 - a cause, not a secret
    """The PBX refused the credentials (401, 403, 407 after an answered challenge)."""
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    BUSY = "busy"
    DECLINED = "declined"
    UNAVAILABLE = "unavailable"
    """The called party is not registered or does not answer (480, 408 on an INVITE)."""
    NO_ANSWER = "no_answer"
    """It rang as long as we were willing to wait."""
    NOT_ACCEPTABLE = "not_acceptable"
    """No common codec or media encryption (488, 606)."""
    SERVER = "server"
    """The PBX reported a fault of its own (5xx)."""
    ICE = "ice"
    """No media path was found."""
    MEDIA = "media"
    """Signalling worked and no audio came."""
    AUDIO_DEVICE = "audio_device"
    LINK_LOST = "link_lost"
    """The connection to the PBX died."""
    ENGINE = "engine"
    """The engine process failed or refused the command."""
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


@attrs.frozen(kw_only=True)
class CertificateEvidence:
    """What a refused TLS certificate said of itself, for the person who must decide what to do.

    `sha256` is the fingerprint in upper-case hex pairs with colons; `problem` names the check that failed.
    """

    subject: str
    issuer: str
    sha256: str
    not_before: str
    not_after: str
    problem: str


@attrs.frozen(kw_only=True)
class Failure:
    """A cause with its evidence. `detail` is technical text for the log and the "Details" view, never the headline."""

    kind: FailureKind
    detail: str = ""
    sip_code: int | None = None
    certificate: CertificateEvidence | None = None

"""What an edge tells its owner: failures, the state of a media leg, and the observer that hears of them."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Protocol

import attrs

if TYPE_CHECKING:
    from callmanager_sip_engine.edge.proxy import Edge


class FailureKind(Enum):
    """Why the PBX cannot be reached; each value needs a different action of the user."""

    NAME = "name"
    """The server name does not resolve."""
    REFUSED = "refused"
    """Nothing listens on the port."""
    UNREACHABLE = "unreachable"
    """This machine has no way to the address, most often because it is offline."""
    TIMEOUT = "timeout"
    """No answer in time."""
    TLS = "tls"
    """TLS failed; with a certificate when the certificate was the reason."""
    WSS = "wss"
    """The server speaks TLS but not SIP over WebSocket; with the HTTP status when there was one."""
    LOST = "lost"
    """The connection had been up and is gone."""


@attrs.frozen(kw_only=True)
class CertificateEvidence:
    """What a refused server showed, so that a person can decide whom to ask.

    Collected over a second TLS handshake that is closed before a byte is sent. Nothing here has been verified.
    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    sha256: str
    not_before: datetime
    not_after: datetime
    problem: str
    """The check that failed, in OpenSSL's words."""


class EdgeFailure(Exception):
    """Raised by `Edge.connect` and handed to `EdgeObserver.edge_lost`."""

    def __init__(
        self,
        kind: FailureKind,
        detail: str,
        *,
        certificate: CertificateEvidence | None = None,
        http_status: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.certificate = certificate
        self.http_status = http_status


class IceState(Enum):
    """RFC 8445 as far as a user of the connection cares."""

    NEW = "new"
    CHECKING = "checking"
    CONNECTED = "connected"
    FAILED = "failed"
    LOST = "lost"
    """Was connected; the far end no longer gives its consent (RFC 7675)."""
    CLOSED = "closed"


class DtlsState(Enum):
    """RFC 5763."""

    NEW = "new"
    HANDSHAKE = "handshake"
    CONNECTED = "connected"
    FAILED = "failed"


@attrs.frozen(kw_only=True)
class LegState:
    """One media leg at one moment.

    `encrypted` turns true only after the DTLS handshake is done, the certificate of the far end matched the fingerprint of
    its SDP, and at least one packet from it really was unprotected with the resulting keys.
    """

    ice: IceState = IceState.NEW
    dtls: DtlsState = DtlsState.NEW
    encrypted: bool = False
    fingerprint: str | None = None
    """SHA-256 of the far end's certificate, set once it has been verified."""
    srtp_profile: str | None = None
    local_candidate: str | None = None
    remote_candidate: str | None = None
    """Types of the chosen candidate pair: host, srflx, prflx or relay."""
    ice_ms: float | None = None
    dtls_ms: float | None = None
    packets_in: int = 0
    packets_out: int = 0
    packets_dropped: int = 0
    failure: str | None = None


class EdgeObserver(Protocol):
    """Hears what happens at the edge; every method is called on the loop's thread and must not block or raise."""

    def edge_connected(self, edge: Edge, round_trip_ms: float | None) -> None:
        """The link to the PBX is up; the time is that of the TCP handshake."""

    def edge_lost(self, edge: Edge, failure: EdgeFailure) -> None:
        """The link died after it had been up; nothing reconnects by itself."""

    def edge_media(self, edge: Edge, call_id: str, media: LegState) -> None:
        """A leg changed: at each state change, and every second while packets flow."""

    def edge_refused(self, edge: Edge, reason: str) -> None:
        """A frame, message or local peer was turned away."""

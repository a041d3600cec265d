"""Who we are at the PBX: one account, how it is reached, and whether it is registered."""

from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import NewType

import attrs

from callmanager.model.failures import Failure

AccountId = NewType("AccountId", str)


class Transport(Enum):
    """How SIP travels to the PBX; `WSS` is the WebRTC way of VitalPBX (RFC 7118), the others are plain SIP endpoints."""

    WSS = "wss"
    TLS = "tls"
    TCP = "tcp"
    UDP = "udp"

    @property
    def default_port(self) -> int:
        """8089 is Asterisk's HTTPS server, 5061 and 5060 are from RFC 3261 section 19.1.2."""
        return {Transport.WSS: 8089, Transport.TLS: 5061}.get(self, 5060)


@attrs.frozen(kw_only=True)
class TurnServer:
    """A relay for media behind strict firewalls; `url` as in RFC 7065, e.g. `turn:turn.example.com:3478?transport=udp`."""

    url: str
    username: str = ""
    password: str = attrs.field(default="", repr=False)


@attrs.frozen(kw_only=True)
class Account:
    """A SIP account at one PBX.

    `extension` is what people dial; `sip_user` and `auth_user` are what the PBX calls the endpoint and differ from it on a
    VitalPBX tenant (`T2_2001`). Empty ones mean "as the extension". The password is never part of this value.
    """

    id: AccountId
    extension: str
    server: str
    port: int
    transport: Transport = Transport.WSS
    display_name: str = ""
    sip_user: str = ""
    auth_user: str = ""
    websocket_path: str = "/ws"
    stun_servers: tuple[str, ...] = ()
    turn_servers: tuple[TurnServer, ...] = ()
    ca_file: Path | None = None
    register_expires: int = 300

    @property
    def user(self) -> str:
        """User part of the address of record."""
        return self.sip_user or self.extension

    @property
    def authentication_user(self) -> str:
        """User name for digest authentication."""
        return self.auth_user or self.user


class RegistrationState(Enum):
    """Where an account stands; `FAILED` is final until the user acts, `RETRYING` heals by itself."""

    OFFLINE = "offline"
    CONNECTING = "connecting"
    REGISTERED = "registered"
    RETRYING = "retrying"
    FAILED = "failed"


@attrs.frozen(kw_only=True)
class Registration:
    """What is known about an account's registration; `round_trip_ms` is the last proof that the PBX answers."""

    account_id: AccountId
    state: RegistrationState
    failure: Failure | None = None
    since: datetime | None = None
    expires_seconds: int | None = None
    round_trip_ms: float | None = None

"""What an edge is told about the PBX it speaks to."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import attrs

EdgeTransport = Literal["wss", "tls"]

_LONGEST_HOST = 253
_STUN_PORT = 3478
_TURNS_PORT = 5349


@attrs.frozen(kw_only=True)
class TurnServer:
    """One TURN server; `url` as in RFC 7065, e.g. `turn:relay.example.com:3478?transport=udp`."""

    url: str
    username: str
    password: str = attrs.field(repr=False)


def _host_is_plain(_instance: object, _attribute: object, value: str) -> None:
    if not value or len(value) > _LONGEST_HOST or any(c.isspace() or c in "/?#@<>\"'\\%" for c in value):
        raise ValueError("server name is not a host name or an IP address")


def _path_is_plain(_instance: object, _attribute: object, value: str) -> None:
    if not value.startswith("/") or any(not 0x21 <= ord(c) <= 0x7E for c in value):
        raise ValueError("WebSocket path must start with / and hold no spaces")


@attrs.frozen(kw_only=True)
class EdgeSettings:
    """The way to one PBX; times are seconds.

    `ca_file` replaces the system's trust store, it does not add to it. There is deliberately no switch that accepts an
    unverified certificate.
    """

    host: str = attrs.field(validator=_host_is_plain)
    port: int = attrs.field(validator=[attrs.validators.ge(1), attrs.validators.le(65535)])
    transport: EdgeTransport = attrs.field(validator=attrs.validators.in_(("wss", "tls")))
    path: str = attrs.field(default="/ws", validator=_path_is_plain)
    ca_file: Path | None = None
    stun_servers: tuple[str, ...] = ()
    turn_servers: tuple[TurnServer, ...] = ()
    ping_interval: float = attrs.field(default=5.0, validator=attrs.validators.gt(0))
    ping_timeout: float = attrs.field(default=3.0, validator=attrs.validators.gt(0))
    connect_timeout: float = attrs.field(default=8.0, validator=attrs.validators.gt(0))


def parse_server(url: str) -> tuple[str, str, int, str]:
    """Read `stun:host:port`, `turns:host:port?transport=tcp` or plain `host:port` (RFC 7064, RFC 7065).

    Returns scheme, host, port and transport; raises ValueError.
    """
    scheme, colon, rest = url.strip().partition(":")
    if not colon or scheme.lower() not in {"stun", "turn", "turns"}:
        scheme, rest = "stun", url.strip()
    scheme = scheme.lower()
    address, _, query = rest.partition("?")
    if address.startswith("["):
        host, _, tail = address[1:].partition("]")
        port_text = tail.removeprefix(":")
    else:
        host, _, port_text = address.partition(":")
    port = int(port_text) if port_text else (_TURNS_PORT if scheme == "turns" else _STUN_PORT)
    transport = query.removeprefix("transport=").lower() if query else ("tcp" if scheme == "turns" else "udp")
    if not host or not 0 < port < 65536 or transport not in {"udp", "tcp"}:
        raise ValueError(f"{url!r} is not the address of a STUN or TURN server, write it like stun:host:3478")
    return scheme, host, port, transport

"""Keep tests off the outside network: loopback, private and documentation addresses only, and no questions to name servers."""

from __future__ import annotations

import ipaddress
import socket
import sys
from pathlib import Path
from typing import Any, Final

_RESERVED: Final = (".invalid", ".test", ".example", ".example.com", ".example.org", ".example.net", ".local")


class OutsideNetwork(BaseException):
    """A test wanted to reach something outside; not an `Exception`, so that no retry swallows it."""


class NetworkGuard:
    """Watches sockets through Python's audit events once it is installed; it can be switched off but not taken out."""

    def __init__(self) -> None:
        self.active = True
        self.refused: list[str] = []
        self._hosts = _known_hosts()

    def install(self) -> None:
        sys.addaudithook(self._audit)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not event.startswith("socket.") or not self.active:
            return
        if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
            self._check_address(arguments[1])
        elif event in {"socket.getaddrinfo", "socket.gethostbyname"}:
            self._check_name(arguments[0])

    def _check_address(self, address: Any) -> None:
        if not isinstance(address, tuple) or not address or not isinstance(address[0], str):
            return  # Unix, netlink and packet sockets, or an address that was connected before
        try:
            parsed = ipaddress.ip_address(address[0].partition("%")[0])
        except ValueError:
            self._check_name(address[0])
            return
        if parsed.is_global and not parsed.is_multicast:
            self._refuse(f"{parsed} port {address[1] if len(address) > 1 else '?'}")

    def _check_name(self, host: Any) -> None:
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        if not isinstance(name, str) or name in {"", "localhost"} or name.lower() in self._hosts:
            return
        try:
            ipaddress.ip_address(name.partition("%")[0])
        except ValueError:
            pass
        else:
            return
        if name.lower().rstrip(".").endswith(_RESERVED) or name.lower().rstrip(".") in {ending[1:] for ending in _RESERVED}:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        self._refuse(f"the name server about {name}")

    def _refuse(self, what: str) -> None:
        self.refused.append(what)
        raise OutsideNetwork(f"a test must not ask {what}")


def _known_hosts() -> frozenset[str]:
    names = {socket.gethostname().lower()}
    try:
        lines = Path("/etc/hosts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    for line in lines:
        names.update(name.lower() for name in line.partition("#")[0].split()[1:])
    return frozenset(names)

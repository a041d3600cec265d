"""A registrar and stateless proxy on loopback, so that engines can call each other where there is no Asterisk.

Speaks UDP or TCP, challenges REGISTER with MD5 digest (RFC 2617), forwards requests to the registered contact and responses
by Via. It is small and real: the engines' SIP travels through it and their media goes directly.
"""

import asyncio
import hashlib
import itertools
import re
import secrets
from collections import defaultdict
from typing import Self

REALM = "tiny"


def headers(message: str, name: str) -> list[str]:
    short = {"via": "v", "contact": "m", "from": "f", "to": "t", "call-id": "i"}.get(name, name)
    found = []
    for line in message.partition("\r\n\r\n")[0].split("\r\n")[1:]:
        key, _, value = line.partition(":")
        if key.strip().lower() in {name, short}:
            found.append(value.strip())
    return found


class TinyPbx:
    def __init__(self, users: dict[str, str], *, transport: str = "udp") -> None:
        self.users = users
        self.transport = transport
        self.port = 0
        self.contacts: dict[str, str] = {}
        self.requests: list[str] = []
        self.registers: defaultdict[str, int] = defaultdict(int)
        self.refused: defaultdict[str, int] = defaultdict(int)
        self.mute = False
        """Nothing is answered and nothing passes, as when the cable is cut."""
        self.nonce_uses = 1000
        """How often a nonce may be used before it is stale."""
        self._nonces: dict[str, int] = {}
        self.greedy_realm = ""
        """Challenge each INVITE for credentials of this realm, as a foreign far end would."""
        self.rewrite = lambda message: message
        """Applied to what is forwarded."""
        self._server = None
        self._udp = None
        self._peers: dict[tuple[str, int], asyncio.StreamWriter] = {}
        self._branches = itertools.count(1)

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(self, *_exc) -> None:
        await self.close()

    async def listen(self) -> None:
        """(Again) on the same port once there is one."""
        loop = asyncio.get_running_loop()
        if self.transport == "udp":
            self._udp, _ = await loop.create_datagram_endpoint(lambda: _Udp(self), local_addr=("127.0.0.1", self.port))
            self.port = self._udp.get_extra_info("sockname")[1]
        else:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._udp:
            self._udp.close()
            self._udp = None
            await asyncio.sleep(0)
        if self._server:
            self._server.close()
            for writer in list(self._peers.values()):
                writer.close()
            self._peers.clear()
            await self._server.wait_closed()
            self._server = None

    async def _accept(self, reader, writer) -> None:
        peer = writer.get_extra_info("peername")
        self._peers[peer] = writer
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lstrip(b"\r\n")
                if not head:
                    continue
                match = re.search(rb"(?im)^(?:content-length|l)\s*:\s*(\d+)", head)
                body = await reader.readexactly(int(match[1])) if match else b""
                self.receive((head + body).decode(), peer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._peers.pop(peer, None)
            writer.close()

    def send(self, message: str, peer: tuple[str, int]) -> None:
        if self._udp:
            self._udp.sendto(message.encode(), peer)
        elif peer in self._peers:
            self._peers[peer].write(message.encode())

    def receive(self, message: str, peer: tuple[str, int]) -> None:
        if self.mute or not message.strip():
            return
        if message.startswith("SIP/2.0"):
            self._response(message)
            return
        self.requests.append(message)
        if message.startswith("REGISTER"):
            self._register(message, peer)
        else:
            self._forward(message, peer)

    def _register(self, message: str, peer: tuple[str, int]) -> None:
        user = re.search(r"sip:([^@;>]+)@", headers(message, "to")[0])[1]
        self.registers[user] += 1
        authorization = headers(message, "authorization")
        if not authorization:
            self._reply(message, peer, "401 Unauthorized", self._challenge())
        elif not self._right(authorization[0], user):
            self.refused[user] += 1
            self._reply(message, peer, "401 Unauthorized", self._challenge())
        elif not self._fresh(authorization[0]):
            self._reply(message, peer, "401 Unauthorized", self._challenge(stale=True))
        else:
            contact = headers(message, "contact")[0]
            # RFC 3261 section 10.2.1.1: the parameter of the Contact goes before the header.
            in_contact = re.search(r";expires=(\d+)", contact)
            expires = in_contact[1] if in_contact else (headers(message, "expires") or ["300"])[0]
            if expires == "0":
                self.contacts.pop(user, None)
                self._reply(message, peer, "200 OK", "Expires: 0\r\n")
            else:
                self.contacts[user] = (re.search(r"<([^>]+)>", contact)[1], peer)
                self._reply(message, peer, "200 OK", f"Contact: {contact};expires={expires}\r\n")

    def _challenge(self, *, stale: bool = False) -> str:
        nonce = secrets.token_hex(8)
        self._nonces[nonce] = self.nonce_uses
        more = ", stale=true" if stale else ""
        return f'WWW-Authenticate: Digest realm="{REALM}", nonce="{nonce}", algorithm=MD5{more}\r\n'

    def _fresh(self, value: str) -> bool:
        nonce = re.search(r'nonce="([^"]+)"', value)[1]
        self._nonces[nonce] = self._nonces.get(nonce, 0) - 1
        return self._nonces[nonce] >= 0

    def _right(self, value: str, user: str) -> bool:
        field = dict(re.findall(r'(\w+)="?([^",]+)"?', value))
        if user not in self.users:
            return False
        ha1 = hashlib.md5(f"{field['username']}:{REALM}:{self.users[user]}".encode()).hexdigest()
        ha2 = hashlib.md5(f"REGISTER:{field['uri']}".encode()).hexdigest()
        return hashlib.md5(f"{ha1}:{field['nonce']}:{ha2}".encode()).hexdigest() == field["response"]

    def _reply(self, message: str, peer, status: str, extra: str = "") -> None:
        lines = [f"SIP/2.0 {status}"]
        for name in ("via", "from", "call-id", "cseq"):
            lines += [f"{name.title()}: {value}" for value in headers(message, name)]
        to = headers(message, "to")[0]
        lines.append(f"To: {to}" if ";tag=" in to else f"To: {to};tag={secrets.token_hex(4)}")
        self.send("\r\n".join(lines) + "\r\n" + extra + "Content-Length: 0\r\n\r\n", peer)

    def _forward(self, message: str, peer: tuple[str, int]) -> None:
        start, _, rest = message.partition("\r\n")
        method, uri, _ = start.split(" ")
        user = re.search(r"sip:(?:([^@;>]+)@)?", uri)[1]
        host = re.search(r"@?([\d.]+):(\d+)", uri)
        if host and int(host[2]) != self.port:
            target = next(
                (p for c, p in self.contacts.values() if c.split(";")[0] == uri.split(";")[0]), (host[1], int(host[2]))
            )
        elif user in self.contacts:
            uri, target = self.contacts[user]
        else:
            if method != "ACK":
                self._reply(message, peer, "404 Not Found")
            return
        if self.greedy_realm and method == "INVITE":
            challenge = f'Proxy-Authenticate: Digest realm="{self.greedy_realm}", nonce="x"\r\n'
            self._reply(message, peer, "407 Proxy Authentication Required", challenge)
            return
        branch = hashlib.md5(headers(message, "via")[0].encode()).hexdigest()[:12]
        via = f"Via: SIP/2.0/{self.transport.upper()} 127.0.0.1:{self.port};branch=z9hG4bK{branch};back={peer[1]}"
        rest = re.sub(r"(?im)^route:.*\r\n", "", rest)
        record = f"Record-Route: <sip:127.0.0.1:{self.port};transport={self.transport};lr>\r\n" if method == "INVITE" else ""
        self.send(self.rewrite(f"{method} {uri} SIP/2.0\r\n{via}\r\n{record}{rest}"), target)

    def _response(self, message: str) -> None:
        start, _, rest = message.partition("\r\n")
        lines = rest.split("\r\n")
        index = next(i for i, line in enumerate(lines) if line.lower().startswith(("via:", "v:")))
        back = int(re.search(r"back=(\d+)", lines.pop(index))[1])
        self.send(self.rewrite("\r\n".join([start, *lines])), ("127.0.0.1", back))


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, pbx: TinyPbx) -> None:
        self._pbx = pbx

    def datagram_received(self, data: bytes, addr) -> None:
        self._pbx.receive(data.decode(errors="replace"), addr)

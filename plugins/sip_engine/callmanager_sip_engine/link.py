"""The local connection between app and engine process, and how each proves to the other that it is the right one.

The app listens on 127.0.0.1 before it starts the engine and writes the port and a one-time token to the engine's standard
input. After connecting, each side answers the other's random challenge with an HMAC-SHA256 over both challenges and its own
role (RFC 2104), so the token never travels over the socket and an answer can't be reflected.
"""

import asyncio
import hashlib
import hmac
import json
import logging
import secrets
import socket
from typing import Any, Final

import attrs

Log = logging.Logger | logging.LoggerAdapter[logging.Logger]

LINE_LIMIT: Final = 256 * 1024
"""Longest line in octets, line feed included. It stands here because what is on a line takes longer to load than the link."""

_HOST: Final = "127.0.0.1"
_HANDSHAKE_SECONDS: Final = 5.0
_APP_BUSY_SECONDS: Final = 30.0
"""The app answers only when its window stands, which a slow disk may delay. It ends us by our standard input if it fails."""
_TOKEN_BYTES: Final = 32
_PENDING_PEERS: Final = 4
_APP: Final = b"app"
_ENGINE: Final = b"engine"


class LinkError(Exception):
    """The peer is not who it should be, or went away while proving it."""


@attrs.frozen(kw_only=True)
class Invitation:
    """What the engine must know to reach the app; handed over on standard input, used once."""

    port: int
    token: str = attrs.field(repr=False)

    def to_line(self) -> bytes:
        return json.dumps({"port": self.port, "token": self.token}).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> "Invitation":
        try:
            document = json.loads(line)
            port, token = document["port"], document["token"]
        except (ValueError, TypeError, KeyError) as error:
            raise LinkError("no invitation on standard input; the engine is started by the app, not by hand") from error
        if type(port) is not int or not 0 < port < 65536 or type(token) is not str or len(token) < _TOKEN_BYTES:
            raise LinkError("the invitation on standard input is damaged")
        return cls(port=port, token=token)


@attrs.frozen(kw_only=True)
class Link:
    """An authenticated connection; one line is one message."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def read_line(self) -> bytes:
        """Next line, or nothing at the end. Raises `LinkError` when a line is over the limit."""
        try:
            line = await self.reader.readline()
        except ValueError as error:
            raise LinkError("a line is over the limit") from error
        except OSError:
            return b""
        return line if line.endswith(b"\n") else b""

    def send(self, line: bytes) -> None:
        """Never blocks; what can't be delivered any more is dropped."""
        if not self.writer.is_closing():
            self.writer.write(line)

    @property
    def unsent(self) -> int:
        """Octets waiting in our buffer: how far the other side is behind."""
        return 0 if self.writer.is_closing() else self.writer.transport.get_write_buffer_size()

    async def close(self) -> None:
        """Flush and close; bounded, and never raises."""
        self.writer.close()
        try:
            await asyncio.wait_for(self.writer.wait_closed(), 1)
        except (OSError, TimeoutError):
            self.writer.transport.abort()


class Doorkeeper:
    """Listens for the engine and lets in exactly one peer: the first that knows the token.

    Built without a loop, so that the engine process can be started before there is one. `accept` is for the loop thread.
    """

    def __init__(self) -> None:
        self._socket = socket.create_server((_HOST, 0), backlog=_PENDING_PEERS)
        self._token = secrets.token_urlsafe(_TOKEN_BYTES)

    @property
    def invitation(self) -> Invitation:
        return Invitation(port=self._socket.getsockname()[1], token=self._token)

    async def accept(self, log: Log) -> Link:
        """Wait for the engine. Peers that fail to prove themselves are turned away and logged; the wait goes on."""
        arrived: asyncio.Future[Link] = asyncio.get_running_loop().create_future()
        pending = 0

        async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal pending
            _send_at_once(writer)
            link = Link(reader=reader, writer=writer)
            if arrived.done() or pending >= _PENDING_PEERS:
                log.warning("refused a local connection to the engine link: one peer is enough")
                await link.close()
                return
            pending += 1
            try:
                await asyncio.wait_for(_prove(link, self._token, own=_APP, other=_ENGINE), _HANDSHAKE_SECONDS)
            except (LinkError, TimeoutError, OSError) as error:
                log.warning("refused a local connection to the engine link: %s", str(error) or "no proof in time")
                await link.close()
                return
            finally:
                pending -= 1
            if arrived.done():
                await link.close()
            else:
                arrived.set_result(link)

        server = await asyncio.start_server(greet, sock=self._socket, limit=LINE_LIMIT)
        try:
            return await arrived
        finally:
            # Only the listener: the accepted connection lives on.
            server.close()

    def close(self) -> None:
        """Stop listening. Idempotent."""
        self._socket.close()


async def connect(invitation: Invitation) -> Link:
    """The engine's side. Raises `LinkError` when the listener is not the app that invited us."""
    try:
        reader, writer = await asyncio.open_connection(_HOST, invitation.port, limit=LINE_LIMIT)
    except OSError as error:
        raise LinkError("nobody listens where the invitation says") from error
    _send_at_once(writer)
    link = Link(reader=reader, writer=writer)
    try:
        await asyncio.wait_for(_prove(link, invitation.token, own=_ENGINE, other=_APP), _APP_BUSY_SECONDS)
    except (LinkError, TimeoutError, OSError) as error:
        await link.close()
        raise LinkError("the listener could not prove that it is the app") from error
    return link


def _send_at_once(writer: asyncio.StreamWriter) -> None:
    """Switch Nagle's algorithm off: the second of two commands would wait 40 ms for the system's delayed acknowledgement.

    asyncio does so by itself for the sockets that it opens, but not for those of a listener from `socket.create_server`.
    """
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


async def _prove(link: Link, token: str, *, own: bytes, other: bytes) -> None:
    challenge = secrets.token_hex(_TOKEN_BYTES)
    link.send(_line({"challenge": challenge}))
    theirs = _field(await link.read_line(), "challenge")
    link.send(_line({"proof": _proof(token, own, challenge, theirs)}))
    answer = _field(await link.read_line(), "proof")
    if not hmac.compare_digest(answer.encode(), _proof(token, other, theirs, challenge).encode()):
        raise LinkError("wrong proof")


def _proof(token: str, role: bytes, own_challenge: str, other_challenge: str) -> str:
    text = b"|".join((role, own_challenge.encode(), other_challenge.encode()))
    return hmac.new(token.encode(), text, hashlib.sha256).hexdigest()


def _line(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode() + b"\n"


def _field(line: bytes, name: str) -> str:
    try:
        value = json.loads(line)[name]
    except (ValueError, TypeError, KeyError) as error:
        raise LinkError("no proof offered") from error
    if type(value) is not str or len(value) != 2 * _TOKEN_BYTES:
        raise LinkError("no proof offered")
    return value

"""The connection to the PBX: SIP over WSS (RFC 7118) or over TLS, one message at a time.

A connection that died without a word is noticed: over WSS by ping and pong, over TLS by TCP keep-alive, because a PBX does not
answer keep-alive line breaks on a SIP stream.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import time
from typing import Protocol

import websockets
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from callmanager_sip_engine.edge.facts import EdgeFailure, FailureKind
from callmanager_sip_engine.edge.framing import StreamFramer
from callmanager_sip_engine.edge.message import MAX_MESSAGE, MessageError
from callmanager_sip_engine.edge.settings import EdgeSettings
from callmanager_sip_engine.edge.trust import client_context, collect_evidence

_log = logging.getLogger(__name__)

# A frame that is too large for SIP is refused on its own; one that is too large to hold at all ends the connection.
_LARGEST_FRAME = 1024 * 1024
_CLOSE_TIMEOUT = 1.0
_CHUNK = 65536


class Link(Protocol):
    """One established connection to the PBX."""

    round_trip_ms: float

    @property
    def local_address(self) -> tuple[str, int]:
        """Our address and port on it."""

    async def send(self, message: bytes) -> None:
        """Send one SIP message; raises `EdgeFailure` when the link is gone and `MessageError` when it cannot carry it."""

    async def receive(self) -> bytes:
        """Return the next message; raises `EdgeFailure` when the link is gone and `MessageError` for a refused frame."""

    async def check(self, seconds: float) -> bool:
        """Tell whether the far end still answers; False means gone."""

    async def close(self) -> None:
        """Close without waiting longer than a second; idempotent."""


async def open_link(settings: EdgeSettings) -> Link:
    """Make one attempt; raises `EdgeFailure` with the cause sorted out and, for a certificate, with evidence."""
    try:
        context = client_context(settings.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise EdgeFailure(FailureKind.TLS, f"the CA file cannot be read: {error}") from error
    try:
        async with asyncio.timeout(settings.connect_timeout):
            sock, round_trip = await _open_socket(settings)
            try:
                if settings.transport == "wss":
                    return await _open_wss(settings, sock, context, round_trip)
                return await _open_tls(settings, sock, context, round_trip)
            except BaseException:
                sock.close()
                raise
    except TimeoutError as error:
        detail = f"{settings.host} port {settings.port} does not answer within {settings.connect_timeout:g} seconds"
        raise EdgeFailure(FailureKind.TIMEOUT, detail) from error
    except ssl.SSLCertVerificationError as error:
        problem = error.verify_message or str(error)
        evidence = await collect_evidence(settings.host, settings.port, problem=problem)
        detail = f"the certificate of {settings.host} is not trusted: {problem}"
        raise EdgeFailure(FailureKind.TLS, detail, certificate=evidence) from error
    except ssl.SSLError as error:
        detail = f"port {settings.port} of {settings.host} does not speak TLS as expected ({error.reason or error})"
        raise EdgeFailure(FailureKind.TLS, detail) from error
    except OSError as error:
        detail = f"{settings.host} port {settings.port} ended the connection during the handshake"
        raise EdgeFailure(FailureKind.TLS, detail) from error


async def _open_socket(settings: EdgeSettings) -> tuple[socket.socket, float]:
    loop = asyncio.get_running_loop()
    try:
        addresses = await loop.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        known = not isinstance(error, socket.gaierror) or error.errno != socket.EAI_AGAIN
        detail = "is not known" if known else "cannot be looked up now; check that this machine is online"
        raise EdgeFailure(FailureKind.NAME, f"the server name {settings.host} {detail}") from error
    failure: OSError | None = None
    each = settings.connect_timeout / max(1, len(addresses))
    for family, kind, protocol, _, address in addresses:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            started = time.perf_counter()
            async with asyncio.timeout(each):
                await loop.sock_connect(sock, address)
        except OSError as error:  # TimeoutError is one
            sock.close()
            failure = failure if isinstance(failure, ConnectionRefusedError) else error
        except BaseException:
            sock.close()
            raise
        else:
            return sock, (time.perf_counter() - started) * 1000
    if isinstance(failure, ConnectionRefusedError):
        detail = f"{settings.host} refuses connections on port {settings.port}"
        raise EdgeFailure(FailureKind.REFUSED, detail) from failure
    if failure is None or isinstance(failure, TimeoutError):
        raise TimeoutError from failure
    detail = f"{settings.host} cannot be reached from here ({failure.strerror or failure})"
    raise EdgeFailure(FailureKind.UNREACHABLE, detail) from failure


async def _open_wss(settings: EdgeSettings, sock: socket.socket, context: ssl.SSLContext, round_trip: float) -> Link:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    try:
        connection = await connect(
            f"wss://{host}:{settings.port}{settings.path}",
            sock=sock,
            ssl=context,
            server_hostname=settings.host,
            subprotocols=[Subprotocol("sip")],
            compression=None,
            proxy=None,
            max_size=_LARGEST_FRAME,
            open_timeout=None,
            close_timeout=_CLOSE_TIMEOUT,
            ping_interval=settings.ping_interval,
            ping_timeout=settings.ping_timeout,
            user_agent_header=None,
        )
    except websockets.exceptions.InvalidStatus as error:
        status = error.response.status_code
        detail = f"{settings.host} answers the WebSocket request for {settings.path} with HTTP status {status}"
        raise EdgeFailure(FailureKind.WSS, detail, http_status=status) from error
    except (websockets.exceptions.InvalidHandshake, EOFError) as error:
        detail = f"port {settings.port} of {settings.host} does not speak SIP over WebSocket ({error})"
        raise EdgeFailure(FailureKind.WSS, detail) from error
    if connection.subprotocol != "sip":
        await connection.close()
        raise EdgeFailure(FailureKind.WSS, f"{settings.host} does not offer the WebSocket subprotocol sip")
    return WssLink(connection, round_trip_ms=round_trip)


async def _open_tls(settings: EdgeSettings, sock: socket.socket, context: ssl.SSLContext, round_trip: float) -> Link:
    _watch(sock, settings)
    reader, writer = await asyncio.open_connection(sock=sock, ssl=context, server_hostname=settings.host, limit=_CHUNK)
    return TlsLink(reader, writer, round_trip_ms=round_trip)


class WssLink:
    """SIP over WebSocket: one message in one text frame."""

    def __init__(self, connection: ClientConnection, *, round_trip_ms: float) -> None:
        self._connection = connection
        self.round_trip_ms = round_trip_ms

    @property
    def local_address(self) -> tuple[str, int]:
        return _address(self._connection.local_address)

    async def send(self, message: bytes) -> None:
        try:
            text = message.decode()
        except UnicodeDecodeError as error:
            raise MessageError("a message that is not UTF-8 does not fit into a text frame") from error
        try:
            await self._connection.send(text)
        except websockets.exceptions.ConnectionClosed as error:
            raise _lost(error) from error

    async def receive(self) -> bytes:
        try:
            frame = await self._connection.recv()
        except websockets.exceptions.ConnectionClosed as error:
            raise _lost(error) from error
        if isinstance(frame, bytes):
            raise MessageError(f"a binary frame of {len(frame)} bytes came from the PBX")
        message = frame.encode()
        if len(message) > MAX_MESSAGE:
            raise MessageError(f"a frame of {len(message)} bytes is larger than {MAX_MESSAGE}")
        return message

    async def check(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await (await self._connection.ping())
        except (TimeoutError, websockets.exceptions.ConnectionClosed):
            return False
        return True

    async def close(self) -> None:
        with contextlib.suppress(TimeoutError, OSError):
            async with asyncio.timeout(_CLOSE_TIMEOUT):
                await self._connection.close()
        _abort(self._connection.transport)


class TlsLink:
    """SIP over TLS: messages framed by Content-Length."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, round_trip_ms: float) -> None:
        self._reader = reader
        self._writer = writer
        self._framer = StreamFramer()
        self._ready: list[bytes] = []
        self.round_trip_ms = round_trip_ms

    @property
    def local_address(self) -> tuple[str, int]:
        return _address(self._writer.get_extra_info("sockname"))

    async def send(self, message: bytes) -> None:
        try:
            self._writer.write(message)
            await self._writer.drain()
        except OSError as error:
            raise _lost(error) from error

    async def receive(self) -> bytes:
        while not self._ready:
            try:
                data = await self._reader.read(_CHUNK)
            except OSError as error:
                raise _lost(error) from error
            if not data:
                raise EdgeFailure(FailureKind.LOST, "the PBX closed the connection")
            try:
                self._ready = self._framer.feed(data)
            except MessageError as error:
                raise EdgeFailure(FailureKind.LOST, f"the PBX sent what is not SIP: {error}") from error
        return self._ready.pop(0)

    async def check(self, seconds: float) -> bool:  # noqa: ARG002 - keep-alive works on its own clock
        """Tell whether the socket still is; the far end is asked by TCP keep-alive, see `_watch`."""
        return not self._writer.is_closing()

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(_CLOSE_TIMEOUT):
                await self._writer.wait_closed()
        _abort(self._writer.transport)


def _abort(transport: asyncio.BaseTransport) -> None:
    """Drop what is still open. Python 3.11.2, Debian 12's own, raises here on a TLS transport that was closed twice."""
    if isinstance(transport, asyncio.WriteTransport):
        with contextlib.suppress(AttributeError):
            transport.abort()


def _watch(sock: socket.socket, settings: EdgeSettings) -> None:
    """Let the system notice a dead far end: first probe after `ping_interval`, given up `ping_timeout` later.

    Each option is set where the system has it; without them the system's own slow keep-alive remains.
    """
    seconds = max(1, round(settings.ping_interval))
    probes = max(1, round(settings.ping_timeout))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    options = {
        "TCP_KEEPIDLE": seconds,
        "TCP_KEEPALIVE": seconds,  # macOS calls it so
        "TCP_KEEPINTVL": 1,
        "TCP_KEEPCNT": probes,
        "TCP_USER_TIMEOUT": (seconds + probes) * 1000,
    }
    for name, value in options.items():
        option = getattr(socket, name, None)
        if option is not None:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, option, value)


def _address(raw: object) -> tuple[str, int]:
    if isinstance(raw, tuple) and len(raw) >= 2:
        return str(raw[0]), int(raw[1])
    return "", 0


def _lost(error: Exception) -> EdgeFailure:
    if isinstance(error, websockets.exceptions.ConnectionClosed):
        if error.rcvd is not None:
            return EdgeFailure(FailureKind.LOST, f"the PBX closed the connection (WebSocket code {error.rcvd.code})")
        if error.sent is not None and error.sent.code == 1011:
            return EdgeFailure(FailureKind.LOST, "the PBX no longer answers pings")
        if error.sent is not None and error.sent.code == 1009:
            return EdgeFailure(FailureKind.LOST, f"the PBX sent a frame larger than {_LARGEST_FRAME} bytes")
    return EdgeFailure(FailureKind.LOST, "the connection to the PBX broke")

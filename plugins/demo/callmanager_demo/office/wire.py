"""SIP over UDP and TCP on 127.0.0.1, both on one ephemeral port (RFC 3261 section 18)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from typing import TYPE_CHECKING, Protocol

import attrs

from callmanager_demo.office.datagrams import Datagrams
from callmanager_demo.office.message import MAXIMUM_BYTES, MalformedMessage, Request, Response, parse

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
_MAXIMUM_CONNECTIONS = 16
_PORT_TRIES = 20
_LENGTH = re.compile(rb"^(?:content-length|l)[ \t]*:[ \t]*([0-9]{1,5})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)


class Flow(Protocol):
    """The way back to one far end. Answers and our own requests go where its messages come from, never to an address that a
    message names: so the office can't be made to send anything off this machine."""

    @property
    def reliable(self) -> bool:
        """Whether lost messages need no retransmission by us."""
        ...

    @property
    def transport(self) -> str:
        """`UDP` or `TCP`, as written into Via and Contact."""
        ...

    @property
    def address(self) -> tuple[str, int]: ...

    @property
    def local_port(self) -> int: ...

    def send(self, data: bytes) -> None:
        """Send one message; one to a far end that has gone is dropped."""
        ...


@attrs.frozen
class _UdpFlow:
    _socket: asyncio.DatagramTransport
    address: tuple[str, int]
    local_port: int
    reliable: bool = False
    transport: str = "UDP"

    def send(self, data: bytes) -> None:
        if not self._socket.is_closing():
            self._socket.sendto(data, self.address)


@attrs.frozen
class _TcpFlow:
    _writer: asyncio.StreamWriter
    address: tuple[str, int]
    local_port: int
    reliable: bool = True
    transport: str = "TCP"

    def send(self, data: bytes) -> None:
        if not self._writer.is_closing():
            self._writer.write(data)


class Wire:
    """Both listening sockets. `receive` gets each well-formed message with its flow, on the loop thread."""

    def __init__(self, receive: Callable[[Request | Response, Flow], None]) -> None:
        self._receive = receive
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.port = 0
        self.dropped = 0
        """Messages that were not SIP."""

    async def open(self) -> None:
        """Take a port that is free for both; raises `OSError` when there is none."""
        loop = asyncio.get_running_loop()
        for attempt in range(_PORT_TRIES):
            udp, _ = await loop.create_datagram_endpoint(lambda: Datagrams(self._datagram), local_addr=(LOOPBACK, 0))
            port = udp.get_extra_info("sockname")[1]
            try:
                self._tcp = await asyncio.start_server(self._connected, LOOPBACK, port, limit=MAXIMUM_BYTES)
            except OSError:
                udp.close()
                if attempt == _PORT_TRIES - 1:
                    raise
                continue
            self._udp, self.port = udp, port
            return

    async def close(self) -> None:
        if self._tcp is not None:
            self._tcp.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        if self._udp is not None:
            self._udp.close()
        # The sockets are closed by call-backs of the next turn of the loop.
        await asyncio.sleep(0)

    def _datagram(self, data: bytes, address: tuple[str, int]) -> None:
        if not data.strip(b"\r\n\0"):
            return  # keep-alive
        assert self._udp is not None
        self._take(data, _UdpFlow(self._udp, address, self.port))

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._connections) >= _MAXIMUM_CONNECTIONS:
            writer.close()
            return
        self._connections.add(task)
        try:
            await self._read(reader, _TcpFlow(writer, writer.get_extra_info("peername")[:2], self.port))
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            pass  # the far end went away, or sent a header section without end: the connection is over either way
        except asyncio.CancelledError:
            pass  # we are closing; nobody waits for this task but `close`
        finally:
            self._connections.discard(task)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _read(self, reader: asyncio.StreamReader, flow: _TcpFlow) -> None:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lstrip(b"\r\n")
            if not head:
                flow.send(b"\r\n")  # a ping of RFC 5626 section 4.4.1 wants its pong
                continue
            length = _LENGTH.search(head)
            if length is None or int(length[1]) > MAXIMUM_BYTES:
                self.dropped += 1
                return  # without a length nobody can tell where the next message begins
            if not self._take(head + await reader.readexactly(int(length[1])), flow):
                return

    def _take(self, data: bytes, flow: Flow) -> bool:
        try:
            message = parse(data)
        except MalformedMessage as error:
            self.dropped += 1
            _log.info("dropped a message of %d bytes: %s", len(data), error)
            return False
        self._receive(message, flow)
        return True

"""The loopback port that pjsua2 has as its outbound proxy; it serves one connection and no other."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from callmanager_sip_engine.edge.framing import StreamFramer
from callmanager_sip_engine.edge.message import MessageError

_log = logging.getLogger(__name__)

_LOOPBACK = "127.0.0.1"
_CHUNK = 65536
_EMPTY_LINE = b"\r\n"
_LARGEST_BACKLOG = 4 * 1024 * 1024


class LocalPeer:
    """Listens on 127.0.0.1 and speaks SIP over TCP with exactly one peer at a time.

    While one is connected every other is turned away before a byte is read. A peer that sends what cannot be framed is
    disconnected; pjsua2 then opens a new connection by itself. `receive` is awaited for each message, in order.
    """

    def __init__(
        self,
        *,
        receive: Callable[[bytes], Awaitable[None]],
        gone: Callable[[], None],
        refused: Callable[[str], None],
    ) -> None:
        self._receive = receive
        self._gone = gone
        self._refused = refused
        self._server: asyncio.Server | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._serving: asyncio.Task[None] | None = None
        self.port = 0

    @property
    def connected(self) -> bool:
        return self._writer is not None

    async def listen(self) -> int:
        """Open the port and return its number; raises OSError."""
        self._server = await asyncio.start_server(self._on_connection, _LOOPBACK, 0, limit=_CHUNK)
        self.port = self._server.sockets[0].getsockname()[1]
        return self.port

    async def send(self, message: bytes) -> None:
        """Write one message; silently nothing when nobody is connected. A peer that stopped reading is disconnected."""
        writer = self._writer
        if writer is None:
            return
        writer.write(message)
        if writer.transport.get_write_buffer_size() > _LARGEST_BACKLOG:
            self._refused("the local SIP peer reads nothing, its connection is closed")
            writer.transport.abort()

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        serving = self._serving
        if serving is not None:
            serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await serving
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    async def _on_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._writer is not None:
            self._refused(f"a second local peer on port {self.port} was turned away")
            writer.transport.abort()
            return
        self._writer = writer
        self._serving = asyncio.current_task()
        try:
            await self._serve(reader, writer)
        except MessageError as error:
            self._refused(f"the local SIP peer sent what cannot be framed: {error}")
        except OSError as error:
            _log.info("the local SIP connection broke: %s", error)
        except asyncio.CancelledError:
            # Only `close` cancels us. Ending as cancelled would make asyncio (3.11) log an error: it asks such a task for its
            # exception without looking whether it has one.
            _log.debug("the local SIP connection is closed")
        finally:
            self._writer = None
            self._serving = None
            writer.transport.abort()
            self._gone()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        framer = StreamFramer()
        while data := await reader.read(_CHUNK):
            messages = framer.feed(data)
            # pjsip leaves Nagle's algorithm on: its second message in a row (ACK of a 401, then the INVITE) waits for our
            # system's delayed acknowledgement, 40 ms and more. An empty line, which SIP ignores, carries it at once.
            writer.write(_EMPTY_LINE)
            for message in messages:
                await self._receive(message)

"""A real HTTP proxy on loopback: CONNECT tunnels and plain forwarding, all of it to one server, whatever name was asked."""

import asyncio
import contextlib
from typing import Self


class Proxy:
    def __init__(self, target_port: int, *, login: str = "") -> None:
        self.target_port = target_port
        self.login = login
        self.asked: list[str] = []
        """First lines of the requests."""
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(task := asyncio.current_task())
        task.add_done_callback(self._tasks.discard)
        onwards = None
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                head = await reader.readuntil(b"\r\n\r\n")
                first = head.split(b"\r\n")[0].decode()
                self.asked.append(first)
                if self.login and f"proxy-authorization: basic {self.login}".encode().lower() not in head.lower():
                    writer.write(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\nProxy-Authenticate: Basic\r\n\r\n")
                    await writer.drain()
                    return
                back, onwards = await asyncio.open_connection("127.0.0.1", self.target_port)
                if first.startswith("CONNECT"):
                    writer.write(b"HTTP/1.1 200 Go on\r\n\r\n")
                else:
                    method, url, version = first.split(" ")
                    path = "/" + url.split("/", 3)[3]
                    onwards.write(f"{method} {path} {version}\r\n".encode() + head.split(b"\r\n", 1)[1])
                await asyncio.gather(self._pump(reader, onwards), self._pump(back, writer))
        finally:
            for end in filter(None, (writer, onwards)):
                end.transport.abort()

    @staticmethod
    async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while piece := await source.read(65_536):
            sink.write(piece)
            await sink.drain()
        sink.close()

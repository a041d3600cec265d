"""Serves a handful of fixed files to a browser on loopback, which browsers treat as a secure origin."""

import asyncio


class PageServer:
    """Answers GET for the given paths, one request per connection."""

    def __init__(self, files: dict[str, tuple[str, bytes]]) -> None:
        self._files = files
        self._server: asyncio.Server | None = None

    async def start(self) -> str:
        """Listen and return the address of the first page."""
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/"

    async def stop(self) -> None:
        """Close the listener."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(10):
                head = await reader.readuntil(b"\r\n\r\n")
                path = head.split(b" ", 2)[1].decode("ascii", errors="replace")
                kind, body = self._files.get(path, ("text/plain", b""))
                status = "200 OK" if path in self._files else "404 Not Found"
                writer.write(
                    f"HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
                    "Cache-Control: no-store\r\nConnection: close\r\n\r\n".encode()
                )
                writer.write(body)
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, IndexError):
            pass  # a browser opens connections that it does not use
        finally:
            writer.close()

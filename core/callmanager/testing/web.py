"""A real web server on loopback for tests of whatever uses `ctx.http`; it answers as told, and misbehaves as told."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Final, Self

import attrs

_LARGEST_HEAD: Final = 64_000

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""What a misbehaving server does instead of answering; the connection is closed when it returns."""


@attrs.frozen(kw_only=True)
class WebRequest:
    """What arrived: `target` is path and query as sent; names of headers are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


@attrs.frozen(kw_only=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


class WebServer:
    """`async with WebServer() as server:` listens on a free port of 127.0.0.1 and forgets everything at the end.

    Paths that nobody told it about are answered with 404. `requests` are what arrived, in order. With `tls` it speaks
    HTTPS and names itself `localhost`.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._answers: dict[str, _Answer | Script] = {}
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.requests: list[WebRequest] = []
        self.connections = 0

    @property
    def port(self) -> int:
        if self._server is None:
            raise RuntimeError("the server is not running")
        return int(self._server.sockets[0].getsockname()[1])

    def url(self, path: str = "/") -> str:
        return f"{'https' if self._tls else 'http'}://localhost:{self.port}{path}"

    def answer(self, path: str, *, status: int = 200, headers: Mapping[str, str] | None = None, body: bytes = b"") -> None:
        """From now on answer requests for this path like that; `Content-Length` is added."""
        self._answers[path] = _Answer(status=status, headers=headers or {}, body=body)

    def misbehave(self, path: str, script: Script) -> None:
        """From now on leave requests for this path to `script`, which has the bare connection."""
        self._answers[path] = script

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._tls, limit=_LARGEST_HEAD)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in tuple(self._connections):
            task.cancel()
        if self._connections:
            await asyncio.wait(self._connections)
        await self._server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        self.connections += 1
        try:
            while await self._one(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass  # the client went away, or is the one who misbehaves
        except asyncio.CancelledError:
            pass  # the test is over
        finally:
            writer.transport.abort()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        request = WebRequest(method=method, target=target, headers=headers, body=body)
        self.requests.append(request)
        answer: Any = self._answers.get(request.path, _Answer(status=404, headers={}, body=b""))
        if not isinstance(answer, _Answer):
            await answer(reader, writer)
            return False
        lines = [f"HTTP/1.1 {answer.status} Told", *(f"{name}: {value}" for name, value in answer.headers.items())]
        lines.append(f"Content-Length: {len(answer.body)}")
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        if method != "HEAD":
            writer.write(answer.body)
        await writer.drain()
        return True

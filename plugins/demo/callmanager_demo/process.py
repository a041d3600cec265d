"""Starts the office as a process of its own and ends it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    import logging
    from collections.abc import AsyncIterator

_START_SECONDS = 20.0
_END_SECONDS = 2.5
"""Longer than the office waits for the phone to unregister, shorter than the app waits for its plugins."""


class OfficeFailed(Exception):
    """The process did not start, or did not say where it listens."""


@attrs.frozen
class RunningOffice:
    """An office that takes registrations on this port of 127.0.0.1, by UDP and TCP."""

    port: int
    _process: asyncio.subprocess.Process

    async def wait(self) -> int:
        """Wait until it ends by itself; its exit code."""
        return await self._process.wait()


def _command() -> list[str]:
    # In a packaged build `sys.executable` is the app itself, not an interpreter: such a build has to start itself with an
    # argument of its own here. `-P` keeps the working directory out of the module path.
    return [sys.executable, "-P", "-m", "callmanager_demo.office"]


@asynccontextmanager
async def office_process(
    *, user: str, password: str, log: logging.LoggerAdapter[logging.Logger]
) -> AsyncIterator[RunningOffice]:
    """An office for as long as the block lasts; the process is gone when the block is left, however that happens.

    The password goes over standard input: never in an argument, the environment or a file. Raises `OfficeFailed`.
    """
    # Without a console window on Windows, where this flag exists.
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW
    pipe = asyncio.subprocess.PIPE
    try:
        process = await asyncio.create_subprocess_exec(*_command(), stdin=pipe, stdout=pipe, stderr=pipe, creationflags=flags)
    except OSError as error:
        raise OfficeFailed(f"the rehearsal office does not start: {error}") from error
    copying = asyncio.ensure_future(_copy_log(process, log))
    try:
        port = await _introduce(process, json.dumps({"user": user, "password": password}))
        yield RunningOffice(port, process)
    finally:
        await _end(process)
        await copying


async def _introduce(process: asyncio.subprocess.Process, credentials: str) -> int:
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(credentials.encode() + b"\n")
        await process.stdin.drain()
        async with asyncio.timeout(_START_SECONDS):
            line = await process.stdout.readline()
        port = json.loads(line)["port"]
    except (OSError, TimeoutError, ValueError, KeyError, TypeError) as error:
        raise OfficeFailed("the rehearsal office did not say where it listens") from error
    if not isinstance(port, int) or not 0 < port < 65536:
        raise OfficeFailed(f"the rehearsal office named an impossible port: {port!r}")
    return port


async def _copy_log(process: asyncio.subprocess.Process, log: logging.LoggerAdapter[logging.Logger]) -> None:
    assert process.stderr is not None
    # In pieces rather than lines: a line without end must not stop the office at a full pipe.
    while piece := await process.stderr.read(4096):
        for line in piece.decode(errors="replace").splitlines():
            log.debug("office: %s", line)


async def _end(process: asyncio.subprocess.Process) -> None:
    assert process.stdin is not None
    process.stdin.close()
    with contextlib.suppress(OSError):
        await process.stdin.wait_closed()
    try:
        async with asyncio.timeout(_END_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()

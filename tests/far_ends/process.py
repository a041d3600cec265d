"""Starting far ends so that none outlives the test run."""

import asyncio
import contextlib
import ctypes
import shutil
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

_PR_SET_PDEATHSIG = 1


class FarEndError(RuntimeError):
    """A far end could not do what the test asked; the text says what it printed."""


class FarEndMissing(FarEndError):
    """The program is not installed; the text names its Debian package."""


async def start_program(
    program: str, *arguments: str, package: str, log: Path, cwd: Path | None = None
) -> asyncio.subprocess.Process:
    """Start a program with its output in `log`; it is killed when this process dies, however that happens.

    Call it on the event loop's own thread: the parent-death signal follows the thread.
    """
    path = shutil.which(program)
    if path is None:
        raise FarEndMissing(f"{program} is missing: install the Debian package {package}")
    with log.open("ab") as output:
        return await asyncio.create_subprocess_exec(
            path,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=cwd,
            start_new_session=True,
            preexec_fn=_die_with_parent() if sys.platform == "linux" else None,
        )


async def end_program(process: asyncio.subprocess.Process, *, patience: float = 3.0) -> None:
    """Ask it to end, then make it; returns when it is gone."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(patience):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def free_port(host: str = "127.0.0.1", *, kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """Return a port that nobody uses at the moment, for programs that cannot choose one and tell."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def _die_with_parent() -> Callable[[], None]:
    libc = ctypes.CDLL(None)  # loaded before the fork: only a system call is left to do after it
    return lambda: libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

"""Starting other programs so that none outlives us and none runs without a limit."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from devtools.errors import SetupError

_NEW_GROUP = 0x200 if sys.platform == "win32" else 0  # CREATE_NEW_PROCESS_GROUP: Ctrl-C is for us, we end them in order

Arguments = Sequence[str | Path]


def say(text: str) -> None:
    """One line for the developer, at once, also into a pipe."""
    print(text, flush=True)


def run(arguments: Arguments, *, timeout: float, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> int:
    """Runs a program with our own output and no input, and returns its exit code.

    The program gets a process group of its own; the whole group ends when the time is up (exit code 124) or when we are
    interrupted.
    """
    with group(arguments, env=env, cwd=cwd) as process:
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            say(f"{Path(arguments[0]).name} did not end within {timeout:.0f} s and was stopped")
            return 124


def output(arguments: Arguments, *, timeout: float, env: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Runs a small program and returns its exit code with what it wrote (standard error mixed in)."""
    try:
        done = subprocess.run(
            list(map(str, arguments)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            env=None if env is None else dict(env),
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise SetupError(f"{Path(arguments[0]).name} did not answer within {timeout:.0f} s") from late
    except OSError as error:
        raise SetupError(f"cannot start {arguments[0]}: {error.strerror}") from error
    return done.returncode, done.stdout.decode(errors="replace")


@contextlib.contextmanager
def group(
    arguments: Arguments,
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdout: int | None = None,
    stderr: int | None = None,
    pass_fds: Sequence[int] = (),
) -> Iterator[subprocess.Popen[bytes]]:
    """A program in a process group of its own; at the end of the block whatever is left of the group is ended."""
    try:
        process = subprocess.Popen(
            list(map(str, arguments)),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            env=None if env is None else dict(env),
            cwd=cwd,
            pass_fds=pass_fds,
            start_new_session=sys.platform != "win32",
            creationflags=_NEW_GROUP,
        )
    except OSError as error:
        raise SetupError(f"cannot start {arguments[0]}: {error.strerror}") from error
    try:
        yield process
    finally:
        end(process)
        if process.stdout is not None:
            process.stdout.close()


def end(process: subprocess.Popen[bytes], *, grace: float = 5) -> None:
    """Ends the process group politely, then by force; returns when the process is gone."""
    if process.poll() is None:
        _signal_group(process, "SIGTERM")
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace)
    _signal_group(process, "SIGKILL")  # what outlived the polite word, and children that outlived their parent
    process.wait()


def _signal_group(process: subprocess.Popen[bytes], name: str) -> None:
    if sys.platform == "win32":  # it has neither groups nor signals in this sense: the process alone
        if process.poll() is None:
            process.terminate()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, getattr(signal, name))

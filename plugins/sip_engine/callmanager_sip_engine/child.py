"""The engine's operating-system process, as the app holds it: started, its words logged, ended for certain."""

import contextlib
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import IO, Final

from callmanager_sip_engine.link import Doorkeeper, Log

_LINE_LIMIT: Final = 2000
_LINES_PER_CHILD: Final = 20_000
_LEVELS: Final = {"D": logging.DEBUG, "I": logging.INFO, "W": logging.WARNING, "E": logging.ERROR, "C": logging.CRITICAL}

FROZEN_ARGUMENT: Final = "--engine-process"
"""A frozen build has no interpreter to hand a module to: its own program must call `process.main` when it sees this."""


def engine_command() -> Sequence[str]:
    """The command line that starts an engine process; carries no secret."""
    if getattr(sys, "frozen", False):
        return (sys.executable, FROZEN_ARGUMENT)
    # -P: a module in the current folder must not be able to pose as one of ours.
    return (sys.executable, "-P", "-m", "callmanager_sip_engine.process")


class EngineChild:
    """One running engine process and the listener at which it will report.

    Needs no loop. The process ends itself when its standard input closes, so it can't outlive us however we end.
    """

    def __init__(self, log: Log, command: Callable[[], Sequence[str]] = engine_command) -> None:
        self.doorkeeper = Doorkeeper()
        try:
            self._process = subprocess.Popen(
                list(command()),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError:
            self.doorkeeper.close()
            raise
        assert self._process.stdin is not None
        assert self._process.stderr is not None
        self._reader = threading.Thread(target=_drain, args=(self._process.stderr, log), name="engine-log", daemon=True)
        self._reader.start()
        try:
            self._process.stdin.write(self.doorkeeper.invitation.to_line())
            self._process.stdin.flush()
        except OSError:
            log.warning("the engine process ended before it could be told where to report")

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def end(self, *, grace: float) -> int:
        """Wait `grace` seconds for the process to end by itself, then kill it; returns its exit code.

        Blocks: call it in a worker thread. Idempotent.
        """
        self.doorkeeper.close()
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # It may be gone already, which is what we want.
            self._process.stdin.close()
        try:
            code = self._process.wait(grace)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self._reader.join(1)
        return code


def _drain(stream: IO[bytes], log: Log) -> None:
    """Log what the engine says, bounded: a line that never ends or a storm of lines must not eat the disk."""
    left = _LINES_PER_CHILD
    with stream:
        while line := stream.readline(_LINE_LIMIT):
            left -= 1
            if left > 0:
                text = line.decode(errors="replace").rstrip().replace("\0", "")
                level = _LEVELS.get(text[:1]) if text[1:2] == " " else None
                log.log(level or logging.WARNING, "engine: %s", text if level is None else text[2:])
            elif left == 0:
                log.warning("engine: more than %d lines; the rest is not logged", _LINES_PER_CHILD)

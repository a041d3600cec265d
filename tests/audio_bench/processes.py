"""Start programs, wait for what they promise, end them without remains."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path


def wait_until(condition: Callable[[], bool], *, what: str, timeout: float = 10.0) -> None:
    """Poll until `condition` holds; `TimeoutError` names `what` was waited for."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout:g} s in vain for {what}")
        time.sleep(0.01)


class Family:
    """Child processes in sessions of their own, with their output in files; `end` leaves none behind."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._children: list[tuple[str, subprocess.Popen[bytes]]] = []

    def start(self, *command: str, env: dict[str, str], stdin: bool = False) -> subprocess.Popen[bytes]:
        log = self._logs / f"{len(self._children):02d}-{Path(command[0]).name}.log"
        with log.open("wb") as output:
            child = subprocess.Popen(
                command,
                env=env,
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._children.append((command[0], child))
        return child

    def texts(self) -> str:
        return "\n".join(f"== {path.name}\n{path.read_text(errors='replace')}" for path in sorted(self._logs.glob("*.log")))

    def end(self) -> None:
        for _name, child in reversed(self._children):
            self.end_one(child)
        self._children.clear()

    @staticmethod
    def end_one(child: subprocess.Popen[bytes]) -> None:
        if child.stdin:
            child.stdin.close()
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(child.pid, number)
            except ProcessLookupError:
                break
            try:
                child.wait(timeout=3)
                break
            except subprocess.TimeoutExpired:
                continue
        child.wait(timeout=3)

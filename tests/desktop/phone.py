"""`Phone`: the installed program in a process of its own, with its own profile; talked to by its own command line."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

_TESTS = Path(__file__).parents[1]
_POLL = 0.05
_QUIT_SECONDS = 15.0


class Phone:
    """A running `callmanager`. Use as a context manager: it is asked to quit, and killed if it does not."""

    def __init__(self, profile: Path, *arguments: str, environment: dict[str, str] | None = None) -> None:
        self.profile = profile
        self._arguments = arguments
        # No key store of the person who runs the tests may be touched: a file of this profile's own stands in for it.
        base = environment or dict(os.environ)
        self._environment = base | {
            "PYTHON_KEYRING_BACKEND": "bench.keystore.FileKeyStore",
            "CALLMANAGER_BENCH_KEYS": str(profile.with_suffix(".keys")),
            "PYTHONPATH": os.pathsep.join(filter(None, (str(_TESTS), base.get("PYTHONPATH", "")))),
            "DBUS_SESSION_BUS_ADDRESS": "disabled:",
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.output = profile / "output.txt"

    def __enter__(self) -> Self:
        self.profile.mkdir(parents=True, exist_ok=True)
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                self._command(*self._arguments), env=self._environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        return self

    def __exit__(self, *_exc: object) -> None:
        assert self.process is not None
        if self.process.poll() is None:
            self.cli("quit", check=False)
        try:
            self.process.wait(_QUIT_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
            raise AssertionError(f"the phone did not quit within {_QUIT_SECONDS:g} s; see {self.output}") from None

    # --------------------------------------------------------------------------------------------------------------- commands

    def cli(self, *arguments: str, check: bool = True) -> str:
        """Run a command of the running phone from the shell; returns what it printed."""
        done = subprocess.run(
            self._command(*arguments), env=self._environment, capture_output=True, text=True, timeout=30, check=False
        )
        if check and done.returncode:
            raise AssertionError(
                f"callmanager {' '.join(arguments)} exited with {done.returncode}: {done.stderr or done.stdout}"
            )
        return done.stdout

    def status(self) -> dict[str, Any]:
        """What `callmanager status --json` says; empty while nobody answers."""
        text = self.cli("status", "--json", check=False)
        return json.loads(text) if text.strip().startswith("{") else {}

    def wait_for(self, what: str, holds: Callable[[dict[str, Any]], bool], *, seconds: float = 20.0) -> dict[str, Any]:
        """The first status for which `holds` is true; raises `TimeoutError` with the last one seen."""
        until = time.monotonic() + seconds
        status: dict[str, Any] = {}
        while time.monotonic() < until:
            assert self.process is None or self.process.poll() is None, f"the phone ended: {self.output.read_text()[-3000:]}"
            status = self.status()
            if status and holds(status):
                return status
            time.sleep(_POLL)
        raise TimeoutError(f"not {what} within {seconds:g} s; last status: {json.dumps(status, indent=1)}")

    def wait_registered(self, *, seconds: float = 20.0) -> dict[str, Any]:
        return self.wait_for("registered", registered, seconds=seconds)

    def kill_engine(self) -> int:
        """SIGKILL to the engine process; returns its process id."""
        assert self.process is not None
        for child in _children(self.process.pid):
            command = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
            if b"callmanager_sip_engine.process" in command:
                os.kill(child, signal.SIGKILL)
                return child
        raise AssertionError("no engine process is running")

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "callmanager_shell", "--profile", str(self.profile), *arguments]


def registered(status: dict[str, Any]) -> bool:
    """The account of this status is registered."""
    return bool((status.get("registration") or {}).get("state") == "registered")


def _children(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in path.read_text().split()]

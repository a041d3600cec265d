"""The product as a user of its command line has it: started, asked, told what to do, and ended."""

import contextlib
import json
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from devtools.errors import SetupError
from devtools.places import ROOT
from devtools.processes import end, group, output

T = TypeVar("T")

_ANSWER_SECONDS = 15


class TourFailed(Exception):
    """Something that the tour waited for did not come; the text says what."""


@dataclass(frozen=True)
class SeenCall:
    """One call as `callmanager status --json` shows it."""

    id: str
    number: str
    name: str
    incoming: bool
    state: str
    codec: str
    digits: str


class Phone:
    """A running `callmanager` with a profile of its own."""

    def __init__(self, command: list[str], env: Mapping[str, str], process: subprocess.Popen[bytes]) -> None:
        self._command = command
        self._env = env
        self._process = process
        self.launched = datetime.now(UTC)

    def tell(self, *words: str | Path) -> str:
        """Gives the running phone a command; raises TourFailed with its words when it refuses."""
        code, text = output([*self._command, *words], timeout=_ANSWER_SECONDS, env=self._env)
        if code:
            raise TourFailed(f"callmanager {' '.join(map(str, words))} failed with exit code {code}: {text.strip()}")
        return text

    def status(self) -> dict[str, Any]:
        """The status object; empty while the phone does not answer yet."""
        if (code := self._process.poll()) is not None:
            raise TourFailed(f"callmanager ended by itself with exit code {code}")
        code, text = output([*self._command, "status", "--json"], timeout=_ANSWER_SECONDS, env=self._env)
        with contextlib.suppress(ValueError):
            found = json.loads(text.strip().rpartition("\n")[2])
            if code == 0 and isinstance(found, dict):
                return found
        return {}

    def calls(self) -> list[SeenCall]:
        """The calls that have not ended."""
        calls = [_seen(entry["call"]) for entry in self.status().get("calls", [])]
        return [call for call in calls if call.state != "ended"]

    def digits(self, call: SeenCall) -> str:
        """The digits that the call is known to have sent."""
        return next((found.digits for found in self.calls() if found.id == call.id), "")

    def registered_after(self) -> float | None:
        """Seconds from launch to registration, or none when it is not registered."""
        registration = self.status().get("registration") or {}
        if registration.get("state") != "registered":
            return None
        since = registration.get("since")
        moment = datetime.fromisoformat(since) if since else datetime.now(UTC)
        return (moment - self.launched).total_seconds()

    def wait(self, condition: Callable[[], T | None], *, what: str, within: float) -> T:
        """The condition's first answer that is not none or false; TourFailed when the time is up."""
        deadline = time.monotonic() + within
        while True:
            if answer := condition():
                return answer
            if time.monotonic() > deadline:
                raise TourFailed(f"waited {within:.0f} s for {what}, and it did not come")
            time.sleep(0.1)

    def quit(self) -> None:
        """Asks the phone to end and waits for it."""
        self.tell("quit")
        try:
            code = self._process.wait(_ANSWER_SECONDS)
        except subprocess.TimeoutExpired as late:
            raise TourFailed(f"callmanager was told to quit and still ran after {_ANSWER_SECONDS} s") from late
        if code:
            raise TourFailed(f"callmanager quit with exit code {code}")


def _seen(call: dict[str, Any]) -> SeenCall:
    media = call.get("media") or {}
    return SeenCall(
        id=str(call["id"]),
        number=str(call["remote"]["number"]),
        name=str(call["remote"]["name"]),
        incoming=call["direction"] == "incoming",
        state=str(call["state"]),
        codec=str(media.get("codec") or ""),
        digits=str(call.get("digits") or ""),
    )


@contextlib.contextmanager
def started_phone(python: Path, *, profile: Path, arguments: list[str], env: Mapping[str, str], log: Path) -> Iterator[Phone]:
    """Starts the product and ends it with the block, whatever happened; its own output goes to the log file."""
    command = [str(python), "-m", "callmanager_shell", "--profile", str(profile)]
    with (
        log.open("wb") as sink,
        group([*command, *arguments], env=env, cwd=ROOT, stdout=sink.fileno(), stderr=subprocess.STDOUT) as process,
    ):
        try:
            yield Phone(command, env, process)
        except SetupError as error:
            raise TourFailed(str(error)) from error
        finally:
            end(process)

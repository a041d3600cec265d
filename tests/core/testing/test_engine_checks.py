"""The check of engines passes the fake one, and names what each of many broken ones does wrong."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from callmanager.api import AudioDevicesReported, Command, EngineStopped, Fact, HangUp
from callmanager.testing import FakeEngine
from callmanager.testing.conformance import check_call_engine


async def test_the_fake_engine_keeps_to_the_contract() -> None:
    assert await check_call_engine(FakeEngine, seconds=1) == []


class Raises(FakeEngine):
    def submit(self, command: Command) -> None:
        if isinstance(command, HangUp):
            raise KeyError(command.call_id)
        super().submit(command)


class Hasty(FakeEngine):
    """Reports from within `submit`."""

    def submit(self, command: Command) -> None:
        if isinstance(command, HangUp) and self.running:
            self.report(AudioDevicesReported(devices=()))


class StartsWithDevices(FakeEngine):
    async def start(self, report: Callable[[Fact], None]) -> None:
        report(AudioDevicesReported(devices=()))
        await super().start(report)


class NeverStarts(FakeEngine):
    async def start(self, report: Callable[[Fact], None]) -> None:
        self._report = report


class OtherThread(FakeEngine):
    async def start(self, report: Callable[[Fact], None]) -> None:
        await super().start(report)
        thread = threading.Thread(target=report, args=(AudioDevicesReported(devices=()),))
        thread.start()
        thread.join()


class Fragile(FakeEngine):
    """Ends when it is told to hang up on nobody."""

    def submit(self, command: Command) -> None:
        if isinstance(command, HangUp):
            self._later(self.crash)


class SilentEnd(FakeEngine):
    async def stop(self) -> None:
        self.running = False
        self._report = None


class StopsOnce(FakeEngine):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.stops = 0

    async def stop(self) -> None:
        self.stops += 1
        if self.stops > 1:
            raise RuntimeError("stopped twice")
        await super().stop()


class Talkative(FakeEngine):
    async def stop(self) -> None:
        report = self._report
        await super().stop()
        if report is not None:
            self.after = report

    def submit(self, command: Command) -> None:
        if not self.running and hasattr(self, "after"):
            self.after(EngineStopped(expected=True))


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (Raises, "HangUp before its start raised KeyError"),
        (Hasty, "AudioDevicesReported came before submit(HangUp) had returned"),
        (StartsWithDevices, "the first fact was AudioDevicesReported, not EngineStarted"),
        (NeverStarts, "no EngineStarted within"),
        (OtherThread, "AudioDevicesReported came on another thread than the loop's"),
        (Fragile, "a command that could not be done ended the engine"),
        (SilentEnd, "must be EngineStopped(expected=True)"),
        (StopsOnce, "stop of an engine that was stopped already raised"),
        (Talkative, "EngineStopped came after stop had returned"),
    ],
)
async def test_a_broken_engine_is_found_and_the_complaint_says_why(broken: type[FakeEngine], words: str) -> None:
    complaints = await check_call_engine(broken, seconds=0.2)
    assert any(words in complaint for complaint in complaints), complaints

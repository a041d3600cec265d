"""The whole application without a window: starts, fails politely, stops without a trace."""

import asyncio
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from callmanager.api import EngineChanged, EngineStopped, NoticePosted, UserError
from callmanager.app import Application, AppOptions, status_json
from callmanager.testing import FakeEngine, Harness, make, running


async def test_starting_and_stopping_twice(tmp_path: Path) -> None:
    harness = make(tmp_path)
    harness.app.prepare()
    assert harness.engine.prepared
    await harness.app.start()
    with pytest.raises(RuntimeError, match="once"):
        await harness.app.start()
    await harness.app.stop()
    await harness.app.stop()
    assert not harness.engine.running
    with pytest.raises(RuntimeError, match="once"):
        await harness.app.start()


async def test_an_application_that_was_never_started_stops_too(tmp_path: Path) -> None:
    harness = make(tmp_path)
    await harness.app.stop()
    assert harness.engine.commands == []


async def test_without_an_engine_the_app_starts_and_says_what_is_missing(tmp_path: Path) -> None:
    app = Application(AppOptions(profile=tmp_path / "p", site=tmp_path / "s"), candidates=[])
    app.prepare()
    await app.start()
    assert [problem.id for problem in app.problems.current()] == ["engine"]
    with pytest.raises(UserError, match="engine is not running"):
        app.calls.dial("911")
    assert not app.status().engine.running
    await app.stop()


@pytest.mark.expects_log("preparing the call engine")
async def test_an_engine_that_cannot_be_prepared_does_not_stop_the_window(tmp_path: Path) -> None:
    class Broken(FakeEngine):
        def prepare(self) -> None:
            raise OSError("no such program")

    async with running(tmp_path, engine=Broken()) as harness:
        assert "engine" in {problem.id for problem in harness.app.problems.current()}


async def test_an_engine_that_gives_up_is_told_once(harness: Harness) -> None:
    harness.engine.running = False
    harness.engine.report(EngineStopped(expected=False, detail="no luck", restarting=False))
    (problem,) = harness.app.problems.current()
    assert (problem.id, problem.details) == ("engine", "no luck")
    assert "Restart" in problem.hint
    assert len(harness.published(NoticePosted)) == 1
    assert harness.published(EngineChanged)[-1].running is False


@pytest.mark.expects_log("does not stop within")
async def test_an_engine_that_does_not_stop_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callmanager.engine.driver._STOP_SECONDS", 0.05)

    class Stuck(FakeEngine):
        async def stop(self) -> None:
            await asyncio.Event().wait()

    async with running(tmp_path, engine=Stuck()):
        pass


async def test_the_status_has_everything_and_no_secret(harness: Harness) -> None:
    await harness.connect(password="hunter2222")
    call_id = harness.app.calls.dial("6000")
    await harness.settle()
    harness.engine.far_end_answers(call_id)
    harness.clock.advance(65)
    harness.app.problems.raise_problem("x", "Something.")
    text = status_json(harness.app.status())
    told = json.loads(text)
    assert told["version"] == "0.1.0"
    assert told["account"]["extension"] == "2001"
    assert told["registration"]["state"] == "registered"
    assert told["engine"] == {"running": True, "version": "fake"}
    (call,) = told["calls"]
    assert (call["call"]["state"], call["duration_seconds"], call["call"]["media"]["codec"]) == ("connected", 65.0, "G722")
    assert [problem["id"] for problem in told["problems"]] == ["x"]
    assert "hunter2222" not in text
    assert "\n" not in text


@pytest.mark.expects_log("failed in")
async def test_uncaught_errors_everywhere_end_in_the_funnel(harness: Harness) -> None:
    def broken_callback() -> None:
        raise ValueError("in a callback")

    def broken_thread() -> None:
        raise ValueError("in a thread")

    class BrokenEnd:
        def __del__(self) -> None:
            raise ValueError("in a destructor")

    asyncio.get_running_loop().call_soon(broken_callback)
    thread = threading.Thread(target=broken_thread, name="broken")
    thread.start()
    thread.join(5)
    BrokenEnd()
    try:
        raise ValueError("in the main thread")
    except ValueError as error:
        sys.excepthook(ValueError, error, error.__traceback__)
    await harness.until(lambda: len(harness.published(NoticePosted)) == 4)
    details = " ".join(event.notice.details for event in harness.published(NoticePosted))
    for place in ("in a callback", "in a thread", "in a destructor", "in the main thread"):
        assert place in details


async def test_the_hooks_for_uncaught_errors_are_given_back(tmp_path: Path) -> None:
    before = sys.excepthook, threading.excepthook, sys.unraisablehook
    async with running(tmp_path):
        assert sys.excepthook is not before[0]
    assert (sys.excepthook, threading.excepthook, sys.unraisablehook) == before


async def test_a_user_error_in_the_funnel_is_shown_as_it_is(harness: Harness) -> None:
    harness.app.report_fault(UserError("no such number", "Try another."), owner="crm", doing="dialling")
    notice = harness.published(NoticePosted)[-1].notice
    assert (notice.text, notice.hint, notice.details) == ("no such number", "Try another.", "")


CRASH = """
import asyncio, ctypes, pathlib, sys
from callmanager.app import Application, AppOptions
async def main():
    app = Application(AppOptions(profile=pathlib.Path(sys.argv[1])), candidates=[])
    await app.start()
    ctypes.string_at(0)
asyncio.run(main())
"""


@pytest.mark.expects_log("ended in a crash")
@pytest.mark.skipif(sys.platform == "win32", reason="not tried there")
def test_a_crash_of_native_code_is_told_at_the_next_start(tmp_path: Path) -> None:
    run = subprocess.run([sys.executable, "-c", CRASH, str(tmp_path / "profile")], capture_output=True, timeout=60, check=False)
    assert run.returncode < 0

    async def next_start() -> list[str]:
        async with running(tmp_path) as harness:
            return [problem.details for problem in harness.app.problems.current() if problem.id == "crash"]

    (details,) = asyncio.run(next_start())
    assert "Segmentation fault" in details
    assert asyncio.run(next_start()) == []


def test_importing_the_application_loads_nothing_heavy() -> None:
    heavy = ["PySide6", "pjsua2", "keyring", "sqlite3", "tomlkit", "cattrs", "numpy", "argparse", "asyncio", "multiprocessing"]
    heavy += ["httpx", "ssl", "truststore", "email"]
    code = f"import callmanager.app, sys; print([name for name in {heavy} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.strip() == "[]"

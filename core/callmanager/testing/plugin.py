"""The pytest plugin of the test kit: fixtures for a headless application, and the checks that run after every test.

Put `pytest_plugins = ["callmanager.testing.plugin"]` into your top-level `conftest.py`. After each test it fails when

- a task, thread, child process, socket, top-level widget or application timer is left (opt out, with the reason:
  `@pytest.mark.leaves_running("the sound server of the session is restarted here")`);
- our loggers wrote a warning or worse that nobody announced (`@pytest.mark.expects_log("can't be used")`, a regular
  expression, may be repeated; a test that takes `caplog` is trusted to look for itself);
- something wanted to reach the outside network.

Nothing here touches the person's own files: folders are below the test's, and the key store always says no.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from callmanager.testing.leaks import take, tasks_left, wait_for_none
from callmanager.testing.network import NetworkGuard

if TYPE_CHECKING:
    from callmanager.testing.harness import Harness

_GUARD: Final = pytest.StashKey[NetworkGuard]()
_SHARED: Final = frozenset({"shared_pbx", "pbx", "audio_server", "audio_bench"})
"""Fixtures of the session that may start and end processes of their own at any time."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "leaves_running(reason): the leak check does not fail this test")
    config.addinivalue_line("markers", "expects_log(pattern): this warning or error of our loggers is expected")
    guard = NetworkGuard()
    guard.install()
    config.stash[_GUARD] = guard


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[_GUARD].active = False


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point the system's folders below the run's, and the key store at one that refuses."""
    base = tmp_path_factory.getbasetemp() / "home"
    for name in ("CONFIG", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(base / name.lower()))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(base / "site"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")


@pytest.fixture(autouse=True)
def leak_check(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves something running."""
    if request.node.get_closest_marker("leaves_running"):
        yield
        return
    processes = not _SHARED.intersection(request.fixturenames)
    left: list[str] = []
    before = take(processes=processes)
    with tasks_left(left.append):
        yield
    left.extend(wait_for_none(before, processes=processes))
    if left:
        pytest.fail("this test left behind:\n  " + "\n  ".join(left), pytrace=False)


class _Unexpected(logging.Handler):
    def __init__(self, patterns: list[re.Pattern[str]]) -> None:
        super().__init__(logging.WARNING)
        self.patterns = patterns
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:  # type: ignore[explicit-override] # typing has override from 3.12 on
        if not record.name.startswith("callmanager"):
            return
        text = record.getMessage()
        if not any(pattern.search(text) for pattern in self.patterns):
            self.found.append(f"{record.levelname} {record.name}: {text}")


@pytest.fixture(autouse=True)
def log_check(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test in which our loggers warned about something nobody expected."""
    markers = list(request.node.iter_markers("expects_log"))
    handler = _Unexpected([re.compile(marker.args[0]) for marker in markers])
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
    if handler.found and "caplog" not in request.fixturenames:
        pytest.fail("unexpected in the log:\n  " + "\n  ".join(handler.found[:20]), pytrace=False)


@pytest.fixture(autouse=True)
def network_check(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that wanted to reach the outside network, even where the refusal was swallowed."""
    refused = request.config.stash[_GUARD].refused
    refused.clear()
    yield
    if refused:
        pytest.fail(f"this test wanted to ask {', '.join(refused)}", pytrace=False)


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """A profile folder for this test alone, for `--profile`."""
    return tmp_path / "profile"


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[Harness]:
    """A started headless application without plugins and with a fake engine."""
    from callmanager.testing.harness import running

    async with running(tmp_path) as started:
        yield started


if "QT_QPA_PLATFORM" not in os.environ and not os.environ.get("CALLMANAGER_TEST_DISPLAY"):
    os.environ["QT_QPA_PLATFORM"] = "offscreen"

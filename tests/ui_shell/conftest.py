"""The window under test: a real application on the fake engine, offscreen, on the loop that the product uses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest
from callmanager.api import hookimpl
from callmanager.testing.harness import Harness, running
from callmanager_call_control.plugin import CallControl
from callmanager_shell.look import Look
from callmanager_shell.services import ShellServices
from callmanager_shell.shell import make_services
from callmanager_shell.window import MainWindow
from callmanager_shell.window_state import WindowState
from PySide6.QtWidgets import QApplication


def _qt() -> QApplication:
    existing = QApplication.instance()
    return existing if isinstance(existing, QApplication) else QApplication([])


def _qt_loop() -> asyncio.AbstractEventLoop:
    """The product's loop, which here is closed after each test while Qt lives on.

    qasync leaves the Qt timers of calls that were cancelled or are still to come. A closed loop is garbage, and where a worker
    thread happens to collect it, Qt can't stop its timers ("Timers cannot be stopped from another thread") and crashes when one
    is due, some tests later. So they end with the loop.
    """
    import shiboken6
    from qasync import QEventLoop

    class Loop(QEventLoop):
        def close(self) -> None:
            closed = self.is_closed()
            super().close()
            if not closed:
                shiboken6.delete(self._timer)

    return Loop(_qt())


def pytest_asyncio_loop_factories(config: Any, item: Any) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Async tests of the shell run on Qt's loop."""
    return {"qt": _qt_loop}


@pytest.fixture
def qt() -> QApplication:
    application = _qt()
    application.setQuitOnLastWindowClosed(False)
    return application


@pytest.fixture
def look(qt: QApplication) -> Iterator[Look]:
    made = Look(qt, choice="light")
    yield made
    made.deleteLater()


@pytest.fixture(autouse=True)
def nothing_begins_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the parts of a test pytest-qt handles Qt's events while no loop runs: nothing may begin by itself there."""
    monkeypatch.setattr("callmanager.contacts.directory.AFTER_START", 3600.0)
    monkeypatch.setattr("callmanager.app._WINDOW_FIRST", 3600.0)


@attrs.frozen(kw_only=True)
class Stage:
    """What a test of the window touches."""

    harness: Harness
    services: ShellServices
    look: Look
    window: MainWindow

    @property
    def engine(self) -> Any:
        return self.harness.engine

    @property
    def app(self) -> Any:
        return self.harness.app

    async def talk(self, number: str = "2004") -> Any:
        """A call that was placed and answered."""
        call_id = self.app.calls.dial(number)
        await self.harness.until(lambda: self.app.calls.get(call_id).state.value == "progress")
        self.engine.far_end_answers(call_id)
        await self.harness.settle()
        return call_id

    async def arrive(self, number: str = "5550104477", name: str = "Dana Kowalski", called: str = "2001") -> Any:
        call_id = self.engine.arrive(number, name, called=called)
        await self.harness.settle()
        return call_id


@pytest.fixture
def contribute() -> Callable[..., type]:
    """Makes a plugin of what it contributes: `contribute(panels=[...], header_items=[...])`; a function is asked each time."""

    def make(**contributions: Any) -> type:
        def hook(value: Any) -> Any:
            return hookimpl(lambda self: value() if callable(value) else list(value))

        return type(
            "Contributing",
            (),
            {
                "__init__": lambda self, ctx: None,
                **{f"callmanager_{name}": hook(value) for name, value in contributions.items()},
            },
        )

    return make


@pytest.fixture
def plugins() -> dict[str, Any]:
    """The plugins of the application; a test overrides it by parametrising."""
    return {"call_control": CallControl}


@pytest.fixture
def state() -> WindowState:
    """What the window remembers from the last run."""
    return WindowState()


@pytest.fixture
async def stage(tmp_path: Path, look: Look, plugins: dict[str, Any], state: WindowState) -> AsyncIterator[Stage]:
    async with running(tmp_path, plugins=plugins) as harness:
        services = make_services(harness.app, look, clock=harness.clock)
        window = MainWindow(services, version="0.1.0", state=state)
        window.show()
        await harness.until(lambda: window.guests is not None)
        try:
            yield Stage(harness=harness, services=services, look=look, window=window)
        finally:
            window.close_down()
            await services.tasks.stop()
            window.close()
            window.deleteLater()
            await harness.settle()

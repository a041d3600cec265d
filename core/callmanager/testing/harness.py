"""A whole headless application with a fake engine and folders of its own, for tests of ours and of plugin authors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import attrs

from callmanager.app import Application, AppOptions
from callmanager.events import Event
from callmanager.extensions.discovery import Candidate, discover
from callmanager.settings.core_sections import ConnectionSettings
from callmanager.testing.fakes import FakeEngine, ManualClock, MemorySecrets

E = TypeVar("E", bound=Event)


@attrs.define(eq=False, kw_only=True)
class Harness:
    """An application under test with its stand-ins and every event it has published."""

    app: Application
    engine: FakeEngine
    key_store: MemorySecrets
    clock: ManualClock
    events: list[Event] = attrs.Factory(list)

    def published(self, kind: type[E]) -> list[E]:
        """The events of exactly this class, in order."""
        return [event for event in self.events if type(event) is kind]

    async def connect(self, *, extension: str = "2001", password: str = "correct horse") -> None:  # noqa: S107
        """Set the connection up as a person would, and wait until it is registered."""
        self.app.settings.update(ConnectionSettings, server="pbx.example.com", extension=extension)
        await self.app.settings.set_secret(ConnectionSettings, "password", password)
        self.app.accounts.connect()
        await self.until(
            lambda: self.app.accounts.registration is not None and self.app.accounts.registration.state.value == "registered"
        )

    async def settle(self) -> None:
        """Let everything that is ready happen: a few rounds of the loop."""
        import asyncio

        for _ in range(10):
            await asyncio.sleep(0)

    async def until(self, condition: Callable[[], bool], *, seconds: float = 5.0) -> None:
        """Wait for a condition; raises `TimeoutError`."""
        import asyncio

        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - any condition, so there is no event to wait for
                await asyncio.sleep(0.002)


def make(
    folder: Path,
    *,
    plugins: Mapping[str, Any] | None = None,
    installed: Collection[str] = (),
    engine: FakeEngine | None = None,
    key_store: MemorySecrets | None = None,
    options: AppOptions | None = None,
) -> Harness:
    """Build an application in `folder` with these plugins and no others; not prepared, not started.

    `plugins` are classes by id; `installed` are ids that must be found among the installed distributions, as the phone finds
    them. Raises `LookupError` for one that is not.
    """
    engine, key_store, clock = engine or FakeEngine(), key_store or MemorySecrets(), ManualClock()
    options = options or AppOptions(profile=folder / "profile", site=folder / "site", log_level="debug")
    candidates = [Candidate.of(plugin_id, plugin) for plugin_id, plugin in (plugins or {}).items()]
    app = Application(
        options,
        engine=engine,
        key_store=key_store,
        candidates=[*candidates, *_found(installed)],
        clock=clock,
    )
    harness = Harness(app=app, engine=engine, key_store=key_store, clock=clock)
    app.bus.tap(harness.events.append)
    return harness


def _found(installed: Collection[str]) -> list[Candidate]:
    found = [candidate for candidate in discover() if candidate.id in installed] if installed else []
    missing = set(installed) - {candidate.id for candidate in found}
    if missing:
        raise LookupError(f"no installed distribution has an entry point for {', '.join(sorted(missing))}")
    return found


@asynccontextmanager
async def running(
    folder: Path,
    *,
    plugins: Mapping[str, Any] | None = None,
    installed: Collection[str] = (),
    engine: FakeEngine | None = None,
    key_store: MemorySecrets | None = None,
    options: AppOptions | None = None,
) -> AsyncIterator[Harness]:
    """A started application, stopped at the end whatever happens."""
    harness = make(folder, plugins=plugins, installed=installed, engine=engine, key_store=key_store, options=options)
    harness.app.prepare()
    try:
        await harness.app.start()
        yield harness
    finally:
        await harness.app.stop()

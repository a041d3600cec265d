"""What the plugin platform itself costs: starting plugins, one event, one hook call. Needs neither PBX nor display."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.values import PER_PLUGIN, Results

_TURNS: Final = 2000
_FOREIGN: Final = 50
_SUBSCRIBERS: Final = 100
_PLUGINS: Final = 20

_BUILT_IN: Final = """
import asyncio, sys, time  # the phone needs asyncio with any plugin and without
from pathlib import Path
import callmanager.api
from callmanager.app import Application, AppOptions
from callmanager.extensions.discovery import discover
from callmanager.model.plugins import PluginState
folder, wanted = Path(sys.argv[1]), sys.argv[2]
(candidate,) = [candidate for candidate in discover() if candidate.id == wanted]
app = Application(AppOptions(profile=folder / "profile", site=folder / "site", demo=True), candidates=[])
began = time.perf_counter()
app.plugins.load([candidate])
took = 1000 * (time.perf_counter() - began)
assert app.plugins.state(wanted) is PluginState.ACTIVE, app.plugins.records()
print(took)
"""
_IDS: Final = """
from callmanager.extensions.discovery import OWN_DISTRIBUTION, discover
print(*(candidate.id for candidate in discover() if candidate.distribution == OWN_DISTRIBUTION))
"""
_START: Final = """
import time
began = time.perf_counter()
import asyncio, sys
from pathlib import Path
from callmanager.app import Application, AppOptions
from callmanager.extensions.discovery import discover
from callmanager.model.plugins import PluginState

class NoEngine:  # the engine's own process is no part of this figure, nor is the test kit's engine
    def prepare(self): pass
    async def start(self, report): pass
    def submit(self, command): pass
    async def stop(self): pass

async def main():
    folder, paths = Path(sys.argv[1]), [Path(path) for path in sys.argv[2:]]
    options = AppOptions(profile=folder / "profile", site=folder / "site")
    app = Application(options, engine=NoEngine(), candidates=discover(paths))
    app.prepare()
    await app.start()
    took = 1000 * (time.perf_counter() - began)
    foreign = [record for record in app.plugins.records() if record.id.startswith("foreign_")]
    assert all(record.state is PluginState.ACTIVE for record in foreign), foreign
    await app.stop()
    print(took, len(foreign))

asyncio.run(main())
"""
_PLUGIN: Final = """
from callmanager.api import Call, CallAdded, CallAction, Permissions, PluginContext, Verdict, hookimpl

class Plugin:
    permissions = Permissions(call_information=True)

    def __init__(self, ctx: PluginContext) -> None:
        ctx.events.subscribe(CallAdded, lambda event: None)

    @hookimpl
    def callmanager_screen_incoming(self, call: Call) -> Verdict | None:
        return None

    @hookimpl
    def callmanager_call_actions(self) -> list[CallAction]:
        return []
"""


def measure(results: Results, *, runs: int) -> None:
    """All figures of the platform; where imports count, each in a process of its own, so that no plugin pays for another."""
    with tempfile.TemporaryDirectory(prefix="cmbench-platform-") as scratch:
        foreign = _distributions(Path(scratch) / "foreign")
        built_in = _python(_IDS).split()
        for number in range(runs + 1):
            folder = Path(scratch) / f"run-{number}"
            took = {plugin: float(_python(_BUILT_IN, folder / plugin, plugin)) for plugin in built_in}
            bare, _ = map(float, _python(_START, folder / "bare").split())
            full, count = map(float, _python(_START, folder / "full", foreign).split())
            if count != _FOREIGN:
                raise AssertionError(f"only {count:.0f} of {_FOREIGN} foreign plugins were found")
            if number:  # the first warms the caches up
                for plugin, milliseconds in took.items():
                    results.add(f"{PER_PLUGIN.key}.{plugin}", milliseconds)
                results.add("start_50_plugins_ms", full)
                results.add("foreign_plugins_ms", full - bare)
                results.add("event_us", _event_us())
                results.add("hook_us", _hook_us())


def _python(code: str, *arguments: Path | str) -> str:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise AssertionError(done.stderr[-2000:])
    return done.stdout


def _event_us() -> float:
    from callmanager.api import EngineChanged
    from callmanager.bus import EventBus

    bus = EventBus(_fault)
    for _ in range(_SUBSCRIBERS):
        bus.subscribe(EngineChanged, lambda _event: None)
    event = EngineChanged(running=True)
    return _microseconds(lambda: bus.publish(event))


def _hook_us() -> float:
    from callmanager.api import AccountId, Call, CallId, CallState, Direction, Party, hookimpl
    from callmanager.clock import utc_now
    from callmanager.extensions.hooks import Hooks

    hooks = Hooks(_fault)
    for number in range(_PLUGINS):
        hooks.register(str(number), type("Plugin", (), {"callmanager_screen_incoming": hookimpl(lambda self, call: None)})())
    call = Call(
        id=CallId("1"),
        account_id=AccountId("main"),
        direction=Direction.INCOMING,
        state=CallState.RINGING,
        remote=Party(number="2002"),
        created_at=utc_now(),
    )
    return _microseconds(lambda: hooks.screen_incoming(call))


def _microseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    for _ in range(_TURNS):
        work()
    return 1e6 * (time.perf_counter() - began) / _TURNS


def _fault(*_: object, **words: object) -> None:
    if words.get("error") is not None:
        raise AssertionError(words)


def _distributions(folder: Path) -> Path:
    """Fifty foreign distributions, as an installer would lay them out."""
    for number in range(_FOREIGN):
        name = f"foreign_{number:02}"
        package, info = folder / name, folder / f"{name}-1.0.dist-info"
        package.mkdir(parents=True)
        info.mkdir()
        (package / "__init__.py").write_text("")
        (package / "plugin.py").write_text(_PLUGIN)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[callmanager.plugins]\n{name} = {name}.plugin:Plugin\n")
    return folder

"""Bad plugins as real distributions: a package and its `dist-info` in a folder, found like installed ones."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import attrs

_HEAD: Final = """
from callmanager.api import *
from callmanager.api import hookimpl


"""


@attrs.frozen(kw_only=True)
class Bad:
    """One distribution. `culprit` is a part of the reason that must be told; `at_start`: it is told without any call."""

    plugin_id: str
    body: str
    culprit: str
    state: str
    at_start: bool = True
    version: str = "1.4.2"
    package: str = ""
    title: str = ""
    summary: str = ""
    author: str = "Acme Software"

    @property
    def module(self) -> str:
        return self.package or f"bad_{self.plugin_id}"

    @property
    def distribution(self) -> str:
        return self.module.replace("_", "-")


BAD: Final[tuple[Bad, ...]] = (
    Bad(
        plugin_id="import_error",
        summary="Opens the customer in the licensing desk.",
        culprit="No module named 'acme_licensing_that_nobody_has'",
        state="failed",
        body="""
        import acme_licensing_that_nobody_has

        class Plugin:
            def __init__(self, ctx): ...
        """,
    ),
    Bad(
        plugin_id="exits",
        summary="Ends the program when it is imported.",
        culprit="wanted to end the program (3)",
        state="failed",
        body="""
        raise SystemExit(3)
        """,
    ),
    Bad(
        plugin_id="wrong_signature",
        summary="Blocks callers by their mood.",
        culprit="mood",
        state="failed",
        body="""
        class Plugin:
            title = "Mood screening"
            permissions = Permissions(call_information=True, call_control=True)

            def __init__(self, ctx): ...

            @hookimpl
            def callmanager_screen_incoming(self, call, mood):
                return None
        """,
    ),
    Bad(
        plugin_id="unknown_hook",
        culprit="no hook named callmanager_call_is_interesting",
        state="failed",
        body="""
        class Plugin:
            def __init__(self, ctx): ...

            @hookimpl
            def callmanager_call_is_interesting(self, call): ...
        """,
    ),
    Bad(
        plugin_id="raises",
        summary="Writes every call into a ledger that does not exist.",
        culprit="the ledger is closed",
        state="parked",
        at_start=False,
        body="""
        class Plugin:
            title = "Call ledger"
            icon = "clock"

            def __init__(self, ctx): ...

            @hookimpl
            def callmanager_screen_incoming(self, call):
                raise ValueError("the ledger is closed")

            @hookimpl
            def callmanager_prepare_outgoing(self, request):
                raise ValueError("the ledger is closed")

            @hookimpl
            def callmanager_call_actions(self):
                raise ValueError("the ledger is closed")
        """,
    ),
    Bad(
        plugin_id="sleeps",
        culprit="callmanager_prepare_outgoing stalled for",
        state="active",
        at_start=False,
        body="""
        import time

        class Plugin:
            permissions = Permissions(call_information=True, call_control=True)

            def __init__(self, ctx): ...

            @hookimpl
            def callmanager_prepare_outgoing(self, request):
                time.sleep(STALL)
        """,
    ),
    Bad(
        plugin_id="endless",
        summary="Looks for new faxes, day and night.",
        culprit="",
        state="active",
        body="""
        import asyncio

        LET_GO = False

        class Plugin:
            title = "Fax watcher"
            icon = "bell"
            permissions = Permissions(network=("fax.acme.example",), secrets=True)

            def __init__(self, ctx):
                self._ctx = ctx

            @hookimpl
            def callmanager_started(self):
                self._ctx.tasks.start(self._watch(), name="watch for faxes")

            async def _watch(self):
                while not LET_GO:
                    try:
                        await asyncio.sleep(0.05)
                    except asyncio.CancelledError:
                        pass
        """,
    ),
    Bad(
        plugin_id="panel",
        summary="Weather at the caller's place.",
        culprit="building the panel",
        state="active",
        at_start=False,
        body="""
        class Plugin:
            title = "Weather"
            icon = "sun"
            permissions = Permissions(network=("*.weather.example",))

            def __init__(self, ctx): ...

            @hookimpl
            def callmanager_panels(self):
                def build(kit):
                    raise RuntimeError("the weather has no table")

                return [Panel(id="weather", title="Weather", icon="sun", area=PanelArea.MAIN, build=build)]
        """,
    ),
    Bad(
        plugin_id="settings",
        culprit="not declared with setting",
        state="failed",
        body="""
        import attrs

        @attrs.frozen
        class Model:
            colour: str = "blue"

        class Plugin:
            def __init__(self, ctx): ...

            @hookimpl
            def callmanager_settings_sections(self):
                return [SettingsSection(id="settings", title="Colour", model=Model)]
        """,
    ),
    Bad(
        plugin_id="leaks",
        summary="Keeps the CRM of Acme at hand.",
        culprit="",
        state="active",
        body="""
        import asyncio
        import threading

        STOP = threading.Event()

        class Plugin:
            title = "Acme CRM"
            icon = "contacts"
            permissions = Permissions(network=("api.acme.example",), call_information=True, contacts=True, processes=True)

            def __init__(self, ctx): ...

            @hookimpl
            def callmanager_started(self):
                threading.Thread(target=poll, name="acme poller").start()
                self._task = asyncio.get_running_loop().create_task(forever(), name="acme sync")
                tick()

        def poll():
            STOP.wait()

        async def forever():
            await asyncio.Event().wait()

        def tick():
            asyncio.get_running_loop().call_later(0.01, tick)
        """,
    ),
    Bad(
        plugin_id="twin",
        package="good_twin",
        title="The first of the twins",
        culprit="",
        state="active",
        body="""
        class Plugin:
            def __init__(self, ctx): ...
        """,
    ),
    Bad(
        plugin_id="twin",
        package="late_twin",
        culprit="of good-twin has the same name",
        state="failed",
        body="""
        class Plugin:
            def __init__(self, ctx):
                raise AssertionError("it must never be built")
        """,
    ),
    Bad(
        plugin_id="newer",
        culprit="needs version 99",
        state="failed",
        body="""
        class Plugin:
            requires_api = 99

            def __init__(self, ctx): ...
        """,
    ),
    Bad(
        plugin_id="greedy",
        summary="Calls your bank while you are at lunch.",
        culprit="may not place, answer, change and end calls. Its author did not declare",
        state="failed",
        body="""
        class Plugin:
            permissions = Permissions(call_information=True)

            def __init__(self, ctx):
                ctx.calls.dial("6000")
        """,
    ),
)

GOOD: Final = Bad(
    plugin_id="healthy",
    package="healthy_notes",
    culprit="",
    state="active",
    summary="Notes beside every call.",
    body="""
    class Plugin:
        title = "Call notes"
        icon = "chat"
        permissions = Permissions(call_information=True)

        def __init__(self, ctx): ...

        @hookimpl
        def callmanager_panels(self):
            def build(kit):
                from PySide6.QtWidgets import QLabel

                return QLabel("the healthy panel")

            return [Panel(id="notes", title="Notes", icon="chat", area=PanelArea.MAIN, build=build, order=1)]

        @hookimpl
        def callmanager_call_actions(self):
            async def run(call): ...

            yes = lambda call: True
            return [CallAction(id="notes.add", label="Note", icon="chat", run=run, available=yes, shortcut="Ctrl+Alt+J")]
    """,
)


_MODULES: Final = frozenset(bad.module for bad in (*BAD, GOOD))


def named(plugin_id: str) -> Bad:
    return next(bad for bad in (*BAD, GOOD) if bad.plugin_id == plugin_id)


def write(folder: Path, *wanted: Bad, stall: float = 0.3) -> Path:
    """Lay the distributions out in the folder, as an installer would; returns the folder."""
    for bad in wanted or (*BAD, GOOD):
        package = folder / bad.module
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("")
        body = textwrap.dedent(bad.body)
        (package / "plugin.py").write_text(f"{_HEAD}STALL = {stall}\n{body}")
        info = folder / f"{bad.module}-{bad.version}.dist-info"
        info.mkdir()
        metadata = {
            "Metadata-Version": "2.1",
            "Name": bad.distribution,
            "Version": bad.version,
            "Summary": bad.summary or f"A test distribution: {bad.plugin_id.replace('_', ' ')}",
            "Author-email": f"{bad.author} <plugins@acme.example>",
            "Project-URL": "Homepage, https://acme.example/callmanager",
        }
        (info / "METADATA").write_text("".join(f"{key}: {value}\n" for key, value in metadata.items()))
        (info / "entry_points.txt").write_text(f"[callmanager.plugins]\n{bad.plugin_id} = {bad.module}.plugin:Plugin\n")
        (info / "INSTALLER").write_text("test\n")
    return folder


@contextmanager
def cleaned_up() -> Iterator[None]:
    """Afterwards what the bad ones hold on to is let go, and their modules and paths are forgotten."""
    path, modules = list(sys.path), set(sys.modules)
    try:
        yield
    finally:
        let_go()
        for name in set(sys.modules) - modules:
            if name.partition(".")[0] in _MODULES:
                del sys.modules[name]
        sys.path[:] = path


def let_go() -> None:
    """End what the bad ones never end by themselves."""
    for module in [module for name, module in sys.modules.items() if name.partition(".")[0] in _MODULES]:
        if hasattr(module, "STOP"):
            module.STOP.set()
        if hasattr(module, "LET_GO"):
            module.LET_GO = True


def expected() -> Mapping[tuple[str, str], Bad]:
    """By id and distribution."""
    return {(bad.plugin_id, bad.distribution): bad for bad in (*BAD, GOOD)}

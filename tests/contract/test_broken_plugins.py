"""Whatever is wrong with a plugin, the phone runs, a call works, and the culprit is named with the reason."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from callmanager.api import (
    CallRemoved,
    CallState,
    EndCause,
    NoticePosted,
    PluginContext,
    PluginState,
    SettingsSection,
    hookimpl,
)
from callmanager.extensions.discovery import Candidate
from callmanager.testing import FakeEngine, Harness, running
from callmanager.testing.harness import make


def import_error() -> Any:
    raise ImportError("No module named 'acme'")


class FailsToBuild:
    def __init__(self, ctx: PluginContext) -> None:
        ctx.events.subscribe(NoticePosted, lambda event: None)
        raise OSError("no licence file")


class TakesNoContext:
    pass


class UnknownHook:
    def __init__(self, ctx: PluginContext) -> None: ...

    @hookimpl
    def callmanager_on_call(self) -> None: ...


class WrongSignature:
    def __init__(self, ctx: PluginContext) -> None: ...

    @hookimpl
    def callmanager_screen_incoming(self, call: object, extra: object) -> None: ...


class NeedsNewerApi:
    requires_api = 99

    def __init__(self, ctx: PluginContext) -> None: ...


@attrs.frozen(kw_only=True)
class Undeclared:
    value: int = 1


class BadSettings:
    def __init__(self, ctx: PluginContext) -> None: ...

    @hookimpl
    def callmanager_settings_sections(self) -> list[SettingsSection]:
        return [SettingsSection(id="x", title="X", model=Undeclared)]


CANNOT_BE_USED: dict[str, tuple[Callable[[], Any], str]] = {
    "import error": (import_error, "No module named 'acme'"),
    "build fails": (lambda: FailsToBuild, "no licence file"),
    "not a plugin": (lambda: TakesNoContext, "takes no arguments"),
    "unknown hook": (lambda: UnknownHook, "no hook named callmanager_on_call"),
    "wrong signature": (lambda: WrongSignature, "extra"),
    "newer interface": (lambda: NeedsNewerApi, "needs version 99"),
    "bad settings": (lambda: BadSettings, "not declared with setting"),
}


async def a_call_works(harness: Harness) -> None:
    await harness.connect()
    call_id = harness.app.calls.dial("6000")
    await harness.until(lambda: harness.app.calls.get(call_id).state is CallState.CONNECTED)
    incoming = harness.engine.arrive()
    harness.app.calls.answer(incoming)
    await harness.until(lambda: harness.app.calls.get(incoming).state is CallState.CONNECTED)
    harness.app.calls.hang_up(call_id)
    harness.app.calls.hang_up(incoming)
    await harness.until(lambda: harness.app.calls.current() == ())
    assert {event.call.end.cause for event in harness.published(CallRemoved)} == {EndCause.LOCAL}


@pytest.mark.expects_log("can't be used")
@pytest.mark.parametrize("kind", CANNOT_BE_USED)
async def test_a_plugin_that_cannot_be_used_is_named_and_calls_work(tmp_path: Path, kind: str) -> None:
    load, reason = CANNOT_BE_USED[kind]
    harness = make(tmp_path, engine=FakeEngine(autoanswer=True))
    bad = attrs.evolve(Candidate.of("bad", object), load=load)
    harness.app.plugins.load([bad, Candidate.of("good", _Good)])
    harness.app.prepare()
    try:
        await harness.app.start()
        records = {record.id: record for record in harness.app.plugins.records()}
        assert records["bad"].state is PluginState.FAILED
        assert reason in records["bad"].reason
        assert "Traceback" in records["bad"].error
        assert records["good"].state is PluginState.ACTIVE
        (problem,) = (problem for problem in harness.app.problems.current() if problem.id == "plugin:bad")
        assert reason in problem.details
        await a_call_works(harness)
    finally:
        await harness.app.stop()


class _Good:
    def __init__(self, ctx: PluginContext) -> None: ...


class RaisesInEveryHook:
    def __init__(self, ctx: PluginContext) -> None: ...

    @hookimpl
    def callmanager_started(self) -> None:
        raise ValueError("started")

    @hookimpl
    def callmanager_stopping(self) -> None:
        raise ValueError("stopping")

    @hookimpl
    def callmanager_screen_incoming(self, call: object) -> None:
        raise ValueError("screen")

    @hookimpl
    def callmanager_prepare_outgoing(self, request: object) -> None:
        raise ValueError("prepare")

    @hookimpl
    def callmanager_call_actions(self) -> None:
        raise ValueError("actions")


@pytest.mark.expects_log("the plugin bad failed in callmanager_")
async def test_a_plugin_that_raises_in_every_hook_is_parked_and_calls_work(tmp_path: Path) -> None:
    async with running(tmp_path, plugins={"bad": RaisesInEveryHook}, engine=FakeEngine(autoanswer=True)) as harness:
        assert harness.app.call_actions() == []
        await a_call_works(harness)
        (record,) = harness.app.plugins.records()
        assert record.state is PluginState.PARKED
        assert "left out after 3 faults" in record.reason


class Hangs:
    """Blocks the loop in a hook, and has a task that never ends by itself."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx

    @hookimpl
    def callmanager_started(self) -> None:
        import time

        time.sleep(0.3)
        self._ctx.tasks.start(self._forever(), name="forever")

    async def _forever(self) -> None:
        await asyncio.Event().wait()


@pytest.mark.expects_log("the plugin bad stalled callmanager_started")
async def test_a_plugin_that_stalls_a_hook_is_named_and_its_endless_task_ends_with_it(tmp_path: Path) -> None:
    async with running(tmp_path, plugins={"bad": Hangs}, engine=FakeEngine(autoanswer=True)) as harness:
        await a_call_works(harness)
        task = harness.app.plugins._entries["bad"].context.tasks
        assert task.running == ("bad: forever",)
    assert task.running == ()


@pytest.mark.expects_log("undoing a registration failed")
async def test_a_plugin_whose_undo_raises_does_not_keep_the_others_from_being_undone(tmp_path: Path) -> None:
    undone = []

    class BadUndo:
        def __init__(self, ctx: PluginContext) -> None:
            ctx.on_deactivate(lambda: undone.append("first"))
            ctx.on_deactivate(lambda: 1 / 0)
            ctx.on_deactivate(lambda: undone.append("last"))

    async with running(tmp_path, plugins={"bad": BadUndo}):
        pass
    assert undone == ["last", "first"]

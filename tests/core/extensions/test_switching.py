"""Switching while the phone runs: in order, to the end, and never under a call."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from callmanager.api import (
    CallAction,
    CallState,
    ContributionsChanged,
    EngineChanged,
    Permissions,
    PluginContext,
    PluginState,
    PluginStateChanged,
    RegistrationState,
    UserError,
    hookimpl,
)
from callmanager.testing import FakeEngine, Harness, MemorySecrets, running
from callmanager.testing.harness import make


class Slow:
    """Takes its time to say goodbye, and counts its lives."""

    alive = 0
    most = 0

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        type(self).alive += 1
        type(self).most = max(self.most, self.alive)
        ctx.on_deactivate(self._gone)

    def _gone(self) -> None:
        type(self).alive -= 1

    @hookimpl
    def callmanager_started(self) -> None:
        self._ctx.tasks.start(self._work(), name="work")

    @hookimpl
    def callmanager_call_actions(self) -> list[CallAction]:
        async def run(call: Any) -> None: ...

        return [CallAction(id="slow.x", label="X", icon="x", run=run, available=lambda _: True)]

    async def _work(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.02)


@pytest.fixture
def slow() -> type[Slow]:
    return type("Slow", (Slow,), {"alive": 0, "most": 0})


async def test_switches_of_one_plugin_follow_each_other_and_the_last_wish_holds(tmp_path: Path, slow: type[Slow]) -> None:
    async with running(tmp_path, plugins={"slow": slow}) as harness:
        await harness.settle()
        host = harness.app.plugins
        wishes = [host.disable("slow"), host.enable("slow"), host.disable("slow"), host.disable("slow"), host.enable("slow")]
        records = await asyncio.gather(*wishes)
        assert records[-1].state is PluginState.ACTIVE
        assert (slow.alive, slow.most) == (1, 1)
        assert harness.app.settings.user_table("plugins")["disabled"] == []
        assert len(harness.app.call_actions()) == 1


async def test_what_it_shows_goes_at_once_though_its_tasks_take_their_time(tmp_path: Path, slow: type[Slow]) -> None:
    async with running(tmp_path, plugins={"slow": slow}) as harness:
        await harness.settle()
        switching = asyncio.ensure_future(harness.app.plugins.disable("slow"))
        await asyncio.sleep(0)
        await harness.until(lambda: bool(harness.published(ContributionsChanged)))
        assert not switching.done()
        assert harness.app.call_actions() == []
        await switching


async def test_a_switch_goes_on_to_its_end_though_nobody_waits_for_it(tmp_path: Path, slow: type[Slow]) -> None:
    async with running(tmp_path, plugins={"slow": slow}) as harness:
        await harness.settle()
        switching = asyncio.ensure_future(harness.app.plugins.disable("slow"))
        await harness.settle()
        switching.cancel()
        await harness.until(lambda: harness.app.plugins.state("slow") is PluginState.DISABLED)
        assert slow.alive == 0


async def test_the_end_of_the_phone_waits_for_a_switch_and_takes_no_new_one(tmp_path: Path, slow: type[Slow]) -> None:
    async with running(tmp_path, plugins={"slow": slow}) as harness:
        await harness.settle()
        switching = asyncio.ensure_future(harness.app.plugins.disable("slow"))
        queued = asyncio.ensure_future(harness.app.plugins.enable("slow"))
        await harness.settle()
        await harness.app.stop()
        assert (await switching).state is PluginState.DISABLED
        with pytest.raises(UserError, match="is being closed"):
            await queued
        with pytest.raises(UserError, match="is being closed"):
            await harness.app.plugins.enable("slow")
        assert slow.alive == 0


async def test_a_plugin_may_be_switched_off_while_one_of_its_hooks_runs(tmp_path: Path) -> None:
    asked: list[asyncio.Future[Any]] = []

    class Regretful:
        def __init__(self, ctx: PluginContext) -> None:
            ctx.events.subscribe(EngineChanged, lambda event: None)

        @hookimpl
        def callmanager_call_actions(self) -> list[CallAction]:
            asked.append(asyncio.ensure_future(harness.app.plugins.disable("regretful")))
            return []

    async with running(tmp_path, plugins={"regretful": Regretful}) as harness:
        assert harness.app.call_actions() == []
        assert (await asked[0]).state is PluginState.DISABLED


@pytest.mark.expects_log("failed in callmanager_stopping")
async def test_one_that_fails_in_its_last_hook_is_switched_off_and_not_parked(tmp_path: Path) -> None:
    class Sulky:
        def __init__(self, ctx: PluginContext) -> None: ...

        @hookimpl
        def callmanager_stopping(self) -> None:
            raise ValueError("no")

    async with running(tmp_path, plugins={"sulky": Sulky}) as harness:
        harness.app.plugins._entries["sulky"].faults = 2
        record = await harness.app.plugins.disable("sulky")
        await harness.settle()
        assert (record.state, record.reason) == (PluginState.DISABLED, "switched off by you")
        assert harness.app.problems.current() == ()
        assert harness.app.plugins.state("sulky") is PluginState.DISABLED


@pytest.mark.expects_log("can't be used")
async def test_enabling_one_that_cannot_be_used_says_why_and_can_be_tried_again(tmp_path: Path) -> None:
    class Licensed:
        licence = False
        built = 0

        def __init__(self, ctx: PluginContext) -> None:
            type(self).built += 1
            ctx.events.subscribe(EngineChanged, lambda event: None)
            ctx.tasks.start(asyncio.sleep(60), name="wait")
            if not self.licence:
                raise OSError("there is no licence")

    async with running(tmp_path, plugins={"licensed": Licensed}) as harness:
        host = harness.app.plugins
        record = host.record("licensed")
        assert (record.state, record.reason, record.wanted) == (PluginState.FAILED, "OSError: there is no licence", True)
        record = await host.enable("licensed")
        assert record.state is PluginState.FAILED
        assert "Traceback" in record.error
        assert "plugin:licensed" in {problem.id for problem in harness.app.problems.current()}
        Licensed.licence = True
        record = await host.enable("licensed")
        assert (record.state, record.error, Licensed.built) == (PluginState.ACTIVE, "", 3)
        assert harness.app.problems.current() == ()


@pytest.mark.expects_log("failed in")
async def test_a_parked_plugin_is_undone_at_once_and_its_database_is_closed(tmp_path: Path) -> None:
    from callmanager.api import Migration

    kept: list[Any] = []

    class Flaky:
        def __init__(self, ctx: PluginContext) -> None:
            kept.append(ctx.database((Migration(name="n", script="CREATE TABLE n (x)"),)))
            ctx.events.subscribe(EngineChanged, lambda event: 1 / 0)
            ctx.on_deactivate(lambda: kept.append("undone"))

        @hookimpl
        def callmanager_started(self) -> None: ...

    async with running(tmp_path, plugins={"flaky": Flaky}) as harness:
        await kept[0].write("INSERT INTO n VALUES (1)")
        first = harness.app.plugins.record("flaky")
        assert first.state is PluginState.ACTIVE
        assert first.reason.startswith("works, but ")
        assert "EngineChanged" in first.reason
        assert "ZeroDivisionError: division by zero" in first.reason
        for _ in range(2):
            harness.engine.crash()
            harness.engine.recover()
        record = harness.app.plugins.record("flaky")
        assert (record.state, record.wanted, kept[1:]) == (PluginState.PARKED, False, ["undone"])
        assert "ZeroDivisionError" in record.error
        await harness.until(lambda: kept[0]._worker._closed)
        with pytest.raises(RuntimeError, match="closed"):
            await kept[0].read("SELECT 1")
        record = await harness.app.plugins.enable("flaky")
        assert (record.state, record.error) == (PluginState.ACTIVE, "")


def engine_plugin(engine: FakeEngine) -> type[Any]:
    class Engine:
        permissions = Permissions(network=("*",))

        def __init__(self, ctx: PluginContext) -> None: ...

        @hookimpl
        def callmanager_call_engine(self) -> Any:
            return engine

    return Engine


class Provided:
    """A started application whose engine is a plugin's."""

    def __init__(self, folder: Path) -> None:
        self.engine = FakeEngine(autoanswer=True)
        self._folder = folder

    async def __aenter__(self) -> Harness:
        harness = make(self._folder, plugins={"engine": engine_plugin(self.engine)}, key_store=MemorySecrets())
        harness.app._engine = None  # as in the product: nobody but a plugin provides it
        harness.engine = self.engine
        harness.app.prepare()
        await harness.app.start()
        self.harness = harness
        return harness

    async def __aexit__(self, *_: object) -> None:
        await self.harness.app.stop()


async def test_the_plugin_that_carries_a_call_is_not_switched_off_under_it(tmp_path: Path) -> None:
    async with Provided(tmp_path) as harness:
        await harness.connect()
        call = harness.app.calls.dial("6000")
        await harness.until(lambda: harness.app.calls.get(call).state is CallState.CONNECTED)
        with pytest.raises(UserError, match="carries the calls under way") as info:
            await harness.app.plugins.disable("engine")
        assert info.value.hint == "Hang up first, then try again."
        assert harness.app.calls.get(call).state is CallState.CONNECTED
        assert harness.app.plugins.state("engine") is PluginState.ACTIVE
        assert "engine" not in harness.app.settings.user_table("plugins").get("disabled", [])


async def test_without_a_call_the_engine_ends_in_order_and_comes_back(tmp_path: Path) -> None:
    async with Provided(tmp_path) as harness:
        await harness.connect()
        await harness.app.plugins.disable("engine")
        assert not harness.engine.running
        assert harness.app.accounts.registration.state is RegistrationState.OFFLINE
        (problem,) = harness.app.problems.current()
        assert problem.text == "There is no call engine, so no calls can be made."
        with pytest.raises(UserError):
            harness.app.calls.dial("6000")
        await harness.app.plugins.enable("engine")
        await harness.until(lambda: harness.app.accounts.registration.state is RegistrationState.REGISTERED)
        assert harness.app.problems.current() == ()
        call = harness.app.calls.dial("6000")
        await harness.until(lambda: harness.app.calls.get(call).state is CallState.CONNECTED)
        harness.app.calls.hang_up(call)
        await harness.until(lambda: harness.app.calls.current() == ())


async def test_a_parked_engine_plugin_keeps_its_call_and_comes_back_only_after_it(tmp_path: Path) -> None:
    async with Provided(tmp_path) as harness:
        await harness.connect()
        call = harness.app.calls.dial("6000")
        await harness.until(lambda: harness.app.calls.get(call).state is CallState.CONNECTED)
        for _ in range(3):
            harness.app.plugins._entries["engine"].faults = 2
            harness.app.plugins.fault("engine", ValueError("x"), doing="something")
        assert harness.app.plugins.state("engine") is PluginState.PARKED
        await harness.settle()
        assert harness.app.calls.get(call).state is CallState.CONNECTED
        with pytest.raises(UserError, match="carries the calls"):
            await harness.app.plugins.enable("engine")
        harness.app.calls.hang_up(call)
        await harness.until(lambda: harness.app.calls.current() == ())
        assert (await harness.app.plugins.enable("engine")).state is PluginState.ACTIVE
        assert harness.engine.running


async def test_a_forced_plugin_can_be_tried_again_and_keeps_the_sites_reason(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "site.toml").write_text('[plugins]\nforced = ["must"]\n')

    class Must:
        def __init__(self, ctx: PluginContext) -> None: ...

    async with running(tmp_path, plugins={"must": Must}) as harness:
        host = harness.app.plugins
        for _ in range(3):
            host.fault("must", ValueError("x"), doing="something")
        record = host.record("must")
        assert (record.state, record.switchable) == (PluginState.PARKED, False)
        assert record.reason == "left out after 3 faults: something failed: ValueError: x"
        record = await host.enable("must")
        assert (record.state, record.reason) == (PluginState.ACTIVE, "switched on by your administrator")
        assert "must" not in harness.app.settings.user_table("plugins").get("enabled", [])


async def test_one_whose_closing_fails_is_off_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Simple:
        def __init__(self, ctx: PluginContext) -> None: ...

    async def broken(self: Any, **_: Any) -> Any:
        raise OSError("the disk is gone")

    monkeypatch.setattr("callmanager.context.PluginContext.close", broken)
    async with running(tmp_path, plugins={"simple": Simple}) as harness:
        assert (await harness.app.plugins.disable("simple")).state is PluginState.DISABLED
    assert "closing the plugin simple failed" in caplog.text


async def test_states_are_told_while_they_change(tmp_path: Path, slow: type[Slow]) -> None:
    async with running(tmp_path, plugins={"slow": slow}) as harness:
        await harness.app.plugins.disable("slow")
        await harness.app.plugins.enable("slow")
        told = [event.state for event in harness.published(PluginStateChanged)]
        assert told == [PluginState.FOUND, PluginState.DISABLED, PluginState.FOUND, PluginState.ACTIVE]

"""A plugin lives and goes without a trace; a bad one is named and the phone goes on."""

import asyncio
from pathlib import Path

import attrs
import pytest
from callmanager.api import (
    Account,
    AccountId,
    CallAction,
    ContributionsChanged,
    EngineChanged,
    Permissions,
    PluginContext,
    PluginState,
    PluginStateChanged,
    SettingsSection,
    UserError,
    hookimpl,
    setting,
)
from callmanager.app import CORE_SECTIONS
from callmanager.extensions.discovery import Candidate
from callmanager.testing import Harness, running


@attrs.frozen(kw_only=True)
class CrmSettings:
    url: str = setting("", label="Address")


class Crm:
    """Uses everything that a context offers."""

    def __init__(self, ctx: PluginContext) -> None:
        self.ctx = ctx
        self.heard: list[EngineChanged] = []
        self.said: list[str] = []
        ctx.events.subscribe(EngineChanged, self.heard.append)
        ctx.on_deactivate(lambda: self.said.append("undone"))

    @hookimpl
    def callmanager_started(self) -> None:
        self.said.append("started")
        self.ctx.tasks.start(self._work(), name="work")
        self.ctx.problems.raise_problem("x", "Something.")
        self.ctx.audio.watch()

    @hookimpl
    def callmanager_stopping(self) -> None:
        self.said.append("stopping")

    @hookimpl
    def callmanager_settings_sections(self) -> list[SettingsSection]:
        return [SettingsSection(id="crm", title="CRM", model=CrmSettings)]

    @hookimpl
    def callmanager_call_actions(self) -> list[CallAction]:
        async def run(call) -> None: ...

        return [CallAction(id="crm.note", label="Note", icon="note", run=run, available=lambda _: True)]

    async def _work(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.said.append("cancelled")


def state_of(harness: Harness, plugin_id: str) -> tuple[PluginState, str]:
    (record,) = (record for record in harness.app.plugins.records() if record.id == plugin_id)
    return record.state, record.reason


def instance(harness: Harness, plugin_id: str = "crm"):
    return harness.app.plugins._entries[plugin_id].instance


async def test_an_active_plugin_is_told_and_contributes(tmp_path: Path) -> None:
    async with running(tmp_path, plugins={"crm": Crm}) as harness:
        crm = instance(harness)
        await harness.settle()
        assert state_of(harness, "crm")[0] is PluginState.ACTIVE
        assert crm.said == ["started"]
        assert crm.heard
        assert [owned.value.id for owned in harness.app.call_actions()] == ["crm.note"]
        assert [owned.plugin_id for owned in harness.app.settings_sections()] == [*["core"] * len(CORE_SECTIONS), "crm"]
        assert harness.app.settings.get(CrmSettings) == CrmSettings()
    assert crm.said == ["started", "stopping", "cancelled", "undone"]


async def test_disabling_undoes_everything_and_enabling_brings_it_back(tmp_path: Path) -> None:
    async with running(tmp_path, plugins={"crm": Crm}) as harness:
        crm = instance(harness)
        await harness.settle()
        await harness.app.plugins.disable("crm")
        assert crm.said == ["started", "stopping", "cancelled", "undone"]
        assert state_of(harness, "crm") == (PluginState.DISABLED, "switched off by you")
        assert harness.app.call_actions() == []
        assert harness.app.problems.current() == ()
        assert len(harness.app.settings_sections()) == len(CORE_SECTIONS)
        before = len(crm.heard)
        harness.engine.crash()
        assert len(crm.heard) == before
        with pytest.raises(TypeError):
            harness.app.settings.get(CrmSettings)
        await harness.app.plugins.enable("crm")
        assert instance(harness) is not crm
        assert instance(harness).said == ["started"]
        assert len(harness.published(ContributionsChanged)) == 2
        await harness.app.plugins.disable("crm")
    async with running(tmp_path, plugins={"crm": Crm}) as harness:
        assert state_of(harness, "crm")[0] is PluginState.DISABLED


async def test_what_a_plugin_provides_goes_with_it(tmp_path: Path) -> None:
    class Office:
        permissions = Permissions(account=True)

        def __init__(self, ctx: PluginContext) -> None:
            account = Account(id=AccountId("office"), extension="1", server="127.0.0.1", port=5060)
            ctx.accounts.provide(account, "secret")

    async with running(tmp_path, plugins={"office": Office}) as harness:
        await harness.until(lambda: harness.app.accounts.registration is not None)
        assert harness.app.accounts.current.id == "office"
        await harness.app.plugins.disable("office")
        assert harness.app.accounts.current is None


async def test_a_plugin_changes_its_own_section_and_reads_the_others(tmp_path: Path) -> None:
    from callmanager.api import AudioSettings

    async with running(tmp_path, plugins={"crm": Crm}) as harness:
        settings = instance(harness).ctx.settings
        assert settings.update(CrmSettings, url="x").url == "x"
        assert settings.get(AudioSettings).ringer_volume == 0.8
        with pytest.raises(TypeError, match="not its own section"):
            settings.update(AudioSettings, ringer_volume=0.1)


async def test_a_plugins_database_and_folder_are_its_own_and_close_with_it(tmp_path: Path) -> None:
    from callmanager.api import Migration

    async with running(tmp_path, plugins={"crm": Crm}) as harness:
        ctx = instance(harness).ctx
        database = ctx.database((Migration(name="n", script="CREATE TABLE n (x)"),))
        await database.write("INSERT INTO n VALUES (1)")
        assert ctx.data_directory.is_relative_to(tmp_path / "profile" / "data" / "plugins" / "crm")
        assert list(ctx.data_directory.glob("*.sqlite3"))
        await harness.app.plugins.disable("crm")
        with pytest.raises(RuntimeError, match="closed"):
            await database.read("SELECT 1")


async def test_the_site_refuses_and_forces_whatever_the_user_wants(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "site.toml").write_text('[plugins]\nrefused = ["crm"]\nforced = ["must"]\n')
    imported = []

    class Must:
        def __init__(self, ctx: PluginContext) -> None:
            imported.append("must")

    async with running(tmp_path, plugins={"crm": lambda ctx: imported.append("crm"), "must": Must}) as harness:
        assert state_of(harness, "crm") == (PluginState.REFUSED, "switched off by your administrator")
        with pytest.raises(UserError, match="administrator"):
            await harness.app.plugins.enable("crm")
        with pytest.raises(UserError, match="administrator"):
            await harness.app.plugins.disable("must")
        assert imported == ["must"]


@pytest.mark.expects_log("failed in callmanager_started")
async def test_a_plugin_that_keeps_failing_is_parked_and_can_be_enabled_again(tmp_path: Path) -> None:
    class Flaky:
        healthy = False

        def __init__(self, ctx: PluginContext) -> None: ...

        @hookimpl
        def callmanager_started(self) -> None:
            if not Flaky.healthy:
                raise ValueError("flaky")

    async with running(tmp_path, plugins={"flaky": Flaky}) as harness:
        for _ in range(2):
            harness.app.plugins.hooks.started()
        state, reason = state_of(harness, "flaky")
        assert state is PluginState.PARKED
        assert "flaky" in reason
        assert "plugin:flaky" in {problem.id for problem in harness.app.problems.current()}
        assert harness.published(PluginStateChanged)[-1].state is PluginState.PARKED
        Flaky.healthy = True
        await harness.app.plugins.enable("flaky")
        assert state_of(harness, "flaky")[0] is PluginState.ACTIVE
        assert harness.app.problems.current() == ()


@pytest.mark.expects_log("failed in")
async def test_faults_of_event_handlers_park_too(tmp_path: Path) -> None:
    class Flaky:
        def __init__(self, ctx: PluginContext) -> None:
            ctx.events.subscribe(EngineChanged, lambda event: 1 / 0)

    async with running(tmp_path, plugins={"flaky": Flaky}) as harness:
        for _ in range(4):
            harness.engine.crash()
            harness.engine.recover()
        assert state_of(harness, "flaky")[0] is PluginState.PARKED


@pytest.mark.expects_log("can't be used")
async def test_two_plugins_with_one_id_the_second_is_named(tmp_path: Path) -> None:
    async with running(tmp_path) as harness:
        harness.app.plugins.load([Candidate.of("crm", Crm), Candidate.of("crm", Crm, distribution="other")])
        states = {(record.distribution, record.state) for record in harness.app.plugins.records()}
        assert states == {("pc-callmanager", PluginState.ACTIVE), ("other", PluginState.FAILED)}


async def test_switching_an_unknown_plugin_is_refused_politely(tmp_path: Path) -> None:
    async with running(tmp_path) as harness:
        with pytest.raises(UserError, match="no plugin named"):
            await harness.app.plugins.enable("nothing")

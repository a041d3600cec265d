"""`CALLMANAGER_TRACE` shows authors what happens, masked; off, nothing is watched."""

from pathlib import Path

import pytest
from callmanager.api import Call, PluginContext, Verdict, hookimpl
from callmanager.testing import running


class Screener:
    def __init__(self, ctx: PluginContext) -> None: ...

    @hookimpl
    def callmanager_screen_incoming(self, call: Call) -> Verdict | None:
        return None


async def test_hooks_events_and_plugins_are_written_and_nobody_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CALLMANAGER_TRACE", "hooks, events,plugins")
    async with running(tmp_path, plugins={"screener": Screener}) as phone:
        phone.engine.obedient = False
        phone.engine.arrive("5550100199", "Maria Lindqvist")
    said = capsys.readouterr().err
    assert "trace: hook callmanager_screen_incoming screener" in said
    assert "trace: event CallAdded(" in said
    assert "trace: plugin screener is active" in said
    assert "Lindqvist" not in said
    assert "5550100199" not in said


async def test_off_it_watches_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CALLMANAGER_TRACE", raising=False)
    async with running(tmp_path) as phone:
        assert phone.app.trace is None
        assert phone.app.plugins.hooks.trace is None


@pytest.mark.expects_log("knows hooks, events, plugins, not hook")
async def test_an_unknown_topic_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLMANAGER_TRACE", "hook")
    async with running(tmp_path) as phone:
        assert phone.app.trace is None

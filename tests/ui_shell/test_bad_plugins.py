"""Every bad plugin at once under the real window: it stands, a call works, and the page names the culprit."""

from __future__ import annotations

from pathlib import Path

import pytest
from callmanager.api import CallState, PluginState
from callmanager.app import Application, AppOptions
from callmanager.testing import FakeEngine, Harness, ManualClock, MemorySecrets
from callmanager_shell.shell import make_services
from callmanager_shell.widgets.text import Text
from callmanager_shell.window import MainWindow
from contract import bad_plugins
from contract.bad_plugins import BAD


@pytest.mark.expects_log("can't be used|failed in|stalled|does not end when it is cancelled|^the plugin .* left ")
async def test_the_window_stands_a_call_works_and_the_page_names_the_culprit(tmp_path: Path, look, monkeypatch) -> None:
    monkeypatch.setattr("callmanager.extensions.cleaning.LONGEST_WAIT", 0.2)
    bad_plugins.write(tmp_path / "plugins")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "site.toml").write_text(f'[plugins]\nextra_paths = ["{(tmp_path / "plugins").as_posix()}"]\n')
    options = AppOptions(profile=tmp_path / "profile", site=tmp_path / "site", log_level="debug")
    engine, keys, clock = FakeEngine(autoanswer=True), MemorySecrets(), ManualClock()
    with bad_plugins.cleaned_up():
        app = Application(options, engine=engine, key_store=keys, clock=clock)
        harness = Harness(app=app, engine=engine, key_store=keys, clock=clock)
        app.prepare()
        services = make_services(app, look, clock=clock)
        window = MainWindow(services, version="0.1.0")
        try:
            window.show()
            await app.start()
            await harness.connect()
            tabs = [window.guests.panels.tabText(index) for index in range(window.guests.panels.count())]
            assert tabs == ["Notes", "Weather"]
            window.guests.panels.setCurrentIndex(1)
            assert any("Weather can't be shown" in label.text() for label in window.guests.panels.widget(1).findChildren(Text))
            window.guests.panels.setCurrentIndex(0)
            for _ in range(3):
                window.dial("6000")
                call = app.calls.current()[-1]
                await harness.until(lambda call=call: app.calls.get(call.id).state is CallState.CONNECTED)
                window.strip.hang_up_active()
                await harness.until(lambda: app.calls.current() == ())
            window.open_settings()
            card = window.settings_page.card("plugins")
            card.expand(True)
            await harness.until(lambda: len(card.body.rows()) == len(app.plugins.states()))
            told = {(row.record.id, row.record.distribution): row for row in card.body.rows()}
            for bad in BAD:
                row = told[bad.plugin_id, bad.distribution]
                state = "parked" if bad.plugin_id == "sleeps" else bad.state
                assert row.record.state.value == state, bad.plugin_id
                assert bad.culprit in row.record.reason
                if bad.culprit:
                    shown = row.reason.text.text().replace("\u200b", "")
                    assert bad.culprit.split(". ")[0].lower() in shown.lower()
            assert told["healthy", "healthy-notes"].record.state is PluginState.ACTIVE
            await app.plugins.disable("leaks")
            row = told["leaks", "bad-leaks"]
            row.fold.click()
            assert "A thread: acme poller (bad_leaks.plugin.poll)" in row.details().words()
        finally:
            window.close_down()
            await services.tasks.stop()
            await app.stop()
            window.close()
            window.deleteLater()
            bad_plugins.let_go()
            await harness.settle()

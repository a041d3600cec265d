"""A settings file is whole, and has what was acknowledged, after `kill -9` at any moment."""

import random
import sys
import tomllib
from pathlib import Path

import pytest
from callmanager.api import AppearanceSettings, ConnectionSettings
from callmanager.app import Application, AppOptions
from core.killed import acknowledged_until_killed

LAST = 60_000
ROUNDS = 5

CHANGER = """
import pathlib, sys
from callmanager.api import ConnectionSettings
from callmanager.app import Application, AppOptions

folder = pathlib.Path(sys.argv[1])
app = Application(AppOptions(profile=folder / "profile", site=folder / "site"), candidates=[])
for port in range(int(sys.argv[2]), int(sys.argv[3])):
    app.settings.update(ConnectionSettings, port=port, display_name="é" * (port % 60))
    print(port, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
async def test_the_file_is_whole_and_holds_the_last_acknowledged_value_after_a_kill(tmp_path: Path) -> None:
    options = AppOptions(profile=tmp_path / "profile", site=tmp_path / "site")
    app = Application(options, candidates=[])
    file = app.paths.settings_file
    app.settings.update(AppearanceSettings, theme="dark")
    await app.stop()
    file.write_text("# by hand\n" + file.read_text() + "density = 'compact' # mine\n")
    remark = "# " + "mine " * 2_000
    file.write_text(file.read_text() + remark + "\n")

    def look(acknowledged: int) -> None:
        for _ in range(300):
            assert remark in (text := file.read_text())
        assert tomllib.loads(text)["connection"]["port"] >= acknowledged

    begin = 2
    for _ in range(ROUNDS):
        after = random.randrange(5, 60)
        acknowledged = acknowledged_until_killed(CHANGER, str(tmp_path), str(begin), str(LAST), after=after, meanwhile=look)
        app = Application(options, candidates=[])
        try:
            connection = app.settings.get(ConnectionSettings)
            told = [problem.id for problem in app.problems.current()]
            assert app.settings.get(AppearanceSettings).theme == "dark"
        finally:
            await app.stop()
        assert connection.port in {acknowledged, acknowledged + 1}
        assert connection.display_name == "é" * (connection.port % 60)
        assert told == []
        text = file.read_text()
        assert text.startswith("# by hand\n")
        assert "density = 'compact' # mine" in text
        begin = connection.port + 1

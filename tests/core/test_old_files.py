"""The files of every release are opened by this one: values as they were, nothing set aside, no problem."""

import shutil
from pathlib import Path

import pytest
from callmanager.api import ConnectionSettings
from callmanager.testing import MemorySecrets, running
from callmanager_shell.window_state import load
from data.releases.write import PEOPLE, SETTINGS, WINDOW, Notes

RELEASES = sorted(folder for folder in (Path(__file__).parents[1] / "data" / "releases").iterdir() if folder.is_dir())


def files(folder: Path) -> set[Path]:
    return {file for file in folder.rglob("*") if file.is_file()}


class Offline(Notes):
    """Its server is away: what is shown is what was kept."""

    answer = False


@pytest.mark.parametrize("release", [folder for folder in RELEASES if folder.name[0].isdigit()], ids=lambda folder: folder.name)
async def test_the_files_of_a_release_are_opened_as_they_were(release: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("callmanager.contacts.directory.AFTER_START", 0.0)
    shutil.copytree(release, tmp_path, dirs_exist_ok=True)
    before = files(tmp_path)
    key_store = MemorySecrets()
    async with running(tmp_path, plugins={"notes": Offline}, key_store=key_store) as phone:
        for model, values in SETTINGS.items():
            now = phone.app.settings.get(model)
            assert {name: getattr(now, name) for name in values} == values
        assert phone.app.settings.get(ConnectionSettings).server == "pbx.example.com"
        assert phone.app.settings.state(ConnectionSettings, "server").locked
        assert phone.app.settings.secret_is_set(ConnectionSettings, "password")
        plugin = phone.app.plugins._entries["notes"].instance
        assert await plugin.database.read("SELECT * FROM note") == [("5550100199", "call back")]
        await phone.until(lambda: [person.name for person in phone.app.contacts.people()] == [name for _, name, _ in PEOPLE])
        assert load(phone.app.paths.data / "window.json") == WINDOW
        told = {problem.id for problem in phone.app.problems.current()} - {"password-needed"}
        assert told == set()
    assert before <= files(tmp_path)
    assert not any("damaged" in file.name for file in files(tmp_path))


def test_there_is_a_release_to_open() -> None:
    assert [folder.name for folder in RELEASES if folder.name[0].isdigit()]

"""All files are where the profile says."""

from pathlib import Path

import pytest
from callmanager.app import Application, AppOptions
from callmanager.errors import UserError
from callmanager.paths import find_paths, machine_folder


def test_a_profile_holds_everything(tmp_path: Path) -> None:
    paths = find_paths(profile=tmp_path)
    for file in (paths.settings_file, paths.log_file, paths.crash_file, paths.lock_file, paths.cache, paths.plugin_data("x")):
        assert file.is_relative_to(tmp_path)


def test_the_site_file_is_outside_of_every_profile(tmp_path: Path) -> None:
    assert not find_paths(profile=tmp_path).site_file.is_relative_to(tmp_path)


def test_an_installed_site_file_can_not_be_swapped_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine, own = tmp_path / "machine", tmp_path / "own"
    monkeypatch.setattr("callmanager.paths.machine_folder", lambda: machine)
    for name in ("XDG_CONFIG_DIRS", "WIN_PD_OVERRIDE_COMMON_APPDATA"):
        monkeypatch.setenv(name, str(own))
    assert find_paths(profile=tmp_path).site != machine  # none is installed: tests and packagers may name a folder
    machine.mkdir()
    (machine / "site.toml").touch()
    assert find_paths(profile=tmp_path).site == machine
    assert find_paths(profile=None).site == machine


def test_the_machines_folder_does_not_depend_on_the_desktop(monkeypatch: pytest.MonkeyPatch) -> None:
    before = machine_folder()
    monkeypatch.setenv("XDG_CONFIG_DIRS", "/etc/xdg/xdg-ubuntu:/etc/xdg")
    assert machine_folder() == before
    assert before.is_absolute()


def test_the_demo_has_a_profile_of_its_own_unless_one_is_given(tmp_path: Path) -> None:
    assert find_paths(profile=None, demo=True).config == find_paths(profile=None).config / "demo"
    assert find_paths(profile=tmp_path, demo=True).config == find_paths(profile=tmp_path).config


def test_a_profile_that_cannot_be_made_is_told_politely(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="can't be made"):
        Application(AppOptions(profile=tmp_path / "file"))

"""The folder that authors begin with is whole, right for its name, and never written over something."""

import ast
import tomllib
from pathlib import Path

import pytest
from callmanager.authoring.new_plugin import write_plugin
from callmanager.errors import UserError


def test_the_folder_is_whole_and_bears_its_name_everywhere(tmp_path: Path) -> None:
    written = write_plugin("crm_lookup", into=tmp_path)
    names = {file.relative_to(tmp_path / "crm_lookup").as_posix() for file in written}
    assert names == {
        "README.md",
        "pyproject.toml",
        "crm_lookup/__init__.py",
        "crm_lookup/plugin.py",
        "crm_lookup/py.typed",
        "crm_lookup/settings.py",
        "tests/test_plugin.py",
    }
    project = tomllib.loads((tmp_path / "crm_lookup" / "pyproject.toml").read_text())
    assert project["project"]["name"] == "callmanager-crm-lookup"
    assert project["project"]["entry-points"]["callmanager.plugins"] == {"crm_lookup": "crm_lookup.plugin:CrmLookup"}
    for file in written:
        text = file.read_text()
        assert "$" not in text, file
        if file.suffix == ".py":
            ast.parse(text)


def test_nothing_is_written_over(tmp_path: Path) -> None:
    write_plugin("crm_lookup", into=tmp_path)
    with pytest.raises(UserError, match="exists already"):
        write_plugin("crm_lookup", into=tmp_path)


@pytest.mark.parametrize(
    "name", ["", "Crm", "crm-lookup", "1crm", "crm__x", "_crm", "crm_", "class", "a" * 41, "../crm", "crm.lookup", "ümlaut"]
)
def test_a_name_that_cannot_be_an_id_and_a_package_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="can't be the name"):
        write_plugin(name, into=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["core", "connection", "callmanager_demo"])
def test_a_name_of_ours_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="belongs to PC CallManager"):
        write_plugin(name, into=tmp_path)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="can't be made"):
        write_plugin("crm_lookup", into=tmp_path / "file")

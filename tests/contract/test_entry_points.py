"""Plugin folders, entry points, wheel packages and import contracts agree; who forgets one is told which."""

import tomllib
from pathlib import Path

import pytest
from callmanager.extensions.discovery import GROUP, OWN_DISTRIBUTION, discover

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FOLDERS = sorted(
    folder.name for folder in (ROOT / "plugins").iterdir() if folder.is_dir() and not folder.name.startswith((".", "_"))
)
PACKAGES = {f"plugins/{name}/callmanager_{name}" for name in FOLDERS}


def declared() -> dict[str, str]:
    return PROJECT["project"]["entry-points"][GROUP]


def test_every_folder_holds_one_package_named_after_it_with_a_readme() -> None:
    for name in FOLDERS:
        assert (ROOT / "plugins" / name / f"callmanager_{name}" / "plugin.py").is_file(), name
        assert (ROOT / "plugins" / name / f"callmanager_{name}" / "py.typed").is_file(), name
        assert (ROOT / "plugins" / name / "README.md").is_file(), name
        assert not (ROOT / "plugins" / name / "__init__.py").exists(), name


def test_every_folder_is_in_the_wheel() -> None:
    packages = set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    assert packages == {"core/callmanager", "ui_shell/callmanager_shell"} | PACKAGES


def test_every_folder_has_an_entry_point_and_the_other_way_round() -> None:
    assert {value.partition(".")[0].removeprefix("callmanager_") for value in declared().values()} == set(FOLDERS)


def test_what_is_installed_is_what_is_declared() -> None:
    ours = {candidate.id: candidate.source for candidate in discover() if candidate.distribution == OWN_DISTRIBUTION}
    assert ours == declared()


def test_the_type_checker_and_the_import_contracts_know_every_package() -> None:
    packages = {f"callmanager_{name}" for name in FOLDERS}
    assert packages <= set(PROJECT["tool"]["mypy"]["packages"])
    assert packages <= set(PROJECT["tool"]["importlinter"]["root_packages"])
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    siblings = contracts[0]["layers"][0].split(" | ")
    assert packages <= set(siblings)
    for contract in contracts:
        if contract["type"] == "forbidden" and "callmanager_call_control" in contract["source_modules"]:
            assert packages <= set(contract["source_modules"]), contract["name"]


@pytest.mark.slow
def test_the_import_contracts_hold() -> None:
    import subprocess
    import sys

    program = str(Path(sys.executable).with_name("lint-imports"))
    run = subprocess.run(
        [program, "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-1000:]

"""A foreign plugin, from the guide to its removal: built, installed into an environment of its own, found, working."""

import json
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from callmanager.authoring.hook_reference import renewed
from callmanager.authoring.new_plugin import write_plugin

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "tests" / "thirdparty_plugin" / "crm_lookup"
GUIDE = ROOT / "docs" / "plugin-guide.md"
_BLOCK = re.compile(r"<!-- file: (?P<path>[\w./]+) -->\n\n```\w+\n(?P<text>.*?)```\n", re.DOTALL)


def run(python: Path | str, *arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(python), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def well(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the guide builds: begun with `new-plugin`, then every block of the page."""
    folder = tmp_path_factory.mktemp("guide")
    write_plugin("crm_lookup", into=folder)
    blocks = list(_BLOCK.finditer(GUIDE.read_text(encoding="utf-8")))
    assert len(blocks) >= 8
    for block in blocks:
        file = folder / "crm_lookup" / block["path"]
        file.parent.mkdir(exist_ok=True)
        file.write_text(block["text"], encoding="utf-8")
    return folder / "crm_lookup"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a fresh environment that has the phone, and nothing of the plugin."""
    folder = tmp_path_factory.mktemp("environment")
    venv.EnvBuilder(with_pip=False, symlinks=True).create(folder)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    site = next(folder.rglob("site-packages"))
    ours = [path for path in sys.path if path.endswith("site-packages")]
    (site / "phone.pth").write_text("\n".join(f"import site; site.addsitedir({path!r})" for path in ours), encoding="utf-8")
    return python


def listed(python: Path, profile: Path) -> dict[str, dict[str, object]]:
    records = json.loads(well(run(python, "-m", "callmanager.admin", "--profile", str(profile), "list", "--json")))
    return {record["id"]: record for record in records}


def installed(python: Path, *arguments: str) -> str:
    return well(run(python, "-m", "pip", "--disable-pip-version-check", *arguments))


def files_of(python: Path) -> set[str]:
    site = next(python.parents[1].rglob("site-packages"))
    return {str(file.relative_to(site)) for file in site.rglob("*") if "__pycache__" not in file.parts}


def test_the_guide_builds_the_sample(built: Path) -> None:
    for file in sorted(SAMPLE.rglob("*.py")):
        path = file.relative_to(SAMPLE)
        assert (built / path).read_text(encoding="utf-8") == file.read_text(encoding="utf-8"), f"{path} and the guide differ"


def test_the_hooks_of_the_guide_are_those_of_the_contract() -> None:
    page = GUIDE.read_text(encoding="utf-8")
    assert renewed(page) == page, "run: callmanager-admin hooks-reference --guide docs/plugin-guide.md"


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_wheel_is_installed_found_working_and_removed_without_a_trace(built: Path, environment: Path, tmp_path: Path) -> None:
    before = files_of(environment)
    assert "crm_lookup" not in listed(environment, tmp_path / "before")
    wheels = tmp_path / "wheels"
    build = ("-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", str(wheels))
    well(run(sys.executable, *build, str(built)))
    (wheel,) = wheels.glob("*.whl")
    installed(environment, "install", "--quiet", "--no-deps", "--no-index", str(wheel))
    record = listed(environment, tmp_path / "profile")["crm_lookup"]
    assert (record["state"], record["distribution"]) == ("active", "callmanager-crm-lookup")
    verdict = well(
        run(environment, "-m", "callmanager.admin", "--profile", str(tmp_path / "x"), "plugins", "doctor", "crm_lookup")
    )
    assert "crm_lookup" in verdict
    said = well(run(environment, "-m", "pytest", "-q", "-p", "no:cacheprovider", folder=built))
    assert re.search(r"\b\d+ passed", said)
    assert "failed" not in said
    installed(environment, "uninstall", "--quiet", "--yes", "callmanager-crm-lookup")
    assert files_of(environment) == before
    assert "crm_lookup" not in listed(environment, tmp_path / "profile")


@pytest.mark.slow
def test_the_folder_that_authors_begin_with_has_green_tests(tmp_path: Path) -> None:
    write_plugin("hello_phone", into=tmp_path)
    folder = tmp_path / "hello_phone"
    not_installed = "tests/test_plugin.py::test_it_is_found_among_the_installed_plugins"
    code = f"""
import sys, pytest
sys.path.insert(0, {str(folder)!r})
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "--deselect", {not_installed!r}]))
"""
    assert re.search(r"\b2 passed", well(run(sys.executable, "-c", code, folder=folder)))

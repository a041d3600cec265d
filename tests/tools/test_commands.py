"""How dev.py divides its arguments, and what it says when it cannot go on."""

import subprocess
import sys
from pathlib import Path

import pytest

from devtools import checking, cli, debian, environment
from devtools.errors import SetupError

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("given", "own", "handed_on"),
    [
        (["run", "--demo"], ["run"], ["--demo"]),
        (["run", "--help"], ["run"], ["--help"]),
        (["run", "--", "dial", "6000"], ["run"], ["dial", "6000"]),
        (["test"], ["test"], []),
        (["test", "--", "-k", "bus", "--", "x"], ["test"], ["-k", "bus", "--", "x"]),
        (["bench", "--json", "--", "--runs", "7"], ["bench", "--json"], ["--runs", "7"]),
    ],
)
def test_arguments_go_where_they_belong(given: list[str], own: list[str], handed_on: list[str]) -> None:
    assert cli._split(given) == (own, handed_on)


def test_dev_py_starts_without_any_installed_package() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(ROOT / "dev.py"), "--help"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    for command in ("run", "test", "lint", "bench", "env", "lock"):
        assert f" {command} " in done.stdout


def test_a_missing_package_that_nobody_may_install_is_named_with_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(debian, "missing", lambda names: ["libegl1", "xvfb"])
    monkeypatch.setattr(debian.os, "geteuid", lambda: 1000)
    assert debian.provide(("libegl1", "xvfb"), needed=False) == ["libegl1", "xvfb"]
    assert "sudo apt-get install --no-install-recommends libegl1 xvfb" in capsys.readouterr().out
    with pytest.raises(SetupError, match="libegl1 xvfb"):
        debian.provide(("libegl1", "xvfb"), needed=True)


@pytest.mark.skipif(not debian.is_debian(), reason="asks dpkg")
def test_dpkg_is_asked_what_is_installed() -> None:
    assert debian.missing(("dpkg", "no-such-package-of-ours", "dpkg", "no-such-package-of-ours")) == ["no-such-package-of-ours"]


def test_the_lists_of_the_test_helpers_are_part_of_what_the_tests_need() -> None:
    names = debian.test_packages()
    assert {"debootstrap", "pipewire", "xvfb", "libegl1"} <= set(names)


def test_another_python_is_refused_with_the_versions_that_work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(environment, "SUPPORTED", ((3, 9),))
    with pytest.raises(SetupError, match=r"runs on Python 3\.9, this is 3\."):
        environment._create(tmp_path / "venv")
    assert not (tmp_path / "venv").exists()


@pytest.mark.parametrize(("failed", "code"), [([], 0), (["types"], 0), (["ruff", "types"], 3)])
def test_the_last_line_is_the_test_runners_own(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path, failed: list[str], code: int
) -> None:
    fake = tmp_path / "pytest.py"
    fake.write_text(f"print('first')\nprint('== 3 passed in 0.10s ==')\nprint('a late complaint')\nraise SystemExit({code})\n")
    monkeypatch.setattr(checking, "ROOT", tmp_path)
    assert checking._pytest(Path(sys.executable), [], {"PYTHONPATH": str(tmp_path)}, failed) == code
    lines = capfdbinary.readouterr().out.decode().splitlines()
    assert lines[0] == "first"
    assert lines[-1] == "== 3 passed in 0.10s =="
    assert "a late complaint" in lines
    assert (lines[-2] == f"failed before the tests: {', '.join(failed)}") == bool(failed)


@pytest.mark.parametrize(
    ("line", "closing"),
    [
        ("============= 46 failed, 1074 passed, 1 error in 474.18s (0:07:54) =============", True),
        ("\x1b[32m======= \x1b[32m\x1b[1m3 passed\x1b[0m\x1b[32m in 0.01s\x1b[0m\x1b[32m =======\x1b[0m", True),
        ("3 passed in 0.01s", True),
        ("========= no tests ran in 0.00s ==========", True),
        ("12 packets in 3 s", False),
        ("============================= test session starts ==============================", False),
        ("Task exception was never retrieved", False),
    ],
)
def test_the_test_runners_closing_line_is_told_from_all_others(line: str, closing: bool) -> None:
    assert bool(checking._CLOSING.match(line.encode())) is closing

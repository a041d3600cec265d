"""The administrator's command tells which plugin stands where, and why."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from callmanager.admin import main


def test_the_built_in_plugins_are_listed_with_their_state(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--profile", str(tmp_path), "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["PLUGIN", "STATE", "VERSION", "DISTRIBUTION", "REASON"]
    states = {line.split()[0]: line.split()[1] for line in lines[1:]}
    assert states["call_control"] == "active"
    assert states["demo"] == "disabled"
    assert "off unless it is asked for" in next(line for line in lines if line.startswith("demo"))


def test_the_list_for_programs_is_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--profile", str(tmp_path), "list", "--json"]) == 0
    records = {record["id"]: record for record in json.loads(capsys.readouterr().out)}
    assert records["call_control"]["distribution"] == "pc-callmanager"
    assert {"id", "state", "reason", "version", "distribution"} <= set(records["demo"])
    assert records["demo"]["permissions"] == {"network": ["127.0.0.1"], "account": True, "processes": True}
    assert records["call_control"]["granted"]["call_control"] is True


def test_a_profile_that_cannot_be_used_is_an_error_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert main(["--profile", str(tmp_path / "file"), "list"]) == 1
    assert "can't be made" in capsys.readouterr().err


# ------------------------------------------------------------------------------- the installed command, as a shell runs it


@pytest.fixture
def admin(tmp_path: Path):
    """Run the installed command with a profile and a site folder of this test."""
    program = Path(sys.executable).with_name("callmanager-admin.exe" if os.name == "nt" else "callmanager-admin")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"XDG_CONFIG_DIRS": str(tmp_path / "xdg")}
        command = [str(program), "--profile", str(tmp_path / "profile"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=100, check=False)

    return run


needs_site = pytest.mark.skipif(
    sys.platform != "linux" or Path("/etc/xdg/PC CallManager/site.toml").exists(), reason="the site folder can't be chosen here"
)


def site(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "xdg" / "PC CallManager" / "site.toml"
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    return file


@needs_site
def test_policy_locks_and_mistakes_of_an_installed_site_file(admin, tmp_path: Path) -> None:
    file = site(
        tmp_path,
        '[connection]\nserver = "pbx.office.example"\nport = 0\n[lock]\nkeys = ["connection.server"]\n'
        '[plugins]\nrefused = ["demo"]\nforced = ["call_control"]\n',
    )
    settings = tmp_path / "profile" / "config" / "settings.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text('[connection]\nserver = "home.example"\n[plugins]\ndisabled = ["call_control"]\nenabled = ["demo"]\n')

    listed = admin("list", "--json")
    states = {record["id"]: (record["state"], record["reason"]) for record in json.loads(listed.stdout)}
    assert states["demo"] == ("refused", "switched off by your administrator")
    assert states["call_control"] == ("active", "switched on by your administrator")
    assert listed.returncode == 0
    assert f"{file}:3: connection.port: must be at least 1" in listed.stderr

    told = admin("explain", "connection.server")
    assert told.returncode == 0
    assert told.stdout.startswith('connection.server = "pbx.office.example"\n')

    assert admin("explain", "plugins.demo").stdout.startswith("plugins.demo is refused: switched off by your administrator")

    checked = admin("check-site")
    assert (checked.returncode, checked.stdout) == (1, f"{file}:3: connection.port: must be at least 1\n")


def test_a_site_file_is_checked_wherever_it_lies(admin, tmp_path: Path) -> None:
    file = tmp_path / "new.toml"
    file.write_text("[connection]\n\nsever = 1\n")
    checked = admin("check-site", str(file))
    expected = f"{file}:3: connection.sever: there is no such setting; did you mean server?\n"
    assert (checked.returncode, checked.stdout) == (1, expected)
    assert admin("check-site", str(tmp_path / "none.toml")).returncode == 2
    assert admin("check-site", "--nonsense").returncode == 2


def test_the_doctor_finds_our_own_plugins_well(admin) -> None:
    told = admin("plugins", "doctor")
    assert told.returncode == 0, told.stdout + told.stderr
    assert told.stdout.count("  OK  ") == 12


def test_page_and_schema_can_be_printed(admin) -> None:
    assert admin("settings-reference").stdout.startswith("# Settings\n")
    assert json.loads(admin("settings-schema", "--site").stdout)["properties"]["lock"]


def test_page_that_can_not_be_written_is_told(admin, tmp_path: Path) -> None:
    told = admin("settings-reference", "--output", str(tmp_path / "none" / "x.md"))
    assert told.returncode == 1
    assert "can't be written" in told.stderr
    assert "Traceback" not in told.stderr

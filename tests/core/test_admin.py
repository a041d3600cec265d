"""The administrator's command tells which plugin stands where, and why."""

import json
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
    assert records["demo"]["state"] == "disabled"
    assert records["demo"]["built_in"] is True
    assert records["demo"]["permissions"] == {"network": ["127.0.0.1"], "account": True, "processes": True}
    assert records["call_control"]["granted"] == {"call_information": True, "call_control": True}


def test_a_profile_that_cannot_be_used_is_an_error_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert main(["--profile", str(tmp_path / "file"), "list"]) == 1
    assert "can't be made" in capsys.readouterr().err

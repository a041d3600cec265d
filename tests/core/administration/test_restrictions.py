"""`check-site` tells what is wrong with restrictions of permissions, with its line."""

from pathlib import Path

import pytest
from callmanager.admin import main


def test_a_wrong_restriction_is_told_with_line_and_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "site.toml"
    file.write_text('[plugins.permissions.call_control]\ncall_contol = false\nnetwork = ["https://x"]\nsecrets = false\n')
    assert main(["--profile", str(tmp_path / "profile"), "check-site", str(file)]) == 1
    told = capsys.readouterr().out
    assert "2" in told
    assert "plugins.permissions.call_control.call_contol: there is no such permission" in told
    assert "did you mean call_control" in told.lower()
    assert "plugins.permissions.call_control.network: 'https://x' is not a host" in told
    assert "secrets" not in told.split("known are")[0]

"""Authors get a folder to begin with and the hooks to look up."""

from pathlib import Path

import pytest
from callmanager.admin import main
from callmanager.authoring.hook_reference import BEGIN, END


def test_a_plugin_begins_with_one_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["--profile", str(tmp_path / "profile"), "new-plugin", "crm_lookup", "--into", str(tmp_path)]
    assert main(command) == 0
    files = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert tmp_path / "crm_lookup" / "crm_lookup" / "plugin.py" in files
    assert all(file.is_file() for file in files)
    assert main(command) == 1
    assert "exists already" in capsys.readouterr().err


def test_the_hooks_are_listed_with_their_exact_arguments(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--profile", str(tmp_path), "hooks-reference"]) == 0
    assert "`callmanager_screen_incoming(call: Call) -> Verdict | None`" in capsys.readouterr().out


def test_a_page_is_renewed_between_its_marks_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "guide.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    assert main(["--profile", str(tmp_path), "hooks-reference", "--guide", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "callmanager_started" in text
    assert "\nold\n" not in text
    page.write_text("no marks", encoding="utf-8")
    assert main(["--profile", str(tmp_path), "hooks-reference", "--guide", str(page)]) == 1
    assert page.read_text(encoding="utf-8") == "no marks"
    assert "marks are missing" in capsys.readouterr().err

"""The last net: a crash is told once at the next start, and the next one is caught again."""

import faulthandler
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from callmanager.faults import CrashFile

ABORT = """
import faulthandler, sys
from pathlib import Path
from callmanager.faults import CrashFile
crash = CrashFile(Path(sys.argv[1]))
assert crash.open() == ""
faulthandler._sigabrt()
"""


@pytest.fixture(autouse=True)
def nobody_else_listens() -> Iterator[None]:
    """The test runner listens for crashes itself; put its own listener back afterwards."""
    listened = faulthandler.is_enabled()
    faulthandler.disable()
    yield
    faulthandler.disable()
    if listened:
        faulthandler.enable(file=sys.__stderr__)


def crash(file: Path) -> None:
    run = subprocess.run([sys.executable, "-c", ABORT, str(file)], capture_output=True, timeout=60, check=False)
    assert run.returncode != 0


def test_a_crash_is_told_once_and_the_next_one_is_listened_for(tmp_path: Path) -> None:
    file = tmp_path / "crash.txt"
    crash(file)
    listener = CrashFile(file)
    left = listener.open()
    assert "Fatal Python error: Aborted" in left
    assert faulthandler.is_enabled()
    assert file.read_text() == ""
    listener.close()
    assert not faulthandler.is_enabled()
    assert not file.exists()
    assert listener.open() == ""
    listener.close()


def test_a_crash_is_told_once_also_where_somebody_else_listens(tmp_path: Path) -> None:
    file = tmp_path / "crash.txt"
    file.write_text("Fatal Python error: Segmentation fault\n")
    with (tmp_path / "other.txt").open("w") as other:
        faulthandler.enable(other)
        listener = CrashFile(file)
        assert "Segmentation" in listener.open()
        assert not file.exists()
        listener.close()
        assert faulthandler.is_enabled()
        assert listener.open() == ""
        faulthandler.disable()


def test_a_folder_that_cannot_be_written_is_no_reason_to_fail(tmp_path: Path) -> None:
    assert CrashFile(tmp_path / "nowhere" / "crash.txt").open() == ""

"""What PySide6 does to imports is undone, or memory and start-up pay for it."""

import subprocess
import sys

import pytest

SCRIPT = """
import linecache, sys
{first}
from callmanager_shell.window import MainWindow
print(sys.modules[MainWindow.__module__].__file__ in linecache.cache)
"""


@pytest.mark.parametrize(
    ("first", "kept"),
    [("from callmanager_shell.qt_imports import import_qt; import_qt()", "False"), ("import PySide6.QtCore", "True")],
    ids=["undone", "left alone"],
)
def test_pyside_reads_and_keeps_no_source_of_ours(first: str, kept: str) -> None:
    """The second case tells when the workaround can go."""
    words = [sys.executable, "-P", "-c", SCRIPT.format(first=first)]
    assert subprocess.run(words, check=True, timeout=60, capture_output=True, text=True).stdout.strip() == kept

"""The witness at the X server: an empty window is not a painted one."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from desktop.desktop import Desktop, missing_tools

from bench.screen import Screen

pytestmark = pytest.mark.skipif(bool(missing_tools()), reason=f"lacks {', '.join(missing_tools())}")

WINDOW = """
import sys
from PySide6.QtWidgets import QApplication, QLabel
application = QApplication([])
label = QLabel(sys.argv[1])
label.setStyleSheet("background: white; color: black; font-size: 40px")
label.resize(420, 380)
label.show()
print(flush=True)
application.exec()
"""


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    with Desktop() as desktop:
        for key, value in desktop.environment().items():
            monkeypatch.setenv(key, value)
        monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
        witness = Screen()
        try:
            yield witness
        finally:
            witness.close()


def show(text: str) -> "subprocess.Popen[bytes]":
    env = {**os.environ, "QT_QPA_PLATFORM": "xcb"}
    return subprocess.Popen([sys.executable, "-c", WINDOW, text], env=env, stdin=subprocess.DEVNULL)


def test_a_window_counts_when_it_shows_something(screen: Screen) -> None:
    with show("Hold Mute Keypad\nHang Up") as process:
        try:
            painted = screen.wait_painted(min_width=340, min_height=300, within=20, what="the window")
        finally:
            process.kill()
    assert painted.width >= 420
    assert painted.mapped_at <= painted.at


def test_an_empty_window_and_one_too_small_do_not_count(screen: Screen) -> None:
    with show("") as process:
        try:
            with pytest.raises(AssertionError, match="the window did not appear within 2 s"):
                screen.wait_painted(min_width=340, min_height=300, within=2, what="the window")
            assert process.poll() is None
        finally:
            process.kill()
    with show("filled") as process:
        try:
            with pytest.raises(AssertionError, match="a larger window did not appear"):
                screen.wait_painted(min_width=900, min_height=300, within=2, what="a larger window")
        finally:
            process.kill()

"""With a real pointer on a real screen: a call card is dragged onto another, and the program goes on meanwhile."""

import subprocess
import sys
from pathlib import Path

import pytest

SCENE = Path(__file__).with_name("drag_scene.py")


@pytest.mark.slow
def test_a_card_that_is_dropped_on_another_lights_it_up_and_opens_the_menu(desktop):
    run = subprocess.run(
        [sys.executable, str(SCENE)],
        env=desktop.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-1000:] + run.stderr[-3000:]
    assert run.stdout.splitlines() == [
        "lit: 2005 with 2004…",
        "offered: Connect 2005 with 2004; Merge 2005 and 2004 into a conference; Talk to 2004",
    ]

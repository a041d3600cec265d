"""The whole program ends when it is told to, whatever its plugins have left running."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from contract import bad_plugins
from contract.bad_plugins import named


def program(folder: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "callmanager_shell", "--profile", str(folder / "profile"), *arguments]


@pytest.mark.slow
def test_a_thread_and_a_task_that_never_end_do_not_keep_the_program(tmp_path: Path) -> None:
    bad_plugins.write(tmp_path / "plugins", named("leaks"), named("endless"))
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "plugins"), "QT_QPA_PLATFORM": "offscreen"}
    with subprocess.Popen(program(tmp_path), env=environment, stderr=subprocess.DEVNULL) as phone:
        try:
            log = tmp_path / "profile" / "logs" / "callmanager.log"
            deadline = time.monotonic() + 40
            while not (log.is_file() and "the call engine" in log.read_text(encoding="utf-8")):
                assert phone.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
            quitting = subprocess.run(
                program(tmp_path, "quit"), env=environment, capture_output=True, text=True, timeout=30, check=False
            )
            assert quitting.returncode == 0, quitting.stderr
            assert phone.wait(timeout=40) == 0
        finally:
            phone.kill()
    told = log.read_text(encoding="utf-8")
    assert "the plugin leaks left a timer: bad_leaks.plugin.tick; it was ended" in told
    assert "stopped, except leaks: a thread: acme poller (bad_leaks.plugin.poll); endless: a task" in told

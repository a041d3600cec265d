"""What dev.py starts, it also ends."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from devtools.errors import SetupError
from devtools.processes import group, output, run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="process groups are POSIX")

PARENT_AND_CHILD = """
import subprocess, sys, time
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(300)"
child = subprocess.Popen([sys.executable, "-c", STUBBORN])
print(child.pid, flush=True)
time.sleep(300)
"""


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).wait(10) is None or True
    except psutil.NoSuchProcess:
        return True


def test_the_whole_group_ends_with_the_block_even_a_child_that_ignores_the_polite_word() -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as told, group([sys.executable, "-c", PARENT_AND_CHILD], stdout=writer) as process:
        os.close(writer)
        child = int(told.readline())
        assert psutil.pid_exists(child)
    assert process.returncode is not None
    assert gone(child)


def test_a_program_that_does_not_end_in_time_is_stopped_and_reported() -> None:
    assert run([sys.executable, "-c", "import time; time.sleep(300)"], timeout=0.3) == 124


def test_the_exit_code_is_the_programs_own() -> None:
    assert run([sys.executable, "-c", "raise SystemExit(7)"], timeout=30) == 7


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(SetupError, match="cannot start /nowhere/program: No such file"):
        output([Path("/nowhere/program")], timeout=5)


ENDED_POLITELY = """
import sys
from pathlib import Path
from devtools import cli
from devtools.processes import group

def dispatch(options, handed_on):
    with group([sys.executable, "-c", "import time; time.sleep(300)"]) as process:
        print(process.pid, flush=True)
        process.wait()

cli._dispatch = dispatch
cli.main(["env"])
"""


def test_who_ends_dev_py_politely_finds_nothing_of_it_running() -> None:
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen([sys.executable, "-c", ENDED_POLITELY], stdout=subprocess.PIPE, cwd=root) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        assert psutil.pid_exists(child)
        process.terminate()
        assert process.wait(20) == 143
    assert gone(child)

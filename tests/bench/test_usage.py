"""The process tree's figures against a tree that is known."""

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from bench import usage

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")

HOLDER = """
import subprocess, sys
CHILD = "import sys; block = b'x' * 60_000_000; print(1, flush=True); sys.stdin.read()"
child = subprocess.Popen([sys.executable, "-c", CHILD])
sys.stdin.read()
child.wait()
"""


@pytest.fixture
def family() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen([sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"1\n"
        yield process


def test_memory_counts_what_children_hold(family: "subprocess.Popen[bytes]") -> None:
    assert len(usage.tree(family.pid)) == 2
    assert 60 < usage.memory_mb(family.pid) < 140


def test_processor_time_of_a_sleeping_tree_is_next_to_nothing(family: "subprocess.Popen[bytes]") -> None:
    assert usage.cpu_percent(family.pid, seconds=0.2) < 20


def test_processor_time_grows_with_the_work_done() -> None:
    code = "n = 0\nwhile n < 5_000_000: n += 1\nprint(1, flush=True)\nimport sys; sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"1\n"
        used = usage.cpu_seconds(process.pid)
        assert 0.02 < used < time.process_time() + 30

"""Memory and processor time of a whole process tree, as the kernel counts them."""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

_PROC = Path("/proc")


def tree(root: int) -> list[int]:
    """The process and all that descend from it."""
    parents: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                # the program's name may hold spaces and brackets: fields are counted from its last bracket
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [root]
    for pid in found:
        found.extend(parents.get(pid, ()))
    return found


def memory_mb(root: int) -> float:
    """Proportional set size of the tree in MB (10^6 bytes): shared pages count once in all."""
    total = 0
    for pid in tree(root):
        with contextlib.suppress(OSError):
            for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
    return total / 1e6


def cpu_seconds(root: int) -> float:
    """Processor time of every thread of the tree so far, to the nanosecond (schedstat); threads that ended are not in it."""
    total = 0
    for pid in tree(root):
        for task in (_PROC / str(pid) / "task").glob("*/schedstat"):
            with contextlib.suppress(OSError):
                total += int(task.read_text().split()[0])
    return total / 1e9


def cpu_percent(root: int, *, seconds: float, meanwhile: Callable[[float], object] = time.sleep) -> float:
    """Share of one core that the tree used for that long."""
    began, used = time.monotonic(), cpu_seconds(root)
    meanwhile(seconds)
    return 100 * (cpu_seconds(root) - used) / (time.monotonic() - began)

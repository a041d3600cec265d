"""A process that acknowledges its work on a pipe and is killed in the middle of it."""

import random
import signal
import subprocess
import sys
from collections.abc import Callable


def acknowledged_until_killed(code: str, *arguments: str, after: int, meanwhile: Callable[[int], None] = lambda _: None) -> int:
    """Run `code`, which writes a number a line for each piece of work that is safe; kill it (SIGKILL) once it wrote `after`
    lines or a few more, and return the last whole number it wrote. It is killed while it works, not between two pieces.

    `meanwhile` is called with what is acknowledged so far: whatever lies on the disk then is what a kill would have left.
    """
    command = [sys.executable, "-c", code, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as worker:
        assert worker.stdout is not None
        heard = b""
        while heard.count(b"\n") < after:
            piece = worker.stdout.read1(random.randrange(1, 64))
            if not piece:
                break
            heard += piece
            whole = heard.rpartition(b"\n")[0].splitlines()
            if whole:
                meanwhile(int(whole[-1]))
        worker.send_signal(signal.SIGKILL)
        heard += worker.stdout.read()
    assert worker.returncode == -signal.SIGKILL, "the work was done, or failed, before it could be killed"
    return int(heard.rpartition(b"\n")[0].splitlines()[-1])

"""`dev.py bench`: starts the benchmark of `tests/bench` in the environment."""

import contextlib
import itertools
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from devtools import debian
from devtools.display import virtual_display
from devtools.environment import Purpose, ensure
from devtools.places import ROOT
from devtools.processes import run

_BENCH_SECONDS = 30 * 60


def bench(*, as_json: bool, arguments: list[str]) -> int:
    """Measures on a virtual display of its own, also where there is a real one, so that figures can be compared.

    The figures of the plugin platform alone need neither a display nor packages of the system.
    """
    platform_only = "--only=platform" in arguments or ("--only", "platform") in itertools.pairwise(arguments)
    with set_up_told_on_standard_error():
        python = ensure(Purpose.DEVELOP)
        if not platform_only:
            debian.provide(debian.test_packages(), needed=False)
    paths = os.pathsep.join(filter(None, (str(ROOT / "tests"), os.environ.get("PYTHONPATH"))))
    command: list[str | Path] = [python, "-m", "bench", *(["--json"] if as_json else []), *arguments]
    with contextlib.nullcontext(dict(os.environ)) if platform_only else virtual_display() as env:
        return run(command, timeout=_BENCH_SECONDS, env={**env, "PYTHONPATH": paths}, cwd=ROOT)


@contextlib.contextmanager
def set_up_told_on_standard_error() -> Iterator[None]:
    """Standard output is for the figures alone, whatever pip and apt-get have to say; they inherit the descriptor."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)

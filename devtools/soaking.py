"""`dev.py soak`: starts the soak of `tests/soak` in the environment."""

import os
from pathlib import Path

from devtools import debian
from devtools.environment import Purpose, ensure
from devtools.measuring import set_up_told_on_standard_error
from devtools.places import ROOT
from devtools.processes import run

_SPARE_MINUTES = 15


def soak(*, calls: int, cuts: int, held: int, minutes: float, as_json: bool) -> int:
    """Standard output is the table or the JSON object alone. The exit code is that of the soak: 1 when anything failed or was
    left."""
    with set_up_told_on_standard_error():
        python = ensure(Purpose.DEVELOP)
        debian.provide(debian.test_packages(), needed=False)
    command: list[str | Path] = [python, "-m", "soak", *(["--json"] if as_json else [])]
    command += ["--calls", str(calls), "--cuts", str(cuts), "--held", str(held), "--minutes", str(minutes)]
    paths = os.pathsep.join(filter(None, (str(ROOT / "tests"), os.environ.get("PYTHONPATH"))))
    return run(command, timeout=(minutes + _SPARE_MINUTES) * 60, env={**os.environ, "PYTHONPATH": paths}, cwd=ROOT)

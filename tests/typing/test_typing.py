"""The public typing is itself under test: the examples beside this pass mypy, and their marked mistakes are mistakes."""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@pytest.mark.slow
def test_the_examples_type_check(tmp_path: Path) -> None:
    """Unused ignores are errors in our settings, so a mistake that mypy no longer sees fails here as well."""
    files = [str(file) for file in sorted(HERE.glob("*.py")) if not file.name.startswith("test_")]
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(tmp_path), *files],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-1000:]

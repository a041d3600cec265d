"""The public typing is itself under test: both checkers accept the examples beside this, and see the marked mistakes."""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CHECKERS = {
    "mypy": [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), "--cache-dir"],
    "pyright": [sys.executable, "-m", "basedpyright"],
}


@pytest.mark.slow
@pytest.mark.parametrize("checker", CHECKERS)
def test_the_examples_type_check(checker: str, tmp_path: Path) -> None:
    """Unused ignores are errors in our settings, so a mistake that a checker no longer sees fails here as well."""
    files = [str(file) for file in sorted(HERE.glob("*.py")) if not file.name.startswith("test_")]
    where = [str(tmp_path)] if checker == "mypy" else ["--pythonpath", sys.executable]
    run = subprocess.run(
        [*CHECKERS[checker], *where, *files], cwd=ROOT, capture_output=True, text=True, timeout=110, check=False
    )
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-1000:]

"""Where things are in the working copy."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
PYPROJECT = ROOT / "pyproject.toml"


def venv() -> Path:
    """`.venv` of the working copy, or the folder named by CALLMANAGER_VENV."""
    return Path(os.environ.get("CALLMANAGER_VENV") or ROOT / ".venv").absolute()


def venv_program(name: str, *, folder: Path | None = None) -> Path:
    """The path of a program of the environment; `python` included."""
    base = folder or venv()
    return base / "Scripts" / f"{name}.exe" if sys.platform == "win32" else base / "bin" / name

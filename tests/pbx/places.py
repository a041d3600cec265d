"""Where the bench keeps things on this machine."""

import os
import shutil
from pathlib import Path

MAX_INSTANCES = 16
RUN_FOLDER = Path("/run/callmanager-pbx")
"""Locks, control sockets and state files: machine-wide, because namespaces and addresses are machine-wide too."""


class PbxUnavailable(RuntimeError):
    """The PBX cannot run on this machine; the text says why and what to do."""


def cache_folder() -> Path:
    """Return the folder for what is expensive to make; `CALLMANAGER_CACHE` moves it out of the repository."""
    override = os.environ.get("CALLMANAGER_CACHE")
    return Path(override).resolve() if override else Path(__file__).resolve().parents[2] / ".cache"


def tool(name: str, *, package: str) -> str:
    """Return the path of a program, or raise `PbxUnavailable` naming the Debian package that has it."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/bin:/bin")
    if found is None:
        raise PbxUnavailable(f"{name} is missing: install the Debian package {package}")
    return found

"""Where the running phone listens for commands: a socket or pipe that only the same user reaches, one for each profile."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from pathlib import Path
from typing import Final

_NAME: Final = "pc-callmanager"


class UnsafeFolder(Exception):
    """The folder for the socket belongs to somebody else or is open to others."""


def endpoint_name(*, profile: Path | None, demo: bool) -> str:
    """The server name for `QLocalServer`: a pipe name on Windows, the path of a socket elsewhere.

    Raises `UnsafeFolder`. A profile's path goes in as a hash, because a socket's path may have about 100 bytes only.
    """
    which = str(profile.expanduser().absolute()) if profile is not None else "demo" if demo else ""
    key = hashlib.sha256(which.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    if sys.platform == "win32":
        # pipe names are machine-wide; access is limited to the user by the server's option
        return f"{_NAME}-{os.environ.get('USERNAME', '')}-{key}"
    return str(_private_folder() / key)


def _private_folder() -> Path:
    """A folder that is ours alone (0700), in the user's runtime directory where there is one."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime and Path(runtime).is_dir() and os.access(runtime, os.W_OK):
        folder = Path(runtime) / _NAME
    else:
        folder = Path(tempfile.gettempdir()) / f"{_NAME}-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise UnsafeFolder(f"the folder {folder} is not private to you; remove it and start again")
    return folder

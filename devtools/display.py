"""A virtual X display with a window manager, for machines without a screen."""

import contextlib
import os
import secrets
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from devtools import debian
from devtools.errors import SetupError
from devtools.processes import group, output

SIZE = "1440x900x24"
_START_SECONDS = 15
_FAMILY_WILD = 0xFFFF  # an Xauthority entry for every host and display number


def has_display() -> bool:
    """Whether programs started from here can show a window."""
    return not sys.platform.startswith("linux") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


@contextlib.contextmanager
def virtual_display() -> Iterator[dict[str, str]]:
    """Xvfb and openbox for the length of the block; yields the environment that programs need to show themselves there.

    Only holders of its random cookie can connect. Raises SetupError naming the packages when they are missing.
    """
    debian.provide(debian.DISPLAY_PACKAGES, needed=False)
    for program in ("Xvfb", "openbox"):
        if shutil.which(program) is None:
            raise SetupError(f"there is no display and no {program} to make a virtual one; install {program.lower()}")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="callmanager-display-")))
        cookie = _write_cookie(folder / "Xauthority")
        log = stack.enter_context((folder / "log").open("wb"))
        number = stack.enter_context(_xvfb(cookie, log.fileno()))
        env = {key: value for key, value in os.environ.items() if key not in ("WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
        env |= {"DISPLAY": f":{number}", "XAUTHORITY": str(cookie), "QT_QPA_PLATFORM": "xcb", "LIBGL_ALWAYS_SOFTWARE": "1"}
        stack.enter_context(group(["openbox", "--sm-disable"], env=env, stdout=log.fileno(), stderr=subprocess.STDOUT))
        _wait_for_window_manager(env)
        yield env


@contextlib.contextmanager
def _xvfb(cookie: Path, log: int) -> Iterator[int]:
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", SIZE, "-nolisten", "tcp", "-noreset", "-auth", str(cookie)]
    try:
        with group(command, stdout=log, stderr=subprocess.STDOUT, pass_fds=(writer,)) as process:
            os.close(writer)
            writer = -1
            ready, _, _ = select.select([reader], [], [], _START_SECONDS)
            with os.fdopen(reader, "rb", closefd=False) as told:  # Xvfb writes the line in pieces: read to its end
                number = told.readline().decode().strip() if ready else ""
            if not number.isdigit() or process.poll() is not None:
                raise SetupError(f"Xvfb did not start within {_START_SECONDS} s")
            yield int(number)
    finally:
        os.close(reader)
        if writer >= 0:
            os.close(writer)


def _write_cookie(path: Path) -> Path:
    def counted(value: bytes) -> bytes:
        return struct.pack(">H", len(value)) + value

    entry = struct.pack(">H", _FAMILY_WILD) + counted(b"") + counted(b"") + counted(b"MIT-MAGIC-COOKIE-1")
    path.touch(mode=0o600)
    path.write_bytes(entry + counted(secrets.token_bytes(16)))
    return path


def _wait_for_window_manager(env: Mapping[str, str]) -> None:
    """Windows that appear before the manager are not placed by it; xprop is only there where the tests' packages are."""
    if shutil.which("xprop") is None:
        time.sleep(0.5)
        return
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        _, text = output(["xprop", "-root", "_NET_SUPPORTING_WM_CHECK"], timeout=5, env=env)
        if "window id" in text:
            return
        time.sleep(0.05)
    raise SetupError(f"openbox did not start within {_START_SECONDS} s")

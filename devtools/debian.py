"""The system packages of Debian and Ubuntu that the product and its tests need, and their installation.

Only here, because nothing else needs system packages: on Windows and macOS the wheels bring everything.
"""

import os
import runpy
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from devtools.errors import SetupError
from devtools.places import ROOT
from devtools.processes import output, say

RUN_PACKAGES = (
    # libraries that Qt's X11 and OpenGL parts are linked with
    "libdbus-1-3",
    "libegl1",
    "libfontconfig1",
    "libfreetype6",
    "libgl1",
    "libglib2.0-0",
    "libxcb-cursor0",
    "libxcb-icccm4",
    "libxcb-image0",
    "libxcb-keysyms1",
    "libxcb-randr0",
    "libxcb-render-util0",
    "libxcb-shape0",
    "libxcb-sync1",
    "libxcb-util1",
    "libxcb-xfixes0",
    "libxcb-xkb1",
    "libxkbcommon-x11-0",
    "libxkbcommon0",
    # miniaudio opens these when they are there
    "libasound2",
    "libpulse0",
    # the typeface of the design
    "fonts-inter",
)
DISPLAY_PACKAGES = ("openbox", "xauth", "xvfb")
TEST_PACKAGES = (*DISPLAY_PACKAGES, "procps", "x11-utils", "xdotool")

_RENAMED = {"libasound2": "libasound2t64", "libglib2.0-0": "libglib2.0-0t64"}  # Debian 13: 64-bit time_t


def is_debian() -> bool:
    """Whether dpkg rules this machine."""
    return sys.platform.startswith("linux") and shutil.which("dpkg-query") is not None


def test_packages() -> tuple[str, ...]:
    """Everything `dev.py test` needs: our own list and those that the test helpers declare."""
    helpers = sorted((ROOT / "tests").glob("*/packages.py"))
    return (*RUN_PACKAGES, *TEST_PACKAGES, *(name for path in helpers for name in _declared(path)))


def _declared(path: Path) -> tuple[str, ...]:
    if not path.is_file():
        return ()
    names = runpy.run_path(str(path)).get("DEBIAN_PACKAGES", ())
    return tuple(str(name) for name in names)


def missing(names: Iterable[str]) -> list[str]:
    """Those of the packages that are not installed, in order and once each; none on a machine without dpkg.

    A program of the package's own name is as good as the package: npm and Chromium often come from elsewhere.
    """
    wanted = [name for name in dict.fromkeys(names) if shutil.which(name) is None]
    if not wanted or not is_debian():
        return []
    asked = [*wanted, *(_RENAMED[name] for name in wanted if name in _RENAMED)]
    # dpkg-query exits with 1 when it does not know one of the names and still answers for the others
    _, text = output(["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\\n", *asked], timeout=60)
    installed = {line.split()[0] for line in text.splitlines() if line.endswith(" installed")}
    return [name for name in wanted if name not in installed and _RENAMED.get(name) not in installed]


def provide(names: Iterable[str], *, needed: bool) -> list[str]:
    """Installs what is missing when we are root; otherwise names it and returns it.

    With `needed`, packages that cannot be had raise SetupError; without, a warning is enough and the rest goes on.
    """
    absent = missing(names)
    if not absent:
        return []
    if sys.platform != "win32" and os.geteuid() == 0:
        say(f"installing {len(absent)} system packages: {' '.join(absent)}")
        told = _install(absent)
        absent = missing(absent)
        if not absent:
            return []
        text = f"{told.strip()}\napt-get could not install: {' '.join(absent)}"
    else:
        command = f"sudo apt-get install --no-install-recommends {' '.join(absent)}"
        text = f"system packages are missing; install them with:\n  {command}"
    if needed:
        raise SetupError(text)
    say(text)
    return absent


def _install(names: list[str]) -> str:
    """Returns all that apt-get said, which matters only when something is still missing then."""
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    options = ["-qq", "-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Use-Pty=0"]
    # a failing update may leave lists that are good enough
    _, updated = output(["apt-get", *options, "update"], timeout=300, env=env)
    exact = [_RENAMED[name] if name in _RENAMED and not _known(name) else name for name in names]
    command = ["apt-get", *options, "install", "--no-install-recommends", "--yes", *exact]
    _, installed = output(command, timeout=900, env=env)
    return updated + installed


def _known(name: str) -> bool:
    code, text = output(["apt-cache", "policy", name], timeout=60)
    return code == 0 and "Candidate:" in text and "Candidate: (none)" not in text

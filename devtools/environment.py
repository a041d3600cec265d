"""The Python environment of the working copy: made when it is missing, brought up to date when a requirement file changed."""

import enum
import hashlib
import importlib.util
import json
import os
import shutil
import sys
import time
import venv as venv_module
from pathlib import Path

from devtools import debian
from devtools.errors import SetupError
from devtools.places import PYPROJECT, REQUIREMENTS, ROOT, venv, venv_program
from devtools.processes import output, run, say

SUPPORTED = ((3, 11), (3, 12))  # pjsua2-python has no wheels for others
STAMP = "callmanager-environment.json"


class Purpose(enum.Enum):
    """What the environment is for; the file of each holds all of the one before it."""

    RUN = "runtime.txt"
    DEVELOP = "dev.txt"


def ensure(purpose: Purpose) -> Path:
    """Returns the environment's Python with everything the purpose needs installed; costs nothing when nothing changed.

    What is installed comes from the requirement files with their hashes checked; pip asks whatever index this machine is set up
    for. An interrupted set-up is repeated, because the stamp is written last.
    """
    folder = venv()
    python = venv_program("python")
    stamp = _Stamp(folder)
    if not stamp.belongs_here() and not _usable(python):
        _create(folder)
    lock = REQUIREMENTS / purpose.value
    build = REQUIREMENTS / "build.txt"
    began = time.monotonic()
    changed = False
    if not stamp.holds(purpose, lock):
        changed = True
        say(f"installing what {lock.relative_to(ROOT)} lists into {_shown(folder)}")
        _pip(python, "--require-hashes", "--only-binary", ":all:", "-r", lock)
        stamp.note(purpose, lock)
    if not stamp.holds("project", PYPROJECT, build):
        changed = True
        say("installing the working copy itself, editable")
        _pip(python, "--require-hashes", "--only-binary", ":all:", "-r", build)
        _pip(python, "--no-deps", "--no-build-isolation", "--editable", ROOT)
        stamp.note("project", PYPROJECT, build)
    if changed:
        stamp.write()
        say(f"the environment is ready after {time.monotonic() - began:.0f} s")
    return python


class _Stamp:
    """What was installed last: the digest of each requirement file, kept inside the environment."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / STAMP
        self._interpreter = f"{sys.version_info.major}.{sys.version_info.minor} {folder}"
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            content = {}
        self._noted: dict[str, str] = content if isinstance(content, dict) else {}
        if self._noted.get("interpreter") != self._interpreter:
            self._noted = {}

    def belongs_here(self) -> bool:
        return bool(self._noted) and venv_program("python").exists()

    def holds(self, what: Purpose | str, *files: Path) -> bool:
        digest = _digest(*files)
        if what is Purpose.RUN and self._noted.get(Purpose.DEVELOP.name) == _digest(REQUIREMENTS / Purpose.DEVELOP.value):
            return True  # the developers' file holds all of the other
        return self._noted.get(_key(what)) == digest

    def note(self, what: Purpose | str, *files: Path) -> None:
        self._noted[_key(what)] = _digest(*files)

    def write(self) -> None:
        self._noted["interpreter"] = self._interpreter
        self._path.write_text(json.dumps(self._noted, indent=1), encoding="utf-8")


def _key(what: Purpose | str) -> str:
    return what.name if isinstance(what, Purpose) else what


def _digest(*files: Path) -> str:
    digest = hashlib.sha256()
    for file in files:
        try:
            digest.update(file.read_bytes())
        except OSError as error:
            raise SetupError(f"cannot read {file.relative_to(ROOT)}: {error.strerror}; run dev.py lock to make it") from error
    return digest.hexdigest()


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def _usable(python: Path) -> bool:
    if not python.exists():
        return False
    code, text = output([python, "-c", "import sys, pip; print(sys.version_info[:2])"], timeout=30)
    return code == 0 and text.strip() == str(sys.version_info[:2])


def _create(folder: Path) -> None:
    if sys.version_info[:2] not in SUPPORTED:
        names = " or ".join(".".join(map(str, version)) for version in SUPPORTED)
        raise SetupError(
            f"PC CallManager runs on Python {names}, this is {sys.version.split()[0]}; start dev.py with one of them"
        )
    _provide_ensurepip()
    say(f"making the environment {_shown(folder)}")
    if folder.exists():
        shutil.rmtree(folder)
    # symlinks, as `python3 -m venv` does it; a copied interpreter does not find its libraries on every Linux
    venv_module.EnvBuilder(symlinks=os.name != "nt", with_pip=True).create(folder)


def _provide_ensurepip() -> None:
    """Debian keeps ensurepip in a package of its own."""
    if importlib.util.find_spec("ensurepip") is not None:
        return
    if not debian.is_debian():
        raise SetupError(
            "this Python has no ensurepip, so it cannot make an environment; install a complete Python 3.11 or 3.12"
        )
    debian.provide((f"python3.{sys.version_info.minor}-venv",), needed=True)
    importlib.invalidate_caches()


def _pip(python: Path, *arguments: str | Path) -> None:
    quiet = ("--quiet", "--progress-bar", "off", "--no-input", "--disable-pip-version-check")
    if code := run([python, "-m", "pip", "install", *quiet, *arguments], timeout=1200):
        raise SetupError(f"pip failed with exit code {code}; its own lines above say why")

"""Writes the requirement files: every dependency of `pyproject.toml`, pinned and hashed for all supported systems at once."""

import tempfile
import tomllib
import venv as venv_module
from pathlib import Path

from devtools.errors import SetupError
from devtools.places import PYPROJECT, REQUIREMENTS, ROOT, venv_program
from devtools.processes import run, say

HEADER = """\
# Written by `python3 dev.py lock` from pyproject.toml; do not edit. Holds the hashes of all files of each release, for Python
# 3.11 and 3.12 on Windows, macOS and Linux, and names no index: pip asks the one this machine is set up for.
"""
EDITABLE_BACKEND = "editables"  # hatchling asks for it when it installs a working copy


def lock(*, upgrade: bool) -> None:
    """Writes runtime.txt, dev.txt and build.txt; without `upgrade`, versions that still fit stay as they are."""
    build = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["build-system"]["requires"]
    with tempfile.TemporaryDirectory(prefix="callmanager-lock-") as scratch:
        resolver = _resolver(Path(scratch))
        wanted = Path(scratch) / "build.in"
        wanted.write_text("\n".join([*build, EDITABLE_BACKEND]) + "\n", encoding="utf-8")
        dev = REQUIREMENTS / "dev.txt"
        _compile(resolver, [PYPROJECT, "--extra", "dev"], dev, upgrade=upgrade)
        _compile(resolver, [PYPROJECT, "--constraint", dev], REQUIREMENTS / "runtime.txt", upgrade=upgrade)
        _compile(resolver, [wanted, "--constraint", dev], REQUIREMENTS / "build.txt", upgrade=upgrade)


def _resolver(scratch: Path) -> Path:
    """uv, in an environment that is thrown away: it is the one tool that resolves for other systems than the own."""
    folder = scratch / "venv"
    venv_module.EnvBuilder(with_pip=True, symlinks=True).create(folder)
    python = venv_program("python", folder=folder)
    if run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv"], timeout=300):
        raise SetupError("pip could not install uv, which resolves the requirements; its own lines above say why")
    return venv_program("uv", folder=folder)


def _compile(resolver: Path, sources: list[str | Path], target: Path, *, upgrade: bool) -> None:
    say(f"resolving {target.relative_to(ROOT)}")
    work = target.with_suffix(".new")
    if target.exists() and not upgrade:
        work.write_bytes(target.read_bytes())  # uv keeps the versions it finds in its output file
    options = ["--universal", "--python-version", "3.11", "--fork-strategy", "fewest", "--generate-hashes"]
    plain = ["--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links", "--quiet"]
    code = run([resolver, "pip", "compile", *sources, *options, *plain, "--output-file", work], timeout=300, cwd=ROOT)
    if code:
        work.unlink(missing_ok=True)
        raise SetupError(f"the requirements of {target.name} could not be resolved; the lines above say why")
    text = HEADER + work.read_text(encoding="utf-8")
    work.write_text(text, encoding="utf-8")
    work.replace(target)

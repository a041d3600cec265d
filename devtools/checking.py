"""`dev.py test` and `dev.py lint`: the checks that a change must pass."""

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from devtools import debian
from devtools.api_places import are_fresh, write_api_places
from devtools.display import has_display, virtual_display
from devtools.environment import Purpose, ensure
from devtools.places import ROOT
from devtools.processes import group, run, say

TYPED_EXTRAS = ("dev.py", "devtools", "tests/typing")
"""Type-checked beside the packages that pyproject.toml lists."""

_CHECK_SECONDS = 300
_TEST_SECONDS = 22 * 60
"""The longest that pytest may take: whoever waits for the gate is told within 25 minutes, set-up included."""
_CLOSING = re.compile(rb"^(?:\x1b\[[0-9;]*m)*(?:=+ )?(?:\x1b\[[0-9;]*m)*(?:\d+ \w+|no tests ran).* in [\d.]+s\b")
"""pytest's last word; the interpreter may still complain after it, and whoever reads the end wants the word."""


def test(arguments: list[str]) -> int:
    """Static checks, then every test; with arguments, only pytest with those. Returns 0 when all of it passed.

    The last line printed is pytest's own closing line. What failed before it is repeated just above that line.
    """
    python = ensure(Purpose.DEVELOP)
    debian.provide(debian.test_packages(), needed=False)
    failed = [] if arguments else _static_checks(python)
    with _display() as env:
        code = _pytest(python, arguments, env, failed)
    return code or (1 if failed else 0)


def lint(*, fix: bool) -> int:
    """The static checks alone; `fix` formats first and lets ruff repair what it can."""
    python = ensure(Purpose.DEVELOP)
    if fix:
        write_api_places()
        run([python, "-m", "ruff", "format", "--quiet", "."], timeout=_CHECK_SECONDS, cwd=ROOT)
        run([python, "-m", "ruff", "check", "--quiet", "--fix", "."], timeout=_CHECK_SECONDS, cwd=ROOT)
    failed = _static_checks(python)
    say(f"failed: {', '.join(failed)}" if failed else "all static checks passed")
    return 1 if failed else 0


def _static_checks(python: Path) -> list[str]:
    extras = [name for name in TYPED_EXTRAS if any((ROOT / name).rglob("*.py")) or (ROOT / name).is_file()]
    checks: dict[str, list[str | Path]] = {
        "format": [python, "-m", "ruff", "format", "--check", "--quiet", "."],
        "ruff": [python, "-m", "ruff", "check", "--quiet", "."],
        "types": [python, "-m", "mypy"],
        "types of the tools": [python, "-m", "mypy", *extras],
        "import contracts": [python.with_name("lint-imports"), "--no-cache"],
    }
    failed = []
    for name, command in checks.items():
        say(f"-- {name}")
        if run(command, timeout=_CHECK_SECONDS, cwd=ROOT):
            failed.append(name)
    say("-- places of the public names")
    if not are_fresh():
        say("core/callmanager/api_places.py is not what api.pyi says; run dev.py lint --fix")
        failed.append("places of the public names")
    return failed


@contextlib.contextmanager
def _display() -> Iterator[Mapping[str, str]]:
    if has_display():
        yield os.environ
        return
    with virtual_display() as env:
        # each test decides on its Qt platform by itself; most draw offscreen
        yield {key: value for key, value in env.items() if key != "QT_QPA_PLATFORM"}


def _pytest(python: Path, arguments: list[str], env: Mapping[str, str], failed: list[str]) -> int:
    colour = ["--color=yes"] if sys.stdout.isatty() else []
    command: list[str | Path] = [python, "-m", "pytest", *colour, *arguments]
    with group(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process, _limit(process):
        assert process.stdout is not None
        closing = b""
        for line in process.stdout:
            if _CLOSING.match(line):
                _write(closing)  # a test that runs pytest inside has a closing line of its own
                closing = line
            else:
                _write(line)
        code = process.wait()
    if code < 0:
        say(f"pytest was stopped by signal {-code}; the limit is {_TEST_SECONDS // 60} minutes")
    if failed:
        say(f"failed before the tests: {', '.join(failed)}")
    if closing:
        _write(closing)
    return 1 if code < 0 else code


def _write(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.flush()


@contextlib.contextmanager
def _limit(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Ends the tests when their time is up; reading their output ends with them."""
    import threading

    from devtools.processes import end

    timer = threading.Timer(_TEST_SECONDS, end, [process])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()

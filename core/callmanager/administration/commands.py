"""What all sub-commands share: how one is added, and the application that only looks."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from callmanager.app import Application, AppOptions

OK: Final = 0
FAILED: Final = 1
UNUSABLE: Final = 2
"""Wrong usage (argparse exits with it too), or a file that can't be read."""

Run: TypeAlias = "Callable[[argparse.Namespace, AppOptions], Awaitable[int]]"
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - argparse gives it no other name


def add_command(commands: Commands, name: str, run: Run, *, text: str) -> argparse.ArgumentParser:
    """A sub-command with its own parser, to which the caller adds arguments."""
    parser = commands.add_parser(name, help=text, description=text[:1].upper() + text[1:] + ".")
    parser.set_defaults(run=run)
    return parser


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="for programs")


@asynccontextmanager
async def looked_at(options: AppOptions) -> AsyncIterator[Application]:
    """The application of this profile, made and not started; it changes none of the person's files."""
    from callmanager.app import Application

    app = Application(options)
    try:
        yield app
    finally:
        await app.stop()


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def remark(text: str) -> None:
    """For people beside the result: standard error."""
    sys.stderr.write(f"{text}\n")


def say_json(data: Any) -> None:
    say(json.dumps(data, indent=2, ensure_ascii=False))

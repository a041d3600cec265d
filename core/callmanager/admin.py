"""`callmanager-admin`: what an administrator asks the installation without starting the phone."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from callmanager.administration import documents, explaining, for_authors, listing, plugins_doctor, site_check
from callmanager.app import AppOptions
from callmanager.errors import UserError

_COMMANDS = (listing, explaining, site_check, plugins_doctor, documents, for_authors)
"""One module of `callmanager.administration` each, in the order of the help; a new one needs an `add` and its place here."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one sub-command; exit codes: 0 all is well, 1 there are mistakes, a plugin failed or something can't be done,
    2 wrong usage or a file that can't be read."""
    options = _parser().parse_args(arguments)
    app_options = AppOptions(profile=options.profile, demo=options.demo, log_level="warning", look_only=True)
    try:
        code: int = asyncio.run(options.run(options, app_options))
    except UserError as error:
        sys.stderr.write(f"{error.text}\n{error.hint}\n" if error.hint else f"{error.text}\n")
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="callmanager-admin", description=__doc__)
    parser.add_argument("--profile", type=Path, metavar="DIR", help="look at the profile in this folder")
    parser.add_argument("--demo", action="store_true", help="look at the profile of the demo")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.add(commands)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())

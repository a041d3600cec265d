"""The command line of `dev.py`: one sub-command, one module."""

import argparse
import signal
import sys

from devtools.errors import SetupError
from devtools.processes import say

DESCRIPTION = "Makes the environment of this working copy and runs PC CallManager, its tests and its benchmark in it."


def main(arguments: list[str]) -> int:
    """Runs one sub-command and returns the exit code: 0 well, 1 failed, 2 wrong usage, 3 the machine lacks something."""
    own, handed_on = _split(arguments)
    options = _parser().parse_args(own)
    if handed_on and options.command in ("env", "lock", "soak"):
        say(f"dev.py {options.command} takes no further arguments: {' '.join(handed_on)}")
        return 2
    # whoever ends us politely must find nothing of ours running afterwards: blocks that own processes are left in order
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    try:
        return _dispatch(options, handed_on)
    except SetupError as error:
        print(f"dev.py: {error}", file=sys.stderr, flush=True)
        return 3
    except KeyboardInterrupt:
        return 130


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Own arguments, and those for the program behind: all after `run`, and all after `--` for the others."""
    if arguments[:1] == ["run"]:
        rest = arguments[1:]
        return ["run"], rest[1:] if rest[:1] == ["--"] else rest
    if "--" in arguments:
        cut = arguments.index("--")
        return arguments[:cut], arguments[cut + 1 :]
    return arguments, []


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dev.py", description=DESCRIPTION)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("run", help="start PC CallManager with the arguments that follow (try: run --demo)", add_help=False)
    commands.add_parser("test", help="all checks and tests; arguments after -- go to pytest, which then runs alone")
    commands.add_parser("lint", help="format and check the sources: ruff, mypy, import contracts").add_argument(
        "--fix", action="store_true", help="let ruff repair what it can"
    )
    commands.add_parser("bench", help="measure the product and its peer on the real PBX").add_argument(
        "--json", action="store_true", help="print one JSON object instead of the table"
    )
    soak = commands.add_parser("soak", help="call by the hundred on the real PBX, cut its cable, and count what is left")
    soak.add_argument("--calls", type=int, default=1000, help="how many, in and out, with hold and transfer (%(default)s)")
    soak.add_argument("--cuts", type=int, default=0, help="how often the cable is pulled, about 12 s each (%(default)s)")
    soak.add_argument("--held", type=int, default=20, help="how many calls are to be held at once (%(default)s)")
    soak.add_argument("--minutes", type=float, default=120.0, help="begin no further call or cut after that (%(default)s)")
    soak.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    commands.add_parser("env", help="make the environment and stop there")
    commands.add_parser("lock", help="write requirements/*.txt from pyproject.toml").add_argument(
        "--upgrade", action="store_true", help="take the newest versions that fit"
    )
    return parser


def _dispatch(options: argparse.Namespace, handed_on: list[str]) -> int:
    if options.command == "run":
        from devtools.running import run_product

        return run_product(handed_on)
    if options.command == "test":
        from devtools.checking import test

        return test(handed_on)
    if options.command == "lint":
        from devtools.checking import lint

        return lint(fix=options.fix)
    if options.command == "bench":
        from devtools.measuring import bench

        return bench(as_json=options.json, arguments=handed_on)
    if options.command == "soak":
        from devtools.soaking import soak

        return soak(calls=options.calls, cuts=options.cuts, held=options.held, minutes=options.minutes, as_json=options.json)
    if options.command == "lock":
        from devtools.locking import lock

        lock(upgrade=options.upgrade)
        return 0
    from devtools.environment import Purpose, ensure

    say(f"ready: {ensure(Purpose.DEVELOP)}")
    return 0

"""`dev.py soak`: calls in and out over WSS by the hundred, as many at once as there can be, and cut cables; then the table."""

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path

from bench import report as bench_report
from pbx.bench import AsteriskPbx
from pbx.places import PbxUnavailable

from soak import report
from soak.soak import Plan, soak


def main() -> int:
    """0 when nothing failed and nothing is left, 1 otherwise, 3 where there is no PBX."""
    options = _options()
    plan = Plan(calls=options.calls, cuts=options.cuts, held=options.held, minutes=options.minutes)
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"  # the person's own key store is none of ours
    about = bench_report.machine()
    try:
        with AsteriskPbx() as pbx, tempfile.TemporaryDirectory(prefix="cmsoak-") as scratch:
            found = asyncio.run(soak(pbx, plan, Path(scratch)))
    except PbxUnavailable as error:
        print(f"the soak needs the PBX: {error}", file=sys.stderr)
        return 3
    except AssertionError as error:
        print(f"the soak could not finish: {error}", file=sys.stderr)
        return 1
    print(report.as_json(found, about) if options.json else report.as_table(found, about))
    return 0 if found.well else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dev.py soak", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--calls", type=_count, default=1000)
    parser.add_argument("--cuts", type=_count, default=0, help="how often the PBX's cable is pulled, about 12 s each")
    parser.add_argument("--held", type=_count, default=20, help="how many calls are to be held at once")
    parser.add_argument("--minutes", type=float, default=120.0, help="begin no further call or cut after that long")
    return parser.parse_args()


def _count(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 100_000:
        raise argparse.ArgumentTypeError("give a number from 0 to 100000")
    return number


if __name__ == "__main__":
    sys.exit(main())

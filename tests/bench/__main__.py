"""`dev.py bench`: measures both sides run by run, in turn, and prints the table or the JSON object."""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from pbx.bench import AsteriskPbx
from pbx.places import PbxUnavailable

from bench import browser, platform, report
from bench.product import Product, virtual_sound
from bench.screen import open_screen
from bench.sides import Run, Scene
from bench.values import Results
from bench.wire import Wire

_LEAST_RUNS = 5


def main() -> int:
    """0 with figures, 1 when a side could not be measured, 3 where there is no PBX."""
    options = _options()
    product = Results(name="product", note="real window, virtual sound devices through PipeWire, all built-in plugins on")
    peer = Results(name="jssip_chromium", note=browser.NOTE)
    about = report.machine()
    try:
        if options.only in (None, "platform"):
            platform.measure(product, runs=options.runs)
        if options.only != "platform":
            _measure(options, product, peer)
    except PbxUnavailable as error:
        print(f"the benchmark needs the PBX: {error}", file=sys.stderr)
        return 3
    except (AssertionError, TimeoutError) as error:
        print(f"the benchmark could not finish: {error}", file=sys.stderr)
        return 1
    if options.json:
        print(report.as_json(product, [peer], about))
    elif options.only == "platform":
        print(report.as_table(product, [], about, only_measured=True))
    else:
        print(report.as_table(product, [peer], about))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dev.py bench", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--runs", type=int, default=_LEAST_RUNS, help="counted runs of each side, after one warm-up")
    parser.add_argument("--cpu-seconds", type=float, default=10.0, help="how long processor time is counted")
    parser.add_argument("--only", choices=["product", "jssip_chromium", "platform"], help="leave the others out")
    parser.add_argument("--keep", type=Path, help="keep logs and recordings in this folder")
    return parser.parse_args()


def _measure(options: argparse.Namespace, product: Results, peer: Results) -> None:
    with tempfile.TemporaryDirectory(prefix="cmbench-") as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        with (
            AsteriskPbx() as pbx,
            Wire(f"cmpbx{pbx.number}h", pbx.host) as wire,
            open_screen() as screen,
            virtual_sound() as sound,
        ):
            scene = Scene(pbx=pbx, wire=wire, folder=folder, cpu_seconds=options.cpu_seconds)
            ours = Product(scene, screen, sound)
            ours.set_up()
            sides: dict[str, tuple[Callable[[Run], None], Results]] = {
                "product": (ours.run, product),
                "jssip_chromium": (browser.Browser(scene).run, peer),
            }
            for number in range(options.runs + 1):
                for name, (run, results) in sides.items():
                    if options.only in (None, name):
                        print(f"{name}: {f'run {number}' if number else 'warm-up'}", file=sys.stderr, flush=True)
                        run(Run(number=number, results=results, counts=number > 0))


if __name__ == "__main__":
    sys.exit(main())

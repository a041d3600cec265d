"""The test PBX by hand: ``python3 tests/pbx/pbx.py up``, then ``status``, ``cli``, ``shell``, ``down``.

Runs as root with any Python 3.11 or newer, without the project's environment.
"""

import argparse
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pbx import instance
from pbx.accounts import Dial
from pbx.bench import AsteriskPbx
from pbx.certificates import ServerCertificate
from pbx.config import PbxOptions
from pbx.console import run_command
from pbx.places import PbxUnavailable

_VERSION_TRIES = 50


def main() -> int:
    """Carry out one command; the exit code is 0, or 1 with the reason on standard error."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start a PBX that stays until `down`")
    up.add_argument("--certificate", choices=[c.value for c in ServerCertificate], default="valid")
    up.add_argument("--minimum-expiration", type=int, default=PbxOptions().minimum_expiration)
    up.add_argument("--maximum-expiration", type=int, default=PbxOptions().maximum_expiration)
    for name, text in (("down", "stop it"), ("status", "show what runs and how to register")):
        commands.add_parser(name, help=text).add_argument("--instance", type=int)
    cli = commands.add_parser("cli", help="run an Asterisk console command")
    cli.add_argument("--instance", type=int)
    cli.add_argument("words", nargs="+")
    commands.add_parser("shell", help="the PBX's console, line by line").add_argument("--instance", type=int)
    options = parser.parse_args()
    try:
        return _run(options)
    except (PbxUnavailable, OSError) as error:
        print(f"pbx: {error}", file=sys.stderr)
        return 1


def _run(options: argparse.Namespace) -> int:
    if options.command == "up":
        pbx = AsteriskPbx(
            certificate=ServerCertificate(options.certificate),
            options=PbxOptions(minimum_expiration=options.minimum_expiration, maximum_expiration=options.maximum_expiration),
            lifeline=False,
        )
        pbx.start()
        _show(pbx.number)
        return 0
    if os.geteuid() != 0:
        raise PbxUnavailable("only root can reach the PBX's control socket")
    if options.command == "down":
        numbers = instance.running() if options.instance is None else [options.instance]
        for number in numbers:
            instance.quit_and_wait(number)
        swept = instance.sweep()
        print(f"stopped {len(numbers)}, swept {len(swept)}")
        return 0
    numbers = instance.running()
    if not numbers:
        raise PbxUnavailable("no PBX is up: start one with pbx.py up")
    number = numbers[0] if options.instance is None else options.instance
    run_folder = Path(instance.read_state(number)["home"]) / "run"
    if options.command == "cli":
        print(run_command(run_folder, " ".join(options.words)), end="")
    elif options.command == "shell":
        _shell(run_folder)
    else:
        for each in numbers if options.instance is None else [number]:
            _show(each)
    return 0


def _shell(run_folder: Path) -> None:
    while True:
        try:
            line = input("pbx> ").strip()
        except EOFError:
            print()
            return
        if line in {"quit", "exit"}:
            return
        if line:
            print(run_command(run_folder, line), end="")


def _show(number: int) -> None:
    state = instance.read_state(number)
    home = Path(state["home"])
    accounts = json.loads((home / "accounts.json").read_text(encoding="utf-8"))
    # On a busy machine the command may not be known yet in the moment after the start.
    answers = (run_command(home / "run", "core show version") for _ in range(_VERSION_TRIES))
    version = next((answer for answer in answers if answer.startswith("Asterisk")), "Asterisk").split(" built")[0]
    print(f"instance {number}: {version} at {state['host']}")
    print(f"  udp/tcp 5060, tls 5061, wss 8089 /ws, AMI 5038 and 5039; CA file {home}/ca/ca.pem")
    numbers = {n: v for n, v in vars(Dial).items() if n.isupper()}
    print("  dial: " + ", ".join(f"{value} {name.lower().replace('_', ' ')}" for name, value in numbers.items()))
    print(f"  {'extension':<10}{'SIP user':<10}{'auth user':<11}{'kind':<20}password")
    for user, row in accounts.items():
        print(f"  {row['extension']:<10}{user:<10}{row['auth_user']:<11}{row['kind']:<20}{row['password']}")


if __name__ == "__main__":
    sys.exit(main())

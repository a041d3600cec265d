"""The command line of the doctor: arguments in, steps and exit code out."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from callmanager.api import (
    Account,
    AccountId,
    AudioChoice,
    CallEngine,
    CliCommand,
    Transport,
    TurnServer,
    UserError,
    audio_choice,
)

from callmanager_sip_engine.doctor.report import Step, report_json, step_text, verdict_text

if TYPE_CHECKING:
    from callmanager_sip_engine.doctor.examination import Order

_PASSWORD_LIMIT: Final = 1024


def doctor_command(make_engine: Callable[[], CallEngine]) -> CliCommand:
    """The sub-command; each run gets an engine of its own."""

    async def run(arguments: argparse.Namespace) -> int:
        from callmanager_sip_engine.doctor.examination import Examination

        as_json = bool(arguments.json)

        def tell(step: Step) -> None:
            if not as_json:
                sys.stdout.write(step_text(step) + "\n")
                sys.stdout.flush()

        report = await Examination(_order(arguments), make_engine(), tell).run()
        sys.stdout.write((report_json(report) if as_json else verdict_text(report)) + "\n")
        return int(report.exit_code)

    return CliCommand(
        name="doctor",
        help="check the way to the PBX, from the name to a heard tone, without a window",
        configure=_configure,
        run=run,
    )


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--server", required=True, help="name or address of the PBX")
    parser.add_argument("--port", type=int, help="8089 for wss, 5061 for tls, otherwise 5060")
    parser.add_argument("--transport", choices=[transport.value for transport in Transport], default="wss")
    parser.add_argument("--extension", required=True, help="the number people dial to reach you")
    parser.add_argument("--password-stdin", action="store_true", help="read the password from the first line of standard input")
    parser.add_argument("--sip-user", default="", help="where it differs from the extension")
    parser.add_argument("--auth-user", default="", help="where it differs from the SIP user")
    parser.add_argument("--path", default="/ws", help="WebSocket path")
    parser.add_argument("--ca-file", type=Path, help="PEM file of your own certificate authority")
    parser.add_argument("--stun", action="append", default=[], help="STUN server, may be repeated")
    parser.add_argument(
        "--turn", action="append", default=[], help="TURN server, may be repeated; credentials come from Settings only"
    )
    parser.add_argument("--call", default="", metavar="NUMBER", help="place a test call, e.g. to the echo extension")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long to listen in the test call")
    parser.add_argument(
        "--audio", type=_audio, default="none", metavar="none|device|file:IN.wav,OUT.wav", help="where sound comes from"
    )
    parser.add_argument("--json", action="store_true", help="one object for programs instead of lines for people")


def _audio(text: str) -> AudioChoice:
    try:
        return audio_choice(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _order(arguments: argparse.Namespace) -> "Order":
    from callmanager_sip_engine.doctor.examination import Order

    transport = Transport(arguments.transport)
    account = Account(
        id=AccountId("doctor"),
        extension=arguments.extension,
        server=arguments.server,
        port=arguments.port or transport.default_port,
        transport=transport,
        sip_user=arguments.sip_user,
        auth_user=arguments.auth_user,
        websocket_path=arguments.path,
        stun_servers=tuple(arguments.stun),
        turn_servers=tuple(TurnServer(url=url) for url in arguments.turn),
        ca_file=arguments.ca_file,
    )
    return Order(
        account=account,
        password=_password(from_stdin=arguments.password_stdin),
        call=arguments.call,
        seconds=max(0.0, arguments.seconds),
        audio=arguments.audio,
    )


def _password(*, from_stdin: bool) -> str:
    """From standard input, or asked for on a terminal; never from the command line, where everybody can read it."""
    if not from_stdin and sys.stdin.isatty():
        import getpass

        return getpass.getpass("Password: ")
    if not from_stdin:
        raise UserError("the password is missing", "Give --password-stdin and write it to standard input.")
    password = sys.stdin.readline(_PASSWORD_LIMIT).rstrip("\r\n")
    if not password:
        raise UserError("no password came on standard input", "Write it there, followed by a line feed.")
    return password

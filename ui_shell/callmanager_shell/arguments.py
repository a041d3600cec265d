"""The command line, parsed without Qt and without the application: options, a command, or a link to call."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

if TYPE_CHECKING:
    import argparse

    from callmanager.api import AudioChoice
    from callmanager.app import AppOptions

VERBS: Final = {
    "dial": "call a number, a SIP address or a link",
    "hangup": "end the active call",
    "answer": "answer the call that waits longest",
    "keypad": "send digits in the active call",
    "status": "tell what the phone is doing",
    "show": "bring the window to the front",
    "quit": "end the running phone",
    "screenshot": "save a picture of the window",
}
"""Handed to the running phone."""

_LINK: Final = re.compile(r"^(tel|sips?|callto):", re.IGNORECASE)
_WITH_VALUE: Final = frozenset({"--profile", "--audio", "--log-level", "--record"})
LOG_LEVELS: Final = ("debug", "info", "warning", "error")


@attrs.frozen(kw_only=True)
class Launch:
    """What the command line asks for. `command` is empty for a plain start; `rest` is what follows a plugin's command."""

    profile: Path | None = None
    demo: bool = False
    audio: str = ""
    log_level: str = "info"
    hidden: bool = False
    record: Path | None = None
    command: str = ""
    argument: str = ""
    json: bool = False
    link: bool = False
    rest: tuple[str, ...] = ()

    def options(self) -> AppOptions:
        """As the application wants them; raises `ValueError` for an unusable `--audio`."""
        from callmanager.app import AppOptions

        return AppOptions(
            profile=self.profile,
            demo=self.demo,
            audio=audio_override(self.audio),
            log_level=self.log_level,
            record=self.record,
        )


def audio_override(text: str) -> AudioChoice | None:
    """What stands in for the devices of Settings; nothing for an empty text and `device`. Raises `ValueError`."""
    from callmanager.api import audio_choice

    return None if text in {"", "device"} else audio_choice(text)


def parse(arguments: Sequence[str]) -> Launch:
    """Understand the command line; exits like argparse does for wrong usage and after `--help` and `--version`."""
    if not arguments:
        return Launch()
    position = _first_positional(arguments)
    word = arguments[position] if position is not None else ""
    if position is None and not {"-h", "--help"} & set(arguments):
        return _launch(_options_parser(with_help=False).parse_args(list(arguments)))
    if position is not None and word and word not in VERBS and not _LINK.match(word):
        # a plugin's command: everything behind it is the plugin's own
        values = _options_parser(with_help=False).parse_args(list(arguments[:position]))
        return _launch(values, command=word, rest=tuple(arguments[position + 1 :]))
    if _LINK.match(word):
        assert position is not None
        values = _options_parser(with_help=True).parse_args([*arguments[:position], *arguments[position + 1 :]])
        return _launch(values, command="dial", argument=word, link=True)
    values = _full_parser().parse_args(list(arguments))
    argument = next((getattr(values, name) for name in ("number", "digits", "file") if hasattr(values, name)), "")
    return _launch(values, command=values.command or "", argument=argument)


def plugin_parser(command: str, help_text: str) -> argparse.ArgumentParser:
    """For a plugin to add its arguments to."""
    import argparse

    return argparse.ArgumentParser(prog=f"callmanager {command}", description=help_text)


def _first_positional(arguments: Sequence[str]) -> int | None:
    skip = False
    for index, argument in enumerate(arguments):
        if skip:
            skip = False
        elif argument in _WITH_VALUE:
            skip = True
        elif not argument.startswith("-"):
            return index
    return None


def _launch(
    values: argparse.Namespace, *, command: str = "", argument: str = "", link: bool = False, rest: tuple[str, ...] = ()
) -> Launch:
    return Launch(
        profile=values.profile,
        demo=values.demo,
        audio=values.audio,
        log_level=values.log_level,
        hidden=values.hidden,
        record=values.record,
        command=command,
        argument=argument,
        json=getattr(values, "json", False),
        link=link,
        rest=rest,
    )


def _options_parser(*, with_help: bool, defaults: bool = True) -> argparse.ArgumentParser:
    import argparse

    from callmanager import __version__

    parser = argparse.ArgumentParser(
        prog="callmanager", add_help=with_help, argument_default=None if defaults else argparse.SUPPRESS
    )

    def default(value: object) -> object:
        return value if defaults else argparse.SUPPRESS

    parser.add_argument(
        "--profile", metavar="DIR", type=Path, default=default(None), help="keep every file of the phone under DIR"
    )
    parser.add_argument(
        "--demo", action="store_true", default=default(False), help="a rehearsal office on this computer, no PBX needed"
    )
    parser.add_argument(
        "--audio",
        metavar="KIND",
        type=_audio,
        default=default(""),
        help="none, device, or file:IN.wav,OUT.wav instead of the devices",
    )
    parser.add_argument("--hidden", action="store_true", default=default(False), help="start in the tray, without the window")
    parser.add_argument(
        "--record",
        metavar="FILE",
        type=Path,
        default=default(None),
        help="write the session's events to FILE for plugin authors, with numbers, names and texts masked",
    )
    parser.add_argument("--log-level", choices=LOG_LEVELS, default=default("info"), help="how much is written to the log")
    if defaults:
        parser.add_argument("--version", action="version", version=f"PC CallManager {__version__}")
    return parser


def _full_parser() -> argparse.ArgumentParser:
    import argparse

    from callmanager_shell.exit_codes import EPILOG

    common = _options_parser(with_help=False, defaults=False)
    top = _options_parser(with_help=False)
    parser = argparse.ArgumentParser(
        prog="callmanager",
        parents=[top],
        description="A softphone for VitalPBX and other Asterisk PBXes. Without a command it starts, or shows the running one.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands for the running phone")
    for verb, words in VERBS.items():
        sub = commands.add_parser(verb, help=words, description=f"{words[0].upper()}{words[1:]}.", parents=[common])
        if verb == "dial":
            sub.add_argument("number", metavar="NUMBER")
        elif verb == "keypad":
            sub.add_argument("digits", metavar="DIGITS")
        elif verb == "screenshot":
            sub.add_argument("file", metavar="FILE")
        elif verb == "status":
            sub.add_argument("--json", action="store_true", help="one JSON object for programs")
    return parser


def _audio(text: str) -> str:
    import argparse

    try:
        audio_override(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text

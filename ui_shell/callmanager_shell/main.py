"""`callmanager`: start the phone, or hand what was asked to the running one. Imports little, so that both are quick."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from callmanager_shell.arguments import VERBS, Launch, parse
from callmanager_shell.exit_codes import ExitCode

if TYPE_CHECKING:
    from callmanager.app import Application

_NEEDS_NONE_RUNNING: Final = frozenset({"", "dial", "show"})
"""Commands that start the phone when none runs."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The program; returns its exit code."""
    started = time.monotonic()
    # Nothing that is loaded becomes garbage: looking for some takes a twentieth of the start. `run` lets it begin again.
    gc.disable()
    try:
        return _main(arguments, started)
    finally:
        gc.enable()


def _main(arguments: Sequence[str] | None, started: float) -> int:
    launch = parse(sys.argv[1:] if arguments is None else arguments)
    if launch.command and launch.command not in VERBS:
        return _plugin_command(launch)
    from callmanager_shell.endpoint import UnsafeFolder, endpoint_name

    try:
        endpoint = endpoint_name(profile=launch.profile, demo=launch.demo)
    except (UnsafeFolder, OSError) as error:
        return _complain(str(error), ExitCode.CANNOT_START)
    handed = _hand_over(launch, endpoint)
    if handed is not None:
        if launch.record is not None:
            return _complain("a phone that runs already can't be recorded; quit it first", ExitCode.REFUSED)
        return handed
    if launch.command not in _NEEDS_NONE_RUNNING:
        return _complain("no phone is running; start it with “callmanager”", ExitCode.NOT_RUNNING)
    return _start(launch, endpoint, started)


def _hand_over(launch: Launch, endpoint: str) -> int | None:
    """Ask the running phone; none when there is no running phone."""
    from callmanager_shell.client import NoAnswer, NotRunning, ask
    from callmanager_shell.wire import Request

    verb = launch.command or "show"
    try:
        if launch.link:
            ask(endpoint, Request(verb="show"))
        reply = ask(endpoint, Request(verb=verb, arguments=_texts(launch)))
    except NotRunning:
        return None
    except NoAnswer as error:
        return _complain(f"the running phone does not answer: {error}", ExitCode.NO_ANSWER)
    if not reply.ok:
        return _complain(" – ".join(filter(None, (reply.text, reply.hint))), ExitCode.REFUSED)
    if verb == "status":
        from callmanager_shell.status_text import status_lines

        _say(reply.text if launch.json else status_lines(reply.text))
    elif launch.command:
        _say(reply.text)
    return ExitCode.DONE


def _texts(launch: Launch) -> tuple[str, ...]:
    if launch.command == "screenshot":
        from pathlib import Path

        return (str(Path(launch.argument).absolute()),)
    return (launch.argument,) if launch.command in {"dial", "keypad"} else ()


def _start(launch: Launch, endpoint: str, started: float) -> int:
    if not _has_display():
        return _complain(
            "there is no display for the window (DISPLAY and WAYLAND_DISPLAY are not set); "
            "start from a desktop session, or use a virtual display such as Xvfb",
            ExitCode.NO_DISPLAY,
        )
    app = _build(launch)
    if app is None:
        return ExitCode.CANNOT_START
    app.prepare()  # the engine's process starts while Qt is being imported
    from callmanager_shell.qt_imports import import_qt

    import_qt()
    from callmanager_shell.run import run

    dial = launch.argument if launch.command == "dial" else ""
    return app.leave(run(app, endpoint, hidden=launch.hidden, dial=dial, started=started))


def _build(launch: Launch) -> Application | None:
    from callmanager.api import UserError
    from callmanager.app import Application

    try:
        return Application(launch.options())
    except UserError as error:
        _complain(" – ".join(filter(None, (error.text, error.hint))), ExitCode.CANNOT_START)
        return None


def _plugin_command(launch: Launch) -> int:
    """Run a plugin's command without a window and without Qt."""
    import asyncio

    from callmanager_shell.arguments import plugin_parser

    app = _build(launch)
    if app is None:
        return ExitCode.CANNOT_START

    async def command() -> int:
        owned = next((owned for owned in app.cli_commands() if owned.value.name == launch.command), None)
        if owned is None:
            known = ", ".join([*VERBS, *(owned.value.name for owned in app.cli_commands())])
            return _complain(f"there is no command “{launch.command}”; known are {known}", ExitCode.USAGE)
        parser = plugin_parser(owned.value.name, owned.value.help)
        owned.value.configure(parser)
        values = parser.parse_args(list(launch.rest))
        try:
            return await owned.value.run(values)
        except UserError as error:
            return _complain(" – ".join(filter(None, (error.text, error.hint))), ExitCode.REFUSED)

    async def run() -> int:
        try:
            code = await command()
        finally:
            await app.stop()
        return app.leave(code)

    from callmanager.api import UserError

    try:
        return asyncio.run(run())
    except KeyboardInterrupt:
        return 130


def _has_display() -> bool:
    """Whether a window can be shown; a platform plugin without a display may be asked for on purpose (tests, pictures)."""
    if sys.platform in {"win32", "darwin"}:
        return True
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return any(os.environ.get(name) for name in names)


def _say(text: str) -> None:
    if sys.stdout is not None and text:  # none in a windowed program on Windows
        sys.stdout.write(text + "\n")


def _complain(text: str, code: ExitCode) -> int:
    if sys.stderr is not None:
        sys.stderr.write(f"callmanager: {text}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())

"""Renders the window's states into a folder to look at: `python tests/ui_shell/shots.py FOLDER [light|dark] [NAME…]`.

Runs by hand, offscreen or under Xvfb; `QT_SCALE_FACTOR=2` gives the pictures of a dense screen. The application is the real
one, on the fake engine of the test kit, which tells it what a PBX would.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import attrs
import shots_numbers
from shots_calls import SCENES as SEVERAL_CALLS
from shots_calls import Switchboard
from shots_parking import SCENES as PARKING
from shots_parking import ParkingLot

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


async def _talk(harness: Any, number: str, name: str, *, loss: float = 0.0, mos: float = 4.4, seconds: int = 252) -> Any:
    from callmanager.api import CallMedia, CallMediaReported, CallPartyReported, CallStatistics, CallStatisticsReported, Party

    call_id = harness.app.calls.dial(number)
    await harness.until(lambda: harness.app.calls.get(call_id).state.value == "progress")
    harness.engine.far_end_answers(call_id)
    harness.engine.report(CallPartyReported(call_id=call_id, remote=Party(number=number, name=name)))
    harness.engine.report(
        CallMediaReported(call_id=call_id, media=CallMedia(codec="G722", clock_rate=16000, encrypted=True, flowing=True))
    )
    harness.engine.report(
        CallStatisticsReported(
            call_id=call_id, statistics=CallStatistics(loss_percent=loss, jitter_ms=3, round_trip_ms=21, mos=mos)
        )
    )
    harness.clock.advance(seconds)
    await harness.settle()
    return call_id


@attrs.frozen(kw_only=True)
class Stage:
    harness: Any
    window: Any
    services: Any
    folder: Path
    suffix: str

    async def shot(self, name: str, *, size: tuple[int, int] = (480, 720), widget: Any = None) -> None:
        from PySide6.QtWidgets import QApplication

        target = widget or self.window
        if widget is None:
            self.window.resize(*size)
        for card in self.window.strip.cards():
            card.tick(self.harness.clock())
        await asyncio.sleep(0.12)
        QApplication.processEvents()
        target.grab().save(str(self.folder / f"{name}-{self.suffix}.png"))


async def ready(stage: Stage) -> None:
    await stage.harness.connect()
    await stage.shot("ready")


async def first_launch(stage: Stage) -> None:
    await stage.shot("welcome")
    stage.window.open_settings()
    await stage.shot("first-launch")
    await stage.shot("first-launch-narrow", size=(380, 640))


async def in_call(stage: Stage) -> None:
    await stage.harness.connect()
    await _talk(stage.harness, "5550134477", "Tomás Medina", seconds=97)
    await _talk(stage.harness, "5550104477", "Dana Kowalski")
    await stage.shot("call")
    await stage.shot("call-narrow", size=(380, 620))
    await stage.shot("call-wide", size=(1080, 760))
    call = stage.window.strip.active_call()
    stage.window.strip.run_shortcut("Ctrl+M")
    await asyncio.sleep(0.05)
    await stage.shot("call-muted")
    for digit in "1234":
        stage.harness.app.calls.send_digits(call.id, digit)
    await stage.harness.settle()
    card = stage.window.strip.cards()[0]
    stage.window.open_keypad(call.id, card)
    from callmanager_shell.keypad import Keypad

    pad = stage.window.findChild(Keypad)
    for digit in "56#":
        pad.send(digit)
    await stage.shot("keypad", widget=pad)
    pad.close()


async def states(stage: Stage) -> None:
    from callmanager.api import CallHoldReported, EndCause, Failure, FailureKind

    await stage.harness.connect()
    first = await _talk(stage.harness, "2004", "Marcus Hale", loss=3.1, mos=3.4)
    stage.harness.engine.report(CallHoldReported(call_id=first, held=False, remote_held=True))
    stage.harness.engine.arrive("5550170022", "Ruth Feld", called="2001")
    other = stage.harness.app.calls.dial("6004")
    await stage.harness.settle()
    stage.harness.engine.finish(other, EndCause.FAILED, Failure(kind=FailureKind.BUSY, sip_code=486))
    dialled = stage.harness.app.calls.dial("6003")
    await stage.harness.settle()
    assert dialled
    await stage.shot("states")
    await stage.shot("states-narrow", size=(380, 720))


async def offline(stage: Stage) -> None:
    from callmanager.api import CertificateEvidence, Failure, FailureKind, RegistrationState

    await stage.harness.connect()
    evidence = CertificateEvidence(
        subject="CN=pbx.example.com",
        issuer="CN=Example Office CA",
        sha256=":".join(["AB", "12", "7F", "E0"] * 8),
        not_before="2024-01-01",
        not_after="2025-01-01",
        problem="certificate has expired",
    )
    failure = Failure(kind=FailureKind.TLS, detail="certificate verify failed", certificate=evidence)
    stage.harness.engine.register(RegistrationState.FAILED, failure)
    await stage.shot("offline")
    stage.window.open_settings()
    await stage.shot("offline-settings", size=(480, 900))
    stage.window.close_settings()
    stage.window.show_connection()
    from callmanager_shell.connection_popover import ConnectionPopover

    popover = stage.window.findChild(ConnectionPopover)
    await stage.shot("offline-popover", widget=popover)
    popover.close()


async def settings(stage: Stage) -> None:
    await stage.harness.connect()
    stage.window.open_settings()
    page = stage.window.settings_page
    connection = page.card("connection")
    await stage.shot("settings", size=(480, 1100))
    connection.body.form.fold_button.click()
    await stage.shot("settings-advanced", size=(520, 1500))
    connection.expand(False)
    await stage.shot("settings-audio", size=(480, 1100))


LOCKED_SITE = """
[connection]
server = "pbx.office.example"
ca_file = "/etc/ssl/office.pem"
[audio]
ringer_volume = 0.7
[lock]
keys = [
  "connection.server", "connection.port", "connection.transport", "connection.ca_file", "connection.stun_servers",
  "audio.ringer_volume", "audio.microphone", "audio.noise_suppression", "appearance.close_to_tray", "connection.turn_password",
]
[hide]
keys = ["connection.turn_user", "connection.sip_user"]
"""


async def locked(stage: Stage) -> None:
    stage.window.open_settings()
    page = stage.window.settings_page
    page.card("connection").body.form.fold_button.click()
    for section in ("audio", "appearance"):
        page.card(section).expand(True)
    page.card("audio").body.form.fold_button.click()
    await stage.shot("locked", size=(480, 2000))
    await stage.shot("locked-narrow", size=(380, 2000))


async def incoming(stage: Stage) -> None:
    from callmanager_shell.incoming import IncomingPop

    await stage.harness.connect()
    pop = IncomingPop(stage.services)
    stage.harness.engine.arrive("5550104477", "Dana Kowalski", called="2001")
    await stage.shot("incoming", widget=pop)
    stage.harness.engine.arrive("5550170022", "")
    await stage.shot("incoming-two", widget=pop)
    pop.close_down()
    pop.deleteLater()


async def toasts(stage: Stage) -> None:
    from callmanager.api import Severity

    await stage.harness.connect()
    stage.services.toast("PC CallManager keeps running in the tray.", hint="Calls still reach you. Quit from the tray icon.")
    stage.services.toast("The line is busy.", hint="Try again later.", severity=Severity.ERROR)
    stage.harness.app.problems.raise_problem(
        "engine", "The call engine stopped.", hint="It is started again by itself.", details="exit code -9"
    )
    stage.window.dial("abc")
    stage.window.dial_field.edit.setText("abc")
    stage.window.dial_field.show_error(
        "“abc” is not a number that can be called. Type digits, * and #, with a leading + for abroad."
    )
    stage.window.dial_field.edit.setFocus()
    await stage.shot("toasts")


async def _platform(stage: Stage) -> None:
    """Connected, with what the office's plugins add."""
    await stage.harness.connect()
    await stage.harness.until(lambda: stage.window.guests.panels.widget(0).content is not None)


async def _customer(stage: Stage) -> Any:
    call_id = await _talk(stage.harness, "5550104477", "Dana Kowalski", seconds=48)
    await stage.harness.until(lambda: bool(stage.services.callers.details(call_id)))
    return call_id


async def panels(stage: Stage) -> None:
    await _platform(stage)
    await stage.shot("panels")
    await stage.shot("panels-wide", size=(1080, 760))
    await _customer(stage)
    await stage.shot("platform-wide", size=(1080, 760))
    await stage.shot("platform", size=(480, 860))
    await stage.shot("platform-narrow", size=(380, 700))
    stage.window.guests.side.panels()[0].head.click()
    await stage.shot("platform-narrow-open", size=(380, 860))
    stage.window.guests.panels.setCurrentIndex(2)
    await stage.shot("panel-failed", size=(1080, 620))


async def caller(stage: Stage) -> None:
    from callmanager_shell.incoming import IncomingPop

    await _platform(stage)
    pop = IncomingPop(stage.services)
    first = stage.harness.engine.arrive("5550104477", "Dana Kowalski", called="2001")
    await stage.harness.until(lambda: bool(stage.services.callers.details(first)))
    await stage.shot("incoming-caller", widget=pop)
    await stage.shot("ringing-caller")
    stage.harness.engine.arrive("5550170022", "Ruth Feld", called="2001")
    await stage.harness.settle()
    await stage.shot("incoming-caller-two", widget=pop)
    pop.close_down()
    pop.deleteLater()


async def palette(stage: Stage) -> None:
    await _platform(stage)
    await _customer(stage)
    stage.window.guests.desk.recent = ("crm/today", "core/theme")
    stage.window.guests.desk.toggle()
    await stage.shot("palette", size=(480, 720))
    await stage.shot("palette-narrow", size=(380, 620))
    await stage.shot("palette-wide", size=(1080, 760))
    stage.window.guests.desk.palette.field.setText("set")
    await stage.shot("palette-search", size=(640, 620))
    stage.window.guests.desk.palette.field.setText("zzz")
    await stage.shot("palette-nothing", size=(640, 620))
    stage.window.guests.desk.palette.close_overlay()


async def questions(stage: Stage) -> None:
    from callmanager.api import Contact, NumberKind, PhoneNumber, contact_id
    from callmanager_shell.kit import ShellKit

    await _platform(stage)
    kit = ShellKit(stage.services, "crm")
    asked = asyncio.ensure_future(
        kit.confirm(
            stage.window,
            title="Delete this note?",
            text="The note about Dana Kowalski is deleted for everybody in your company. That can't be undone.",
            action="Delete note",
            destructive=True,
        )
    )
    await stage.harness.settle()
    await stage.shot("confirm", size=(480, 620))
    asked.cancel()
    await stage.harness.settle()
    contact = Contact(
        id=contact_id("crm", "1"),
        source_id="crm",
        name="Dana Kowalski",
        extension="2004",
        numbers=(PhoneNumber(number="5550104477", kind=NumberKind.MOBILE),),
    )
    menu = kit.contact_menu(stage.window, contact)
    menu.popup(stage.window.mapToGlobal(stage.window.rect().center()))
    await stage.shot("contact-menu", widget=menu)
    menu.close()


SITE_OF_PLUGINS = """
[plugins]
refused = ["exits"]
forced = ["healthy"]
[plugins.permissions.leaks]
contacts = false
"""


async def plugins(stage: Stage) -> None:
    """Good and bad ones, from real distributions in a folder."""
    from callmanager.extensions.discovery import discover
    from contract import bad_plugins
    from contract.bad_plugins import named

    wanted = ("healthy", "leaks", "import_error", "raises", "exits", "panel", "endless", "wrong_signature")
    with tempfile.TemporaryDirectory() as folder, bad_plugins.cleaned_up():
        bad_plugins.write(Path(folder), *(named(name) for name in wanted))
        found = [candidate for candidate in discover([Path(folder)]) if candidate.id != "call_control"]
        host = stage.harness.app.plugins
        host.load(found)
        host.started()
        await stage.harness.connect()
        for _ in range(3):
            stage.harness.app.calls.dial("6001")
            await stage.harness.settle()
            for call in stage.harness.app.calls.current():
                stage.harness.app.calls.hang_up(call.id)
            await stage.harness.settle()
        for card in stage.window.strip.cards():
            stage.window.strip._remove(card.call.id)
        await host.disable("endless")
        for toast in stage.services.toasts.current():
            stage.services.toasts._dismiss(toast)
        stage.window.open_settings()
        page = stage.window.settings_page
        for section in ("connection", "audio", "appearance"):
            page.card(section).expand(False)
        await stage.shot("plugins-folded", size=(480, 500))
        page.card("plugins").expand(True)
        await stage.shot("plugins", size=(480, 1500))
        await stage.shot("plugins-narrow", size=(380, 1600))
        await stage.shot("plugins-wide", size=(1080, 1300))
        section = page.card("plugins").body
        for name in ("leaks", "import_error", "endless", "exits"):
            section.row(name).fold.toggle()
        await stage.shot("plugins-details", size=(480, 3000))
        await stage.shot("plugins-details-narrow", size=(380, 3400))
        for name in ("leaks", "import_error", "endless", "exits"):
            section.row(name).fold.toggle()
        section.row("call_control").set_busy(True)
        section.filter.setText("call")
        await stage.shot("plugins-filter", size=(480, 800))
        section.filter.setText("fax machine")
        await stage.shot("plugins-none", size=(480, 600))
        bad_plugins.let_go()
        await asyncio.sleep(0.1)


WITH_PLUGINS = (panels, caller, palette, questions)
"""These show what an office's own plugins add; the others the bare window."""

SITES = {locked: LOCKED_SITE, plugins: SITE_OF_PLUGINS}

NUMBERS = tuple(getattr(shots_numbers, name) for name in shots_numbers.SCENES)

SCENES: tuple[Callable[[Stage], Awaitable[None]], ...] = (
    ready, first_launch, in_call, states, offline, settings, locked, plugins, incoming, toasts,
    panels, caller, palette, questions, *SEVERAL_CALLS, *PARKING, *NUMBERS,
)  # fmt: skip


async def _play(scene: Callable[[Stage], Awaitable[None]], folder: Path, theme: str, app: Any) -> None:
    from callmanager.testing.harness import running
    from callmanager_call_control.plugin import CallControl
    from callmanager_shell.look import Look
    from callmanager_shell.shell import make_services
    from callmanager_shell.window import MainWindow

    with tempfile.TemporaryDirectory() as profile:
        if scene in SITES:
            (Path(profile) / "site").mkdir()
            (Path(profile) / "site" / "site.toml").write_text(SITES[scene], encoding="utf-8")
        built: dict[str, Any] = {"call_control": CallControl}
        if scene in SEVERAL_CALLS:
            from callmanager_call_control.conference.plugin import Conference
            from callmanager_call_control.transfer.plugin import Transfer

            built |= {"transfer": Transfer, "conference": Conference, "switchboard": Switchboard}
        if scene in PARKING:
            from callmanager_call_control.parking.plugin import ParkingControl

            built |= {"parking": ParkingControl, "parking_lot": ParkingLot}
        if scene in NUMBERS:
            built |= shots_numbers.PLUGINS
        if scene in WITH_PLUGINS:
            from shots_office import Crm, Office

            built |= {"office": Office, "crm": Crm}
        async with running(Path(profile), plugins=built) as harness:
            records = harness.app.plugins.records
            harness.app.plugins.records = lambda: tuple(
                attrs.evolve(record, distribution="acme-crm") if record.id == "crm" else record for record in records()
            )
            look = Look(app, choice=theme)
            services = make_services(harness.app, look, clock=harness.clock)
            window = MainWindow(services, version="0.1.0")
            window.show()
            stage = Stage(harness=harness, window=window, services=services, folder=folder, suffix=theme)
            try:
                await scene(stage)
            finally:
                window.close_down()
                await services.tasks.stop()
                window.close()
                window.deleteLater()


def main() -> None:
    import callmanager.app
    import callmanager.contacts.directory
    from PySide6.QtWidgets import QApplication
    from qasync import QEventLoop

    # a picture handles Qt's events while a task runs: nothing may begin by itself there
    callmanager.app._WINDOW_FIRST = 3600.0
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    themes = [sys.argv[2]] if len(sys.argv) > 2 else ["light", "dark"]
    app = QApplication([])
    app.setQuitOnLastWindowClosed(False)
    with QEventLoop(app) as loop:
        for theme in themes:
            for scene in SCENES:
                if len(sys.argv) <= 3 or scene.__name__ in sys.argv[3:]:
                    # those of several calls wait for their contacts before they take the first picture
                    callmanager.contacts.directory.AFTER_START = 0.0 if scene in SEVERAL_CALLS else 3600.0  # type: ignore[misc]
                    loop.run_until_complete(_play(scene, folder, theme, app))


if __name__ == "__main__":
    main()

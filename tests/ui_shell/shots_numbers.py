"""Pictures of blocked numbers, caller ID, do not disturb and to voicemail, for `shots.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from callmanager_call_control.blocking.plugin import Blocking
from callmanager_call_control.caller_id.plugin import CallerId
from callmanager_call_control.do_not_disturb.plugin import DoNotDisturb
from callmanager_call_control.voicemail_transfer.plugin import VoicemailTransfer

if TYPE_CHECKING:
    from shots import Stage

PLUGINS: dict[str, Any] = {
    "blocking": Blocking,
    "caller_id": CallerId,
    "do_not_disturb": DoNotDisturb,
    "voicemail_transfer": VoicemailTransfer,
}
SCENES = ("blocking", "caller_id", "do_not_disturb", "voicemail_transfer")


def _instance(stage: Stage, name: str) -> Any:
    return stage.harness.app.plugins._entries[name].instance


def _only(page: Any, section: str) -> Any:
    for card in page._cards:
        card.expand(card.section_id == section)
    return page.card(section)


async def blocking(stage: Stage) -> None:
    from callmanager.api import DialingSettings
    from callmanager_call_control.blocking.panel import BlockedNumbers
    from callmanager_shell.incoming import IncomingPop
    from PySide6.QtWidgets import QMenu

    stage.harness.app.settings.update(DialingSettings, country="US")
    await stage.harness.connect()
    desk = _instance(stage, "blocking").desk
    stage.window.open_settings("blocking")
    page = stage.window.settings_page
    card = _only(page, "blocking")
    await stage.shot("blocking-empty", size=(480, 720))
    for text, note in (
        ("+15550100142", "Kept calling about a car warranty"),
        ("+1900*", "Premium numbers"),
        ("2040", ""),
        ("+15550100199", "Window Sales"),
    ):
        await desk.add(text, note=note)
    for _ in range(3):
        stage.harness.engine.arrive("5550100199", "Window Sales")
    await stage.harness.until(lambda: any(entry.refused == 3 for entry in desk.entries))
    for toast in stage.services.toasts.current():
        stage.services.toasts._dismiss(toast)
    view = card.body.findChild(BlockedNumbers)
    view.list.setCurrentIndex(view.list.model().index(1, 0))
    await stage.shot("blocking-list", size=(480, 820))
    await stage.shot("blocking-list-narrow", size=(380, 820))
    card.body.form.fold_button.click()
    view.number.setText("911")
    await view.add()
    await stage.shot("blocking-advanced", size=(640, 1100))
    await desk.unblock(desk.entries[:2])
    stage.window.close_settings()
    stage.harness.engine.arrive("5550100142", "")
    await stage.shot("blocking-toasts", size=(480, 640))
    pop = IncomingPop(stage.services)
    stage.harness.engine.arrive("5550104477", "Dana Kowalski", called="2001")
    await stage.shot("blocking-pop", widget=pop)
    pop._show_more(pop.cards()[0])
    await stage.shot("blocking-pop-menu", widget=pop.findChild(QMenu))
    pop.findChild(QMenu).close()
    pop.close_down()
    pop.deleteLater()


async def caller_id(stage: Stage) -> None:
    from callmanager.api import DialingSettings
    from callmanager_call_control.caller_id.settings import CallerIdSettings
    from callmanager_shell.incoming import IncomingPop
    from PySide6.QtWidgets import QMenu, QPushButton

    settings = stage.harness.app.settings
    settings.update(DialingSettings, country="US")
    numbers = ("Main office <+15550100100>", "Support <+15550100150>", "London <+442079460000>")
    settings.update(CallerIdSettings, numbers=numbers, active="Main office", rules=("+44* = London", "2001 = default"))
    await stage.harness.connect()
    desk = _instance(stage, "caller_id").desk
    await stage.shot("caller-id")
    await stage.shot("caller-id-narrow", size=(380, 620))
    await stage.shot("caller-id-wide", size=(1080, 700))
    button = stage.window.header.findChild(QPushButton, "callerId")
    button.click()
    menu = button.findChildren(QMenu)[0]
    await stage.shot("caller-id-menu", widget=menu)
    menu.close()
    desk.choose_next("Support")
    await stage.shot("caller-id-next")
    stage.window.open_settings("caller_id")
    card = _only(stage.window.settings_page, "caller_id")
    await stage.shot("caller-id-settings", size=(480, 760))
    card.body.form.fold_button.click()
    await stage.shot("caller-id-advanced", size=(560, 1000))
    stage.window.close_settings()
    pop = IncomingPop(stage.services)
    call_id = stage.harness.engine.arrive("5550104477", "Dana Kowalski", called="5550100150")
    await stage.harness.until(lambda: bool(stage.services.callers.details(call_id)))
    await stage.shot("caller-id-pop", widget=pop)
    pop.close_down()
    pop.deleteLater()


async def do_not_disturb(stage: Stage) -> None:
    from callmanager.api import DialingSettings
    from callmanager_call_control.caller_id.settings import CallerIdSettings
    from PySide6.QtWidgets import QMenu, QPushButton

    stage.harness.app.settings.update(DialingSettings, country="US")
    stage.harness.app.settings.update(CallerIdSettings, numbers=("Main office <+15550100100>",), active="Main office")
    await stage.harness.connect()
    desk = _instance(stage, "do_not_disturb").desk
    await stage.shot("dnd-off")
    button = stage.window.header.findChild(QPushButton, "doNotDisturb")
    button.click()
    menu = button.findChildren(QMenu)[0]
    await stage.shot("dnd-menu", widget=menu)
    menu.close()
    desk.turn_on()
    await stage.shot("dnd-on")
    stage.harness.engine.arrive("5550104477", "Dana Kowalski")
    stage.harness.engine.arrive("2004", "Marcus Hale")
    await stage.shot("dnd-on-missed", size=(720, 640))
    await stage.shot("dnd-on-narrow", size=(380, 640))
    desk.turn_off()
    await stage.shot("dnd-ended")
    stage.window.open_settings("do_not_disturb")
    card = _only(stage.window.settings_page, "do_not_disturb")
    card.body.fold_button.click()
    await stage.shot("dnd-settings", size=(480, 980))


async def voicemail_transfer(stage: Stage) -> None:
    from callmanager_shell.incoming import IncomingPop

    await stage.harness.connect()
    pop = IncomingPop(stage.services)
    stage.harness.engine.arrive("5550104477", "Dana Kowalski", called="2001")
    await stage.shot("to-vm-pop", widget=pop)
    await stage.shot("to-vm-card", size=(640, 480))
    await stage.shot("to-vm-card-narrow", size=(380, 480))
    stage.window.strip.run_shortcut("Ctrl+Shift+V")
    await stage.shot("to-vm-sent", size=(480, 480))
    stage.window.open_settings("voicemail_transfer")
    _only(stage.window.settings_page, "voicemail_transfer")
    await stage.shot("to-vm-settings", size=(480, 720))
    pop.close_down()
    pop.deleteLater()

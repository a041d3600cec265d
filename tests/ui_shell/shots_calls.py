"""Scenes of several calls: transfers in every stage, asking first, conferences, the dialog, a card that is dragged."""

from __future__ import annotations

from typing import Any

from callmanager.api import (
    CallHoldReported,
    CallMedia,
    CallMediaReported,
    CallMuteReported,
    CallPartyReported,
    CallRequest,
    CallStatistics,
    CallStatisticsReported,
    ConferenceReported,
    ContactSource,
    EndCause,
    Failure,
    FailureKind,
    Handle,
    Party,
    Permissions,
    Presence,
    PresenceSource,
    PresenceStatus,
    hookimpl,
)
from callmanager.testing import FakeContactSource
from callmanager.testing.live_sources import FakePresenceSource

WIDTHS = {"": (480, 560), "-narrow": (380, 560), "-wide": (1080, 560)}
_RECENT = ("2004 Marcus Hale", "2011 Maria Lindqvist", "2017 Aaron Whitfield", "5550172210 Martha Oduya")
_STATUS = {
    "2004": PresenceStatus.ON_CALL,
    "2011": PresenceStatus.AVAILABLE,
    "2017": PresenceStatus.RINGING,
    "2009": PresenceStatus.AVAILABLE,
    "2015": PresenceStatus.UNAVAILABLE,
    "2021": PresenceStatus.DO_NOT_DISTURB,
}


_PEOPLE = (
    ("Marcus Hale", "2004", "(555) 010-4401", "Northwind Traders"),
    ("Maria Lindqvist", "2011", "(555) 010-4402", ""),
    ("Aaron Whitfield", "2017", "", ""),
    ("Priya Raman", "2009", "", ""),
    ("Martin Okafor-Featherstonehaugh", "2015", "(555) 010-4409", "Featherstonehaugh, Okafor and Partners, Solicitors"),
    ("Martina Weiß", "2021", "", ""),
    ("Dana Kowalski", "", "(555) 010-4477", "Kowalski Brothers"),
)


class Switchboard:
    """Tells who is free, and who they are."""

    permissions = Permissions(contacts=True, presence=True)

    def __init__(self, ctx: Any) -> None:
        self.source = FakePresenceSource("switchboard")
        self.people = FakeContactSource("people")
        for key, (name, extension, number, company) in enumerate(_PEOPLE):
            numbers = (number,) if number else ()
            self.people.put(str(key), name, *numbers, extension=extension, company=company)

    @hookimpl
    def callmanager_contact_sources(self) -> list[ContactSource]:
        return [self.people]

    @hookimpl
    def callmanager_presence_sources(self) -> list[PresenceSource]:
        return [self.source]


async def _ready(stage: Any) -> None:
    from callmanager_call_control.transfer.settings import TransferSettings

    await stage.harness.connect()
    source = stage.harness.app.plugins._entries["switchboard"].instance.source
    await stage.harness.until(lambda: source.running and len(stage.harness.app.contacts.people()) == len(_PEOPLE))
    source.tell(*(Presence(handle=Handle(handle), status=status) for handle, status in _STATUS.items()))
    stage.harness.app.settings.update(TransferSettings, recent=_RECENT)


async def _talk(stage: Any, number: str, name: str, *, seconds: int = 97, request: CallRequest | None = None) -> Any:
    harness = stage.harness
    call_id = harness.app.calls.dial(request or number)
    await harness.until(lambda: harness.app.calls.get(call_id).state.value == "progress")
    harness.engine.far_end_answers(call_id)
    await _dress(stage, call_id, number, name)
    harness.clock.advance(seconds)
    return call_id


async def _dress(stage: Any, call_id: Any, number: str, name: str) -> None:
    engine = stage.harness.engine
    engine.report(CallPartyReported(call_id=call_id, remote=Party(number=number, name=name)))
    media = CallMedia(codec="G722", clock_rate=16000, encrypted=True, flowing=True)
    engine.report(CallMediaReported(call_id=call_id, media=media))
    statistics = CallStatistics(loss_percent=0, jitter_ms=3, round_trip_ms=21, mos=4.4)
    engine.report(CallStatisticsReported(call_id=call_id, statistics=statistics))
    await stage.harness.settle()


async def _shots(stage: Any, name: str) -> None:
    for suffix, size in WIDTHS.items():
        await stage.shot(f"{name}{suffix}", size=size)


def _desk(stage: Any, plugin: str) -> Any:
    return stage.harness.app.plugins._entries[plugin].instance.desk


async def transferring(stage: Any) -> None:
    from callmanager_call_control.targets import Target

    await _ready(stage)
    calls, engine = stage.harness.app.calls, stage.harness.engine
    caller = await _talk(stage, "5550104477", "Dana Kowalski")
    _desk(stage, "transfer").now(calls.get(caller), Target(name="Marcus Hale", number="2004"))
    await stage.harness.until(lambda: calls.get(caller).transfer.stage.value == "ringing" and calls.get(caller).held)
    await _shots(stage, "transfer-ringing")
    target = next(call for call in calls.current() if call.background)
    engine.finish(target.id, EndCause.FAILED, Failure(kind=FailureKind.BUSY))
    await _shots(stage, "transfer-failed")


async def consulting(stage: Any) -> None:
    from callmanager_call_control.targets import Target

    await _ready(stage)
    calls = stage.harness.app.calls
    caller = await _talk(stage, "5550104477", "Dana Kowalski")
    _desk(stage, "transfer").ask_first(calls.get(caller), Target(name="Marcus Hale", number="2004"))
    asked = calls.current()[-1].id
    await stage.harness.until(lambda: calls.get(asked).state.value == "progress")
    await stage.shot("consulting-ringing")
    stage.harness.engine.far_end_answers(asked)
    await _dress(stage, asked, "2004", "Marcus Hale")
    stage.harness.clock.advance(12)
    await _shots(stage, "consulting")


async def conference(stage: Any) -> None:
    from callmanager_call_control.targets import Target

    await _ready(stage)
    calls, engine = stage.harness.app.calls, stage.harness.engine
    first = await _talk(stage, "5550104477", "Dana Kowalski")
    _desk(stage, "conference").invite(calls.get(first), Target(name="Marcus Hale", number="2004"))
    second = calls.current()[-1].id
    await stage.harness.until(lambda: calls.get(second).state.value == "progress")
    engine.far_end_answers(second)
    await _dress(stage, second, "2004", "Marcus Hale")
    await _shots(stage, "conference-invited")
    calls.confer([first, second])
    await stage.harness.until(lambda: all(call.conference and not call.held for call in calls.current()))
    stage.harness.clock.advance(40)
    await _shots(stage, "conference")
    for call_id in (first, second):
        engine.report(CallMuteReported(call_id=call_id, muted=True))
    await stage.shot("conference-muted", size=WIDTHS[""])
    for call_id in (first, second):
        engine.report(CallMuteReported(call_id=call_id, muted=False))
        engine.report(CallHoldReported(call_id=call_id, held=True, remote_held=False))
    await stage.shot("conference-held", size=WIDTHS[""])
    for call_id in (first, second):
        engine.report(CallHoldReported(call_id=call_id, held=False, remote_held=False))
    third = await _talk(stage, "2017", "Aaron Whitfield", seconds=5)
    for call_id in (first, second):
        engine.report(CallHoldReported(call_id=call_id, held=True, remote_held=False))
    await stage.shot("conference-and-call", size=(480, 620))
    engine.finish(third)
    for call_id in (first, second):
        engine.report(CallHoldReported(call_id=call_id, held=False, remote_held=False))
    await stage.harness.settle()
    stage.window._escape()
    await stage.harness.settle()
    await stage.shot("conference-leave", size=(480, 560))
    await stage.shot("conference-leave-narrow", size=(380, 560))
    engine.report(ConferenceReported(call_ids=()))


async def picking(stage: Any) -> None:
    from callmanager_shell.picker import Picker

    await _ready(stage)
    await _talk(stage, "5550134477", "Tomás Medina", seconds=60)
    await _talk(stage, "5550104477", "Dana Kowalski")
    stage.window.strip.run_shortcut("Ctrl+T")
    await stage.harness.settle()
    for suffix, size in {"": (480, 720), "-narrow": (380, 640), "-wide": (1080, 760)}.items():
        await stage.shot(f"transfer-dialog{suffix}", size=size)
    picker = next(each for each in stage.window.findChildren(Picker) if each.is_open)
    picker.field.setText("mar")
    await stage.shot("transfer-dialog-search", size=(640, 560))
    await stage.shot("transfer-dialog-search-narrow", size=(380, 640))
    picker.field.setText("featherst")
    await stage.shot("transfer-dialog-numbers", size=(480, 560))
    picker.field.setText("555019")
    await stage.shot("transfer-dialog-typed", size=(640, 560))
    picker.field.setText("nobody")
    await stage.shot("transfer-dialog-nothing", size=(640, 560))
    picker.close_overlay()


async def dragging(stage: Any) -> None:
    from callmanager_shell.call_drag import CallDropTarget, _chip

    await _ready(stage)
    await _talk(stage, "5550134477", "Tomás Medina", seconds=60)
    second = await _talk(stage, "5550104477", "Dana Kowalski")
    await stage.harness.until(lambda: any(card.call.held for card in stage.window.strip.cards()))
    held = next(card for card in stage.window.strip.cards() if card.call.held)
    target = held.findChild(CallDropTarget)
    call = stage.harness.app.calls.get(second)
    target.light.light(held.rect(), target._label(call))
    await stage.shot("drop-on-card", size=WIDTHS[""])
    menu = held.drop_menu(call)
    menu.popup(held.mapToGlobal(held.rect().center()))
    await stage.shot("drop-menu", widget=menu)
    menu.close()
    _chip(stage.services.look, name="Dana Kowalski", key="5550104477", ratio=2.0).save(
        str(stage.folder / f"drag-chip-{stage.suffix}.png")
    )


SCENES = (transferring, consulting, conference, picking, dragging)

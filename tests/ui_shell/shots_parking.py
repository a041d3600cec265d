"""Scenes of parking: the card in its three states, the panel full and empty, a call that comes back."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from callmanager.api import (
    Contact,
    ContactBatch,
    EndCause,
    NotConfigured,
    NumberKind,
    ParkedCall,
    ParkingSource,
    Party,
    PhoneNumber,
    TransferStage,
    Unreachable,
    contact_id,
    hookimpl,
)
from callmanager.testing.live_sources import FakeParkingSource

WIDTHS = {"": (480, 720), "-narrow": (380, 720), "-wide": (1080, 560)}
LOT = "parking-1"


class _People:
    id = "parking_lot"
    label = "People"
    refresh_seconds = 3600.0

    async def fetch(self, since: Any) -> ContactBatch:
        people = (("2004", "Marcus Hale"), ("2011", "Maria Lindqvist"))
        return ContactBatch(
            contacts=tuple(
                Contact(
                    id=contact_id("parking_lot", number),
                    source_id="parking_lot",
                    name=name,
                    extension=number,
                    numbers=(PhoneNumber(number=number, kind=NumberKind.EXTENSION),),
                )
                for number, name in people
            ),
            complete=True,
        )


class ParkingLot:
    """Tells who is parked."""

    def __init__(self, ctx: Any) -> None:
        self.source = FakeParkingSource("parking_lot")

    @hookimpl
    def callmanager_parking_sources(self) -> list[ParkingSource]:
        return [self.source]

    @hookimpl
    def callmanager_contact_sources(self) -> list[Any]:
        return [_People()]


def _spot(slot: str, number: str, name: str, by: str, *, waited: int, left: int) -> ParkedCall:
    now = datetime.now(UTC)
    return ParkedCall(
        slot=slot,
        lot=LOT,
        caller=Party(number=number, name=name),
        parked_by=Party(number=by),
        parked_at=now - timedelta(seconds=waited),
        returns_at=now + timedelta(seconds=left),
        channel=f"PJSIP/{slot}",
    )


SPOTS = (
    _spot("5901", "5550104477", "Dana Kowalski", "2001", waited=12, left=33),
    _spot("5902", "5550170022", "", "2004", waited=38, left=7),
    _spot("5904", "5550166001", "Northwind Traders International, Accounts Receivable", "2011", waited=3725, left=45),
)


async def _source(stage: Any) -> FakeParkingSource:
    source = stage.harness.app.plugins._entries["parking_lot"].instance.source
    await stage.harness.until(lambda: source.running)
    return source


async def _talk(stage: Any, number: str, name: str) -> Any:
    from callmanager.api import CallMedia, CallMediaReported, CallPartyReported

    call_id = stage.harness.app.calls.dial(number)
    await stage.harness.until(lambda: stage.harness.app.calls.get(call_id).state.value == "progress")
    stage.harness.engine.far_end_answers(call_id)
    stage.harness.engine.report(CallPartyReported(call_id=call_id, remote=Party(number=number, name=name)))
    media = CallMedia(codec="G722", clock_rate=16000, encrypted=True, flowing=True)
    stage.harness.engine.report(CallMediaReported(call_id=call_id, media=media))
    stage.harness.clock.advance(97)
    await stage.harness.settle()
    return call_id


async def _park(stage: Any, call_id: Any) -> None:
    (action,) = (owned.value for owned in stage.harness.app.call_actions() if owned.value.id == "parking.park")
    stage.harness.engine.obedient = False
    await action.run(stage.harness.app.calls.get(call_id))
    stage.harness.engine.transfer_stands(call_id, TransferStage.ASKED)
    await stage.harness.settle()


async def parking(stage: Any) -> None:
    """From the button to the slot, and the panel with it."""
    await stage.harness.connect()
    source = await _source(stage)
    source.tell(LOT, *SPOTS[1:])
    call_id = await _talk(stage, "5550104477", "Dana Kowalski")
    for ending, size in WIDTHS.items():
        await stage.shot(f"parking-talking{ending}", size=size)
    await _park(stage, call_id)
    await stage.shot("parking-asked")
    source.tell(LOT, *SPOTS)
    await stage.harness.settle()
    await stage.shot("parking-slot")
    stage.harness.engine.finish(call_id, EndCause.TRANSFERRED)
    await stage.harness.settle()
    for ending, size in WIDTHS.items():
        await stage.shot(f"parking-parked{ending}", size=size)
    stage.window.resize(*WIDTHS["-narrow"])
    await asyncio.sleep(0.1)
    stage.window.guests.side.panels()[0].head.click()
    await stage.shot("parking-panel-below", size=WIDTHS["-narrow"])
    stage.harness.engine.obedient = True
    other = await _talk(stage, "2004", "Marcus Hale")
    await stage.shot("parking-beside-a-call")
    stage.harness.app.calls.hang_up(other)


async def parking_unknown(stage: Any) -> None:
    """Without anybody who tells."""
    source = stage.harness.app.plugins._entries["parking_lot"].instance.source
    await stage.harness.until(lambda: source.running)
    await stage.harness.connect()
    source.fail(NotConfigured("the AMI user is missing"))
    call_id = await _talk(stage, "5550104477", "Dana Kowalski")
    await _park(stage, call_id)
    stage.harness.engine.finish(call_id, EndCause.TRANSFERRED)
    await stage.harness.settle()
    for ending, size in WIDTHS.items():
        await stage.shot(f"parking-unknown{ending}", size=size)
    stage.window.resize(*WIDTHS["-narrow"])
    await asyncio.sleep(0.1)
    stage.window.guests.side.panels()[0].head.click()
    await stage.shot("parking-unknown-below", size=WIDTHS["-narrow"])


async def parking_empty(stage: Any) -> None:
    await stage.harness.connect()
    source = await _source(stage)
    source.tell(LOT)
    await stage.shot("parking-empty")
    await stage.shot("parking-empty-wide", size=WIDTHS["-wide"])
    source.fail(
        Unreachable("nothing listens at 10.0.0.5:5039; AMI over TLS (tlsenable, port 5039) must be switched on at the PBX")
    )
    await stage.harness.settle()
    await stage.shot("parking-lost-wide", size=WIDTHS["-wide"])


async def parking_back(stage: Any) -> None:
    """Nobody fetched it."""
    from callmanager_shell.incoming import IncomingPop

    await stage.harness.connect()
    source = await _source(stage)
    call_id = await _talk(stage, "5550104477", "Dana Kowalski")
    await _park(stage, call_id)
    source.tell(LOT, _spot("5901", "5550104477", "Dana Kowalski", "2001", waited=43, left=2))
    stage.harness.engine.finish(call_id, EndCause.TRANSFERRED)
    await stage.harness.settle()
    pop = IncomingPop(stage.services)
    stage.harness.engine.arrive("5550104477", "Dana Kowalski", called="2001")
    source.tell(LOT)
    await stage.harness.settle()
    for ending, size in WIDTHS.items():
        await stage.shot(f"parking-back{ending}", size=size)
    await stage.shot("parking-back-pop", widget=pop)
    pop.close_down()
    pop.deleteLater()


SCENES = (parking, parking_unknown, parking_empty, parking_back)

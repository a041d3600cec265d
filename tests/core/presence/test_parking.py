"""A lot is known while its source tells about it, and not a moment longer."""

from datetime import UTC, datetime
from pathlib import Path

from callmanager.api import ParkedCall, ParkingChanged, ParkingSource, Party, PluginContext, hookimpl
from callmanager.testing import FakeParkingSource, running

AT = datetime(2026, 1, 2, tzinfo=UTC)


def plugin_with(*sources: FakeParkingSource) -> type:
    class Plugin:
        def __init__(self, ctx: PluginContext) -> None: ...

        @hookimpl
        def callmanager_parking_sources(self) -> list[ParkingSource]:
            return list(sources)

    return Plugin


def parked(slot: str, number: str = "5550100199") -> ParkedCall:
    return ParkedCall(slot=slot, lot="default", caller=Party(number=number), parked_at=AT)


async def test_slots_are_shown_in_order_and_told_when_they_change(tmp_path: Path) -> None:
    source = FakeParkingSource("ami")
    async with running(tmp_path, plugins={"ami": plugin_with(source)}) as phone:
        await phone.until(lambda: source.running)
        assert phone.app.parking.lots() == ()
        source.tell("default", parked("5910"), parked("5902"))
        source.tell("default", parked("5902"), parked("5910"))
        assert [call.slot for call in phone.app.parking.calls()] == ["5902", "5910"]
        source.tell("default")
        assert (phone.app.parking.lots(), phone.app.parking.calls()) == (("default",), ())
        assert [(len(event.calls), event.known) for event in phone.published(ParkingChanged)] == [(2, True), (0, True)]


async def test_a_lost_source_leaves_its_lots_unknown(tmp_path: Path) -> None:
    source = FakeParkingSource("ami")
    async with running(tmp_path, plugins={"ami": plugin_with(source)}) as phone:
        await phone.until(lambda: source.running)
        source.tell("default", parked("5901"))
        source.fail()
        await phone.until(lambda: phone.app.parking.lots() == ())
        assert phone.published(ParkingChanged)[-1] == ParkingChanged(lot="default", calls=(), known=False)
        await phone.until(lambda: source.running)
        source.tell("default", parked("5901"))
        assert phone.app.parking.lots() == ("default",)


async def test_a_lot_belongs_to_who_told_of_it_first(tmp_path: Path) -> None:
    first, second = FakeParkingSource("first"), FakeParkingSource("second")
    async with running(tmp_path, plugins={"a": plugin_with(first, second)}) as phone:
        await phone.until(lambda: first.running and second.running)
        first.tell("default", parked("5901"))
        second.tell("default", parked("5902"))
        second.tell("tenant 2", parked("6901"))
        assert [(call.lot, call.slot) for call in phone.app.parking.calls()] == [("default", "5901"), ("tenant 2", "6901")]


async def test_text_from_outside_is_plain(tmp_path: Path) -> None:
    source = FakeParkingSource("ami")
    async with running(tmp_path, plugins={"ami": plugin_with(source)}) as phone:
        await phone.until(lambda: source.running)
        source.tell("de\x00fault", parked("5901\n", number="\u202e555"))
        (call,) = phone.app.parking.calls()
        assert (call.lot, call.slot, call.caller.number) == ("default", "5901", "555")

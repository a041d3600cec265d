"""Parking a call: what goes out, which slot is taken for ours, and how a call that comes back is known again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from callmanager.api import (
    CallAction,
    CallerDetails,
    CallId,
    CallRemoved,
    EndCause,
    Failure,
    FailureKind,
    NoticePosted,
    ParkedCall,
    ParkedCallChanged,
    ParkingSource,
    Party,
    Permissions,
    PluginContext,
    TransferStage,
    UserError,
    hookimpl,
)
from callmanager.engine import commands, facts
from callmanager.testing import FakeParkingSource, Harness, running
from callmanager_call_control.parking.desk import ParkingDesk
from callmanager_call_control.parking.plugin import ParkingControl
from callmanager_call_control.parking.settings import ParkingSettings

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LOT = "parking-1"


class Office:
    """A phone with the plugin, a parking source in the test's hands, and the desk's time."""

    def __init__(self, phone: Harness, pbx: FakeParkingSource) -> None:
        self.phone, self.pbx = phone, pbx
        self.calls = phone.app.calls
        self.now = NOW
        self.later: list[tuple[float, object]] = []
        self.plugin: ParkingControl = phone.app.plugins._entries["parking"].instance
        self.plugin._desk = ParkingDesk(self.plugin._ctx, after=self._after, clock=lambda: self.now)

    def _after(self, seconds, job):
        entry = (seconds, job)
        self.later.append(entry)
        return lambda: self.later.remove(entry) if entry in self.later else None

    @property
    def action(self) -> CallAction:
        (found,) = (owned.value for owned in self.phone.app.call_actions() if owned.value.id == "parking.park")
        return found

    def talking(self, number: str = "3003") -> CallId:
        call_id = self.calls.dial(number)
        self.phone.engine.far_end_answers(call_id)
        return call_id

    async def park(self, call_id: CallId) -> None:
        await self.action.run(self.calls.get(call_id))
        self.phone.engine.transfer_stands(call_id, TransferStage.ASKED)

    def tell(self, *calls: ParkedCall, lot: str = LOT) -> None:
        self.pbx.tell(lot, *calls)

    def leaves(self, call_id: CallId, cause: EndCause = EndCause.TRANSFERRED) -> None:
        self.phone.engine.finish(call_id, cause)

    async def said_of(self, call_id: CallId) -> CallerDetails | None:
        (card,) = (owned.value for owned in self.phone.app.caller_cards())
        return await card.look_up(self.calls.get(call_id))

    @property
    def last(self):
        """What was last told of a parked call that has ended."""
        return self.phone.published(ParkedCallChanged)[-1].call.parked


def spot(slot: str = "5901", number: str = "3003", by: str | None = "2001", **more: object) -> ParkedCall:
    return ParkedCall(
        **(
            {
                "slot": slot,
                "lot": LOT,
                "caller": Party(number=number),
                "parked_by": None if by is None else Party(number=by),
                "parked_at": NOW,
                "returns_at": NOW + timedelta(seconds=45),
                "channel": f"PJSIP/{number}-0001",
            }
            | more
        )
    )


@pytest.fixture
async def office(tmp_path: Path):
    pbx = FakeParkingSource("pbx")

    class Pbx:
        permissions = Permissions()

        def __init__(self, ctx: PluginContext) -> None: ...

        @hookimpl
        def callmanager_parking_sources(self) -> list[ParkingSource]:
            return [pbx]

    async with running(tmp_path, plugins={"parking": ParkingControl, "pbx": Pbx}) as phone:
        await phone.connect()
        phone.engine.obedient = False
        await phone.until(lambda: pbx.running)
        yield Office(phone, pbx)


async def test_the_call_goes_to_the_parking_extension_of_settings(office: Office) -> None:
    office.phone.app.settings.update(ParkingSettings, extension="700")
    call_id = office.talking()
    assert office.action.available(office.calls.get(call_id))
    await office.park(call_id)
    (sent,) = office.phone.engine.sent(commands.Transfer)
    assert (sent.call_id, sent.target) == (call_id, "700")
    assert not office.action.available(office.calls.get(call_id))


async def test_the_slot_is_known_while_the_pbx_still_speaks_it(office: Office) -> None:
    office.tell(spot("5901", "5550100199", by="2002"))
    call_id = office.talking()
    await office.park(call_id)
    assert office.calls.get(call_id).parked.slot == ""
    office.tell(spot("5901", "5550100199", by="2002"), spot("5902"))
    assert office.calls.get(call_id).parked.slot == "5902"
    office.leaves(call_id)
    assert office.phone.published(CallRemoved)[-1].call.end.cause is EndCause.PARKED


async def test_a_slot_that_comes_after_the_end_is_shown_and_then_that_it_is_free(office: Office) -> None:
    call_id = office.talking()
    await office.park(call_id)
    office.leaves(call_id)
    office.tell(spot("5903"))
    assert office.last.slot == "5903"
    assert office.later == []
    office.tell()
    assert office.last is None


@pytest.mark.parametrize(
    "other",
    [spot(number="3004", by="2002"), spot(number="3003", by="2002"), spot(number="3004", by=None)],
    ids=["another's", "another's of the same number", "somebody's"],
)
async def test_what_others_park_meanwhile_is_not_taken_for_ours(office: Office, other: ParkedCall) -> None:
    call_id = office.talking()
    await office.park(call_id)
    office.tell(other)
    assert office.calls.get(call_id).parked.slot == ""


async def test_two_calls_parked_at_once_get_each_its_own_slot(office: Office) -> None:
    first, second = office.talking("3003"), office.talking("3004")
    await office.park(first)
    await office.park(second)
    office.tell(spot("5901", "3004"))
    office.tell(spot("5901", "3004"), spot("5902", "3003"))
    assert [office.calls.get(call_id).parked.slot for call_id in (first, second)] == ["5902", "5901"]


async def test_a_call_whose_number_the_pbx_writes_otherwise_is_known_by_who_parked_it(office: Office) -> None:
    call_id = office.talking("5550100199")
    await office.park(call_id)
    office.tell(spot("5901", "+15550100199"))
    assert office.calls.get(call_id).parked.slot == "5901"


async def test_another_channel_in_the_same_place_and_a_new_reckoning_of_time_change_nothing(office: Office) -> None:
    call_id = office.talking()
    await office.park(call_id)
    office.tell(spot())
    office.leaves(call_id)
    office.tell(spot(channel="PJSIP/other-2"))
    office.pbx.fail()
    await office.phone.until(lambda: office.pbx.running and office.pbx.runs == 2)
    office.tell(spot(channel="PJSIP/other-2", parked_at=NOW + timedelta(seconds=1)))
    assert office.phone.published(ParkedCallChanged) == []


async def test_without_anybody_who_tells_the_slot_is_unknown_until_it_should_have_come_back(office: Office) -> None:
    call_id = office.talking()
    await office.park(call_id)
    office.leaves(call_id)
    assert office.phone.published(CallRemoved)[-1].call.parked.slot == ""
    ((seconds, job),) = office.later
    assert seconds == 80
    job()
    assert office.last is None


async def test_a_refused_parking_leaves_the_call_and_says_why(office: Office) -> None:
    call_id = office.talking()
    await office.park(call_id)
    office.phone.engine.transfer_stands(call_id, TransferStage.FAILED, Failure(kind=FailureKind.NOT_FOUND, sip_code=404))
    call = office.calls.get(call_id)
    assert (call.live, call.parked) == (True, None)
    assert office.action.available(call)
    notice = office.phone.published(NoticePosted)[-1].notice
    assert "was not parked" in notice.text
    assert "5900" in notice.hint
    await office.park(call_id)
    assert office.calls.get(call_id).parked is not None


async def test_a_caller_who_hangs_up_meanwhile_is_not_parked(office: Office) -> None:
    call_id = office.talking()
    await office.park(call_id)
    office.leaves(call_id, EndCause.REMOTE)
    assert office.phone.published(CallRemoved)[-1].call.end.cause is EndCause.REMOTE
    assert office.later == []
    office.tell(spot())
    assert office.phone.published(ParkedCallChanged) == []


async def test_only_a_connected_call_can_be_parked_and_only_once(office: Office) -> None:
    ringing = office.phone.engine.arrive("3003")
    assert not office.action.available(office.calls.get(ringing))
    with pytest.raises(UserError, match="when it is connected"):
        await office.action.run(office.calls.get(ringing))
    call_id = office.talking()
    await office.park(call_id)
    with pytest.raises(UserError, match="already"):
        await office.action.run(office.calls.get(call_id))
    office.phone.engine.report(facts.ConferenceReported(call_ids=(call_id,)))
    assert not office.action.available(office.calls.get(call_id))


async def parked(office: Office) -> None:
    call_id = office.talking()
    await office.park(call_id)
    office.tell(spot())
    office.leaves(call_id)


async def test_a_call_that_comes_back_is_said_to(office: Office) -> None:
    await parked(office)
    office.now += timedelta(seconds=45)
    office.tell()
    back = office.phone.engine.arrive("3003")
    said = await office.said_of(back)
    assert said == CallerDetails(title="Back from parking", lines=(("Nobody answered in", "slot 5901"), ("Waited", "0:45")))
    assert await office.said_of(back) == said
    again = office.phone.engine.arrive("3003")
    assert await office.said_of(again) is None


async def test_a_call_that_rings_before_its_slot_is_told_free_is_known_as_well(office: Office) -> None:
    await parked(office)
    office.now += timedelta(seconds=45)
    back = office.phone.engine.arrive("3003")
    office.tell()
    assert ("Nobody answered in", "slot 5901") in (await office.said_of(back)).lines


@pytest.mark.parametrize(
    ("number", "seconds"), [("3004", 45), ("3003", 10), ("3003", 45 + 60)], ids=["somebody else", "fetched", "long after"]
)
async def test_any_other_call_is_not(office: Office, number: str, seconds: float) -> None:
    await parked(office)
    office.now += timedelta(seconds=min(seconds, 45))
    office.tell()
    office.now += timedelta(seconds=max(0, seconds - 45))
    assert await office.said_of(office.phone.engine.arrive(number)) is None


async def test_without_anybody_who_tells_it_is_known_by_the_time_of_settings(office: Office) -> None:
    call_id = office.talking()
    await office.park(call_id)
    office.leaves(call_id)
    office.now += timedelta(seconds=20)
    assert await office.said_of(office.phone.engine.arrive("3003")) is None
    office.now += timedelta(seconds=40)
    said = await office.said_of(office.phone.engine.arrive("3003"))
    assert said.lines[0] == ("Nobody answered", "slot unknown")


async def test_calls_of_our_own_are_never_said_to_come_back(office: Office) -> None:
    await parked(office)
    office.now += timedelta(seconds=45)
    assert await office.said_of(office.calls.dial("3003")) is None


async def test_switched_off_it_leaves_no_timer(office: Office) -> None:
    call_id = office.talking()
    await office.park(call_id)
    office.leaves(call_id)
    assert len(office.later) == 1
    await office.phone.app.plugins.disable("parking")
    assert office.later == []


async def test_the_badge_counts_who_is_parked(office: Office) -> None:
    (panel,) = (owned.value for owned in office.phone.app.panels())
    office.tell(spot("5901"), spot("5902", "3004"))
    assert panel.badge.count == 2
    office.tell()
    assert panel.badge.count == 0

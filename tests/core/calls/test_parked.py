"""A call that is parked says so, and goes on saying so after it has ended for that."""

import pytest
from callmanager.api import CallId, CallRemoved, EndCause, ParkedCallChanged, ParkedIn, UserError
from callmanager.testing import Harness


@pytest.fixture
async def phone(harness: Harness) -> Harness:
    await harness.connect()
    harness.engine.obedient = False
    return harness


def talking(phone: Harness, target: str = "6000") -> CallId:
    call_id = phone.app.calls.dial(target)
    phone.engine.far_end_answers(call_id)
    return call_id


def parked(phone: Harness, slot: str = "") -> CallId:
    call_id = talking(phone)
    phone.app.calls.show_parked(call_id, ParkedIn(slot=slot))
    phone.engine.finish(call_id, EndCause.TRANSFERRED)
    return call_id


async def test_a_live_call_shows_where_it_is_being_parked_and_ends_as_parked(phone: Harness) -> None:
    call_id = talking(phone)
    phone.app.calls.show_parked(call_id, ParkedIn())
    phone.app.calls.show_parked(call_id, ParkedIn(slot="5901\u202e", lot="parking-1"))
    assert phone.app.calls.get(call_id).parked == ParkedIn(slot="5901", lot="parking-1")
    phone.engine.finish(call_id, EndCause.TRANSFERRED)
    (removed,) = phone.published(CallRemoved)
    assert (removed.call.end.cause, removed.call.parked.slot) == (EndCause.PARKED, "5901")


async def test_a_call_that_was_not_parked_after_all_ends_as_it_did(phone: Harness) -> None:
    first, second = talking(phone), talking(phone, "6001")
    phone.app.calls.show_parked(first, ParkedIn())
    phone.app.calls.show_parked(first, None)
    phone.app.calls.show_parked(second, ParkedIn())
    phone.engine.finish(first, EndCause.TRANSFERRED)
    phone.engine.finish(second, EndCause.REMOTE)
    assert [event.call.end.cause for event in phone.published(CallRemoved)] == [EndCause.TRANSFERRED, EndCause.REMOTE]
    with pytest.raises(UserError, match="over"):
        phone.app.calls.show_parked(second, ParkedIn(slot="5901"))


async def test_a_slot_that_is_learned_late_and_the_end_of_parking_are_told(phone: Harness) -> None:
    call_id = parked(phone)
    phone.app.calls.show_parked(call_id, ParkedIn(slot="5903"))
    phone.app.calls.show_parked(call_id, ParkedIn(slot="5903"))
    phone.app.calls.show_parked(call_id, None)
    assert [event.call.parked for event in phone.published(ParkedCallChanged)] == [ParkedIn(slot="5903"), None]
    with pytest.raises(UserError, match="over"):
        phone.app.calls.show_parked(call_id, ParkedIn(slot="5904"))


async def test_who_hears_of_the_end_can_tell_the_slot_at_once(phone: Harness) -> None:
    phone.app.bus.subscribe(CallRemoved, lambda event: phone.app.calls.show_parked(event.call.id, ParkedIn(slot="5905")))
    parked(phone)
    (event,) = phone.published(ParkedCallChanged)
    assert event.call.parked.slot == "5905"


async def test_only_so_many_are_remembered(phone: Harness) -> None:
    oldest = parked(phone)
    for _ in range(100):
        parked(phone)
    with pytest.raises(UserError):
        phone.app.calls.show_parked(oldest, None)

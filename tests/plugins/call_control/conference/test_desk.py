"""Joining calls, parting them, and leaving."""

from pathlib import Path

import pytest
from callmanager.api import CallPurpose, CallState, UserError
from callmanager.engine import commands
from callmanager.testing import FakeEngine, Harness, running
from callmanager_call_control.conference.plugin import Conference
from callmanager_call_control.targets import Target


@pytest.fixture
async def phone(tmp_path: Path):
    async with running(tmp_path, plugins={"conference": Conference}, engine=FakeEngine()) as harness:
        await harness.connect()
        yield harness


def desk_of(phone: Harness):
    return phone.app.plugins._entries["conference"].instance.desk


def offered(phone: Harness, call_id) -> set[str]:
    call = phone.app.calls.get(call_id)
    return {
        owned.value.label
        for owned in phone.app.call_actions()
        if owned.value.scope.value == "call" and owned.value.available(call)
    }


async def talk(phone: Harness, number: str):
    call_id = phone.app.calls.dial(number)
    await phone.until(lambda: phone.app.calls.get(call_id).state is CallState.PROGRESS)
    phone.engine.far_end_answers(call_id)
    await phone.settle()
    return call_id


async def three(phone: Harness):
    """A conference with two others."""
    first, second = await talk(phone, "2004"), await talk(phone, "2005")
    desk_of(phone).merge(phone.app.calls.get(second))
    await phone.until(lambda: all(call.conference and call.talking for call in phone.app.calls.current()))
    return first, second


async def test_the_second_party_is_called_for_the_first_and_merged_from_either_card(phone: Harness) -> None:
    first = await talk(phone, "2004")
    assert offered(phone, first) == {"Conference"}
    desk_of(phone).invite(phone.app.calls.get(first), Target(name="Ruth Feld", number="2005"))
    second = phone.app.calls.current()[-1].id
    await phone.until(lambda: phone.app.calls.get(first).held)
    call = phone.app.calls.get(second)
    assert (call.purpose, call.about, call.remote.name) == (CallPurpose.CONFERENCE, first, "Ruth Feld")
    assert offered(phone, first) == offered(phone, second) == set()
    phone.engine.far_end_answers(second)
    assert offered(phone, first) == offered(phone, second) == {"Merge"}
    desk_of(phone).merge(phone.app.calls.get(first))
    await phone.until(lambda: all(each.conference for each in phone.app.calls.current()))
    assert set(phone.engine.sent(commands.Conference)[-1].call_ids) == {first, second}
    assert offered(phone, first) == {"Talk in private"}


async def test_with_two_calls_merge_is_offered_at_once(phone: Harness) -> None:
    first, second = await talk(phone, "2004"), await talk(phone, "2005")
    assert offered(phone, first) == offered(phone, second) == {"Merge"}


async def test_a_further_call_joins_the_conference_there_is(phone: Harness) -> None:
    first, second = await three(phone)
    third = await talk(phone, "2006")
    desk_of(phone).merge(phone.app.calls.get(third))
    await phone.until(lambda: all(call.conference and call.talking for call in phone.app.calls.current()))
    assert set(phone.engine.sent(commands.Conference)[-1].call_ids) == {first, second, third}


async def test_a_split_goes_on_with_one_and_holds_the_other(phone: Harness) -> None:
    first, second = await three(phone)
    desk_of(phone).split(phone.app.calls.get(second))
    await phone.until(lambda: phone.app.calls.get(first).held and phone.app.calls.get(second).talking)
    assert not any(call.conference for call in phone.app.calls.current())


async def test_leaving_can_connect_the_other_two_or_end_both(phone: Harness) -> None:
    first, second = await three(phone)
    desk_of(phone).connect(*desk_of(phone).members())
    await phone.until(lambda: not phone.app.calls.current())
    assert phone.engine.sent(commands.TransferTo) == [commands.TransferTo(call_id=first, other_id=second)]
    await three(phone)
    desk_of(phone).end()
    await phone.until(lambda: not phone.app.calls.current())


async def test_what_cannot_be_merged_is_said(phone: Harness) -> None:
    first = await talk(phone, "2004")
    with pytest.raises(UserError, match="no other call"):
        desk_of(phone).merge(phone.app.calls.get(first))


async def test_a_call_on_its_way_to_somebody_else_joins_nothing(phone: Harness) -> None:
    from callmanager.api import TransferStage, TransferState

    first, second = await talk(phone, "2004"), await talk(phone, "2005")
    phone.app.calls.show_transfer(first, TransferState(target="2006", stage=TransferStage.RINGING, watched=True))
    assert offered(phone, first) == set()
    assert offered(phone, second) == {"Conference"}

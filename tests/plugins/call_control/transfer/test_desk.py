"""Asking first: the consultation, what is offered on both cards, and every way out of it."""

from pathlib import Path

import pytest
from callmanager.api import CallPurpose, CallState, EndCause, Failure, FailureKind, TransferStage, UserError
from callmanager.engine import commands
from callmanager.testing import FakeEngine, Harness, running
from callmanager_call_control.plugin import CallControl
from callmanager_call_control.targets import Target
from callmanager_call_control.transfer.plugin import Transfer

MARCUS = Target(name="Marcus Hale", number="2004")


@pytest.fixture
async def phone(tmp_path: Path):
    plugins = {"call_control": CallControl, "transfer": Transfer}
    async with running(tmp_path, plugins=plugins, engine=FakeEngine()) as harness:
        await harness.connect()
        yield harness


def desk_of(phone: Harness):
    return phone.app.plugins._entries["transfer"].instance.desk


def offered(phone: Harness, call_id) -> set[str]:
    call = phone.app.calls.get(call_id)
    return {owned.value.label for owned in phone.app.call_actions() if owned.value.available(call)} - {"Hold all", "Mute"}


async def caller(phone: Harness):
    call_id = phone.engine.arrive("5550104477", "Dana Kowalski")
    phone.app.calls.answer(call_id)
    await phone.until(lambda: phone.app.calls.get(call_id).state is CallState.CONNECTED)
    return call_id


async def consultation(phone: Harness, *, answered: bool = True):
    """The caller's call and ours to Marcus."""
    call_id = await caller(phone)
    desk_of(phone).ask_first(phone.app.calls.get(call_id), MARCUS)
    asked = phone.app.calls.current()[-1].id
    await phone.until(lambda: phone.app.calls.get(asked).state is CallState.PROGRESS and phone.app.calls.get(call_id).held)
    if answered:
        phone.engine.far_end_answers(asked)
    return call_id, asked


async def test_asking_first_holds_the_caller_and_calls_the_target_for_all_to_see(phone: Harness) -> None:
    call_id, asked = await consultation(phone, answered=False)
    call = phone.app.calls.get(asked)
    assert (call.purpose, call.about, call.remote.name, call.background) == (
        CallPurpose.CONSULTATION,
        call_id,
        "Marcus Hale",
        False,
    )
    assert not phone.engine.sent(commands.PlaceCall)[-1].silent
    assert offered(phone, asked) == {"Back to caller"}
    assert offered(phone, call_id) == {"Hold", "Transfer"}
    phone.engine.far_end_answers(asked)
    assert offered(phone, asked) == {"Hold", "Swap", "Complete transfer", "Back to caller"}
    assert "Complete transfer" in offered(phone, call_id)


async def test_complete_connects_the_two_from_either_card(phone: Harness) -> None:
    for end in (0, 1):
        pair = await consultation(phone)
        desk_of(phone).complete(phone.app.calls.get(pair[end]))
        await phone.until(lambda: not phone.app.calls.current())
        assert phone.engine.sent(commands.TransferTo)[-1] == commands.TransferTo(call_id=pair[0], other_id=pair[1])


async def test_back_hangs_up_on_the_target_and_goes_on_with_the_caller(phone: Harness) -> None:
    call_id, asked = await consultation(phone)
    desk_of(phone).back(phone.app.calls.get(asked))
    await phone.until(lambda: [call.id for call in phone.app.calls.current()] == [call_id])
    await phone.until(lambda: phone.app.calls.get(call_id).talking)
    assert offered(phone, call_id) == {"Hold", "Transfer"}


async def test_a_target_that_cannot_be_asked_is_said_on_the_callers_card(phone: Harness) -> None:
    call_id, asked = await consultation(phone, answered=False)
    phone.engine.finish(asked, EndCause.FAILED, Failure(kind=FailureKind.BUSY))
    await phone.settle()
    transfer = phone.app.calls.get(call_id).transfer
    assert (transfer.target, transfer.stage, transfer.failure.kind) == ("Marcus Hale", TransferStage.FAILED, FailureKind.BUSY)
    assert phone.app.calls.get(call_id).held
    phone.app.calls.set_held(call_id, held=False)
    await phone.until(lambda: phone.app.calls.get(call_id).transfer is None)


async def test_a_caller_who_hangs_up_leaves_an_ordinary_call(phone: Harness) -> None:
    call_id, asked = await consultation(phone)
    phone.engine.finish(call_id)
    assert offered(phone, asked) == {"Hold", "Transfer"}
    with pytest.raises(UserError, match="nobody"):
        desk_of(phone).complete(phone.app.calls.get(asked))
    with pytest.raises(UserError, match="gone"):
        desk_of(phone).back(phone.app.calls.get(asked))


async def test_a_chosen_call_is_connected_with_or_gone_on_with(phone: Harness) -> None:
    first, second = await caller(phone), await caller(phone)
    await phone.until(lambda: phone.app.calls.get(first).held)
    other = Target(name="Dana", number="1", call_id=first)
    desk_of(phone).ask_first(phone.app.calls.get(second), other)
    await phone.until(lambda: phone.app.calls.get(first).talking)
    desk_of(phone).now(phone.app.calls.get(second), other)
    assert phone.engine.sent(commands.TransferTo) == [commands.TransferTo(call_id=second, other_id=first)]


async def test_nobody_is_asked_at_an_emergency_number(phone: Harness) -> None:
    call_id = await caller(phone)
    with pytest.raises(UserError, match="emergency"):
        desk_of(phone).ask_first(phone.app.calls.get(call_id), Target(name="", number="911"))
    assert phone.engine.sent(commands.PlaceCall) == []


async def test_a_person_menu_hands_over_the_call_there_is(phone: Harness) -> None:
    from callmanager.api import Contact, contact_id

    marcus = Contact(id=contact_id("x", "1"), source_id="x", name="Marcus Hale", extension="2004")
    (here,) = (owned.value for owned in phone.app.contact_actions())
    assert not here.available(marcus)
    call_id = await caller(phone)
    assert here.available(marcus)
    await here.run(marcus)
    assert phone.app.calls.get(call_id).transfer.target == "Marcus Hale"
    assert not here.available(marcus)

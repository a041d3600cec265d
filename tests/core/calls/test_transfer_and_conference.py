"""Handing calls on and joining them: commands go out, and the card shows what the far end makes of them."""

from pathlib import Path

import pytest
from callmanager.api import CallId, CallRemoved, EndCause, Failure, FailureKind, TransferStage, UserError, hookimpl
from callmanager.engine import commands, facts
from callmanager.testing import Harness, running


@pytest.fixture
async def phone(harness: Harness) -> Harness:
    """Registered, with an engine that only does what the test says."""
    await harness.connect()
    harness.engine.obedient = False
    harness.engine.commands.clear()
    return harness


def connected(phone: Harness, target: str = "6000") -> CallId:
    call_id = phone.app.calls.dial(target)
    phone.engine.far_end_answers(call_id)
    return call_id


def held(phone: Harness, call_id: CallId, *, held: bool = True) -> None:
    phone.engine.report(facts.CallHoldReported(call_id=call_id, held=held, remote_held=False))


async def test_a_blind_transfer_shows_how_far_it_has_got_and_ends_as_transferred(phone: Harness) -> None:
    call_id = connected(phone)
    phone.app.calls.transfer(call_id, "(555) 010-0199")
    assert phone.engine.sent(commands.Transfer) == [commands.Transfer(call_id=call_id, target="5550100199")]
    assert phone.app.calls.get(call_id).transfer is None
    for stage in (TransferStage.ASKED, TransferStage.RINGING):
        phone.engine.transfer_stands(call_id, stage)
        transfer = phone.app.calls.get(call_id).transfer
        assert (transfer.target, transfer.stage) == ("5550100199", stage)
    phone.engine.transfer_stands(call_id, TransferStage.DONE)
    phone.engine.finish(call_id, EndCause.TRANSFERRED)
    assert phone.published(CallRemoved)[-1].call.end.cause is EndCause.TRANSFERRED


async def test_a_failed_transfer_leaves_the_call_with_its_reason(phone: Harness) -> None:
    call_id = connected(phone)
    phone.app.calls.transfer(call_id, "2002")
    failure = Failure(kind=FailureKind.BUSY, detail="486 Busy Here", sip_code=486)
    phone.engine.transfer_stands(call_id, TransferStage.FAILED, failure)
    call = phone.app.calls.get(call_id)
    assert (call.live, call.transfer.stage, call.transfer.failure) == (True, TransferStage.FAILED, failure)


async def test_an_attended_transfer_names_the_other_call(phone: Harness) -> None:
    first, second = connected(phone), connected(phone, "2002")
    phone.app.calls.transfer_to(first, second)
    assert phone.engine.sent(commands.TransferTo) == [commands.TransferTo(call_id=first, other_id=second)]
    phone.engine.transfer_stands(first, TransferStage.ASKED)
    assert phone.app.calls.get(first).transfer.target == "2002"


async def test_what_cannot_be_transferred_is_said(phone: Harness) -> None:
    ringing = phone.engine.arrive("2002")
    first = connected(phone)
    for work in (
        lambda: phone.app.calls.transfer(ringing, "2003"),
        lambda: phone.app.calls.transfer(first, "my mother"),
        lambda: phone.app.calls.transfer_to(first, ringing),
        lambda: phone.app.calls.transfer_to(first, first),
        lambda: phone.app.calls.transfer(CallId("gone"), "2003"),
    ):
        with pytest.raises(UserError):
            work()
    assert phone.engine.sent(commands.Transfer) == phone.engine.sent(commands.TransferTo) == []


async def test_the_target_of_a_transfer_is_rewritten_as_a_dialled_number_is(tmp_path: Path) -> None:
    class Outside:
        def __init__(self, ctx: object) -> None: ...

        @hookimpl
        def callmanager_rewrite_number(self, number: str) -> str | None:
            return f"9{number}" if len(number) > 5 else None

    async with running(tmp_path, plugins={"outside": Outside}) as phone:
        await phone.connect()
        phone.engine.obedient = False
        phone.app.calls.transfer(connected(phone), "5550100199")
        assert phone.engine.sent(commands.Transfer)[-1].target == "95550100199"


async def test_a_conference_resumes_its_members_and_holds_the_others(phone: Harness) -> None:
    first, second, third = connected(phone), connected(phone, "2002"), connected(phone, "2003")
    held(phone, first)
    phone.engine.commands.clear()
    phone.app.calls.confer([first, second])
    assert phone.engine.commands == [
        commands.SetHeld(call_id=first, held=False),
        commands.SetHeld(call_id=third, held=True),
        commands.Conference(call_ids=(first, second)),
    ]
    phone.engine.report(facts.ConferenceReported(call_ids=(first, second)))
    assert [call.conference for call in phone.app.calls.current()] == [True, True, False]


async def test_resuming_a_member_holds_nobody_of_the_conference(phone: Harness) -> None:
    first, second = connected(phone), connected(phone, "2002")
    phone.engine.report(facts.ConferenceReported(call_ids=(first, second)))
    held(phone, first)
    phone.engine.commands.clear()
    phone.app.calls.set_held(first, held=False)
    assert phone.engine.commands == [commands.SetHeld(call_id=first, held=False)]
    phone.engine.commands.clear()
    held(phone, first, held=False)
    phone.app.calls.dial("2003")
    assert {command.call_id for command in phone.engine.sent(commands.SetHeld)} == {first, second}


async def test_a_split_keeps_one_and_holds_the_others(phone: Harness) -> None:
    first, second = connected(phone), connected(phone, "2002")
    phone.engine.report(facts.ConferenceReported(call_ids=(first, second)))
    phone.engine.commands.clear()
    phone.app.calls.split(keep=second)
    assert phone.engine.commands == [commands.Conference(call_ids=()), commands.SetHeld(call_id=first, held=True)]
    phone.engine.report(facts.ConferenceReported(call_ids=()))
    assert not any(call.conference for call in phone.app.calls.current())


async def test_one_call_is_no_conference(phone: Harness) -> None:
    first = connected(phone)
    with pytest.raises(UserError, match="two calls"):
        phone.app.calls.confer([first, first])

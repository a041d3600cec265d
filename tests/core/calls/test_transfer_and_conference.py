"""Handing calls on and joining them: commands go out, and the card shows what the far end makes of them."""

from pathlib import Path

import pytest
from callmanager.api import (
    CallId,
    CallPurpose,
    CallRecord,
    CallRemoved,
    CallRequest,
    EndCause,
    Failure,
    FailureKind,
    TransferStage,
    TransferState,
    UserError,
    hookimpl,
)
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


async def test_a_call_in_the_background_is_silent_holds_nobody_and_is_no_conversation(phone: Harness) -> None:
    first = connected(phone)
    phone.engine.commands.clear()
    request = CallRequest(target="2004", name="Marcus", purpose=CallPurpose.TRANSFER, about=first)
    watched = phone.app.calls.dial(request)
    assert phone.engine.sent(commands.SetHeld) == []
    assert phone.engine.sent(commands.PlaceCall)[-1].silent
    phone.engine.far_end_answers(watched)
    call = phone.app.calls.get(watched)
    assert (call.background, call.muted, call.talking, call.remote.label, call.about) == (True, True, False, "Marcus", first)
    connected(phone, "2005")
    assert [command.call_id for command in phone.engine.sent(commands.SetHeld)] == [first]


async def test_a_background_call_is_not_told_as_a_call_of_the_user(tmp_path: Path) -> None:
    ended = []

    class Books:
        def __init__(self, ctx: object) -> None: ...

        @hookimpl
        def callmanager_call_ended(self, record: CallRecord) -> None:
            ended.append(record.remote.number)

    async with running(tmp_path, plugins={"books": Books}) as phone:
        await phone.connect()
        first = connected(phone)
        watched = phone.app.calls.dial(CallRequest(target="2004", purpose=CallPurpose.TRANSFER, about=first))
        phone.engine.finish(watched)
        phone.engine.finish(first)
    assert ended == ["6000"]


async def test_what_a_call_is_for_stays_when_a_plugin_changes_the_request(tmp_path: Path) -> None:
    class Line:
        def __init__(self, ctx: object) -> None: ...

        @hookimpl
        def callmanager_prepare_outgoing(self, request: CallRequest) -> CallRequest:
            return CallRequest(target="9" + request.target)

    async with running(tmp_path, plugins={"line": Line}) as phone:
        await phone.connect()
        request = CallRequest(target="2004", name="Marcus", purpose=CallPurpose.CONSULTATION, about=CallId("x"))
        call = phone.app.calls.get(phone.app.calls.dial(request))
        assert (call.called, call.remote.label, call.purpose, call.about) == (
            "92004",
            "Marcus",
            CallPurpose.CONSULTATION,
            "x",
        )


async def test_without_a_plugin_for_it_a_call_is_handed_over_by_the_pbx(phone: Harness) -> None:
    call_id = connected(phone)
    phone.app.calls.hand_over(call_id, "(555) 010-0199", name="Marcus")
    assert phone.engine.sent(commands.Transfer) == [commands.Transfer(call_id=call_id, target="5550100199")]


async def test_a_call_is_transferred_once_at_a_time(phone: Harness) -> None:
    first, second = connected(phone), connected(phone, "2002")
    phone.app.calls.transfer(first, "2004")
    for told in (lambda: None, lambda: phone.engine.transfer_stands(first, TransferStage.RINGING)):
        told()
        with pytest.raises(UserError, match="already"):
            phone.app.calls.transfer_to(first, second)
    phone.engine.transfer_stands(first, TransferStage.FAILED)
    phone.app.calls.transfer_to(first, second)


async def test_a_transfer_that_the_engine_refuses_is_said_on_the_card(phone: Harness) -> None:
    first, second = connected(phone), connected(phone, "2002")
    phone.app.calls.transfer_to(first, second)
    failure = Failure(kind=FailureKind.ENGINE, detail="there is no other answered call")
    phone.engine.report(facts.CommandRefused(command="TransferTo", failure=failure, call_id=first))
    transfer = phone.app.calls.get(first).transfer
    assert (transfer.stage, transfer.target, transfer.failure) == (TransferStage.FAILED, "2002", failure)


async def test_nobody_is_transferred_to_an_emergency_number(phone: Harness) -> None:
    first, second = connected(phone), connected(phone, "911")
    for work in (
        lambda: phone.app.calls.transfer(first, "911"),
        lambda: phone.app.calls.transfer_to(first, second),
        lambda: phone.app.calls.hand_over(first, "112"),
    ):
        with pytest.raises(UserError, match="emergency"):
            work()
    assert phone.engine.sent(commands.Transfer) == phone.engine.sent(commands.TransferTo) == []


async def test_a_plugin_shows_on_a_call_how_far_its_own_transfer_is(phone: Harness) -> None:
    first = connected(phone)
    state = TransferState(target="Marcus\nHale", stage=TransferStage.RINGING, watched=True)
    phone.app.calls.show_transfer(first, state)
    assert phone.app.calls.get(first).transfer == TransferState(target="Marcus Hale", stage=TransferStage.RINGING, watched=True)
    phone.app.calls.show_transfer(first, None)
    assert phone.app.calls.get(first).transfer is None
    with pytest.raises(UserError, match="over"):
        phone.app.calls.show_transfer(CallId("gone"), None)


@pytest.mark.parametrize("purpose", [CallPurpose.CONSULTATION, CallPurpose.TRANSFER])
async def test_nobody_calls_an_emergency_service_to_hand_it_somebody_elses_call(phone: Harness, purpose: CallPurpose) -> None:
    """Whichever plugin asks: the rule is the core's."""
    caller = connected(phone, "2002")
    with pytest.raises(UserError, match="emergency"):
        phone.app.calls.dial(CallRequest(target="911", purpose=purpose, about=caller))
    assert [call.id for call in phone.app.calls.current()] == [caller]
    assert not phone.app.calls.get(caller).held

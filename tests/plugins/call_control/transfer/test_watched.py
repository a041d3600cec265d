"""A watched transfer: the target is called while the caller waits, and nobody is lost whatever happens."""

from pathlib import Path

import pytest
from callmanager.api import (
    CallId,
    CallPurpose,
    CallRecord,
    CallState,
    EndCause,
    Failure,
    FailureKind,
    Header,
    TransferStage,
    UserError,
    hookimpl,
)
from callmanager.engine import commands
from callmanager.testing import FakeEngine, Harness, running
from callmanager_call_control.transfer.plugin import Transfer
from callmanager_call_control.transfer.settings import BlindWay, TransferSettings

BUSY = Failure(kind=FailureKind.BUSY, detail="486 Busy Here", sip_code=486)


class Timers:
    """Stands in for waiting: the test says when the time is over."""

    def __init__(self) -> None:
        self.waiting: list = []

    def __call__(self, seconds, job):
        entry = (seconds, job)
        self.waiting.append(entry)

        def cancel() -> None:
            if entry in self.waiting:
                self.waiting.remove(entry)

        return cancel

    def run_out(self) -> None:
        waiting, self.waiting = self.waiting, []
        for _seconds, job in waiting:
            job()


class Ended:
    """Hears of the records of ended calls."""

    records: list[CallRecord]

    def __init__(self, ctx) -> None:
        Ended.records = []

    @hookimpl
    def callmanager_call_ended(self, record: CallRecord) -> None:
        Ended.records.append(record)


class Desk:
    """A phone with a caller named Dana, and the plugin's inside."""

    def __init__(self, phone: Harness) -> None:
        self.phone = phone
        self.timers = Timers()
        self.plugin = phone.app.plugins._entries["transfer"].instance
        self.watched = self.plugin.desk.watched
        self.watched._after = self.timers

    async def caller(self) -> CallId:
        call_id = self.phone.engine.arrive("5550104477", "Dana Kowalski")
        self.phone.app.calls.answer(call_id)
        await self.phone.until(lambda: self.get(call_id).state is CallState.CONNECTED)
        return call_id

    async def begun(self) -> tuple[CallId, CallId]:
        """A transfer whose target rings."""
        caller = await self.caller()
        self.watched.begin(caller, "2004", name="Marcus Hale")
        target = self.target(caller)
        await self.phone.until(lambda: self.get(target).state is CallState.PROGRESS and self.get(caller).held)
        return caller, target

    def get(self, call_id: CallId):
        return self.phone.app.calls.get(call_id)

    def target(self, caller: CallId) -> CallId:
        (target,) = (call.id for call in self.phone.app.calls.current() if call.background and call.about == caller)
        return target


@pytest.fixture
async def desk(tmp_path: Path):
    plugins = {"transfer": Transfer, "ended": Ended}
    async with running(tmp_path, plugins=plugins, engine=FakeEngine()) as phone:
        await phone.connect()
        yield Desk(phone)


async def test_the_caller_is_held_and_the_target_is_called_unheard(desk: Desk) -> None:
    caller, target = await desk.begun()
    placed = desk.phone.engine.sent(commands.PlaceCall)[-1]
    assert (placed.call_id, placed.target, placed.silent, placed.headers) == (target, "2004", True, ())
    call = desk.get(target)
    assert (call.purpose, call.about, call.muted, call.background) == (CallPurpose.TRANSFER, caller, True, True)
    assert desk.get(caller).held
    transfer = desk.get(caller).transfer
    assert (transfer.target, transfer.stage, transfer.watched) == ("Marcus Hale", TransferStage.RINGING, True)


async def test_when_the_target_answers_the_two_are_connected_at_once(desk: Desk) -> None:
    caller, target = await desk.begun()
    desk.phone.engine.far_end_answers(target)
    await desk.phone.until(lambda: not desk.phone.app.calls.current())
    assert desk.phone.engine.sent(commands.TransferTo) == [commands.TransferTo(call_id=caller, other_id=target)]
    assert desk.phone.engine.sent(commands.HangUp) == []
    assert desk.timers.waiting == []
    assert [(record.id, record.end.cause) for record in Ended.records] == [(caller, EndCause.TRANSFERRED)]


@pytest.mark.parametrize("failure", [BUSY, Failure(kind=FailureKind.DECLINED), Failure(kind=FailureKind.NOT_FOUND)])
async def test_a_target_that_cannot_be_had_leaves_the_caller_on_hold_with_the_reason(desk: Desk, failure: Failure) -> None:
    caller, target = await desk.begun()
    desk.phone.engine.finish(target, EndCause.FAILED, failure)
    await desk.phone.settle()
    call = desk.get(caller)
    assert call.held
    assert (call.transfer.stage, call.transfer.target, call.transfer.failure) == (
        TransferStage.FAILED,
        "Marcus Hale",
        failure,
    )
    assert [each.id for each in desk.phone.app.calls.current()] == [caller]
    desk.phone.app.calls.set_held(caller, held=False)
    await desk.phone.until(lambda: desk.get(caller).talking)
    assert desk.get(caller).transfer is None


async def test_nobody_answers_within_the_time_limit(desk: Desk) -> None:
    desk.phone.app.settings.update(TransferSettings, ring_seconds=40)
    caller, target = await desk.begun()
    assert [seconds for seconds, _job in desk.timers.waiting] == [40]
    desk.timers.run_out()
    await desk.phone.until(lambda: desk.get(target) is None)
    assert desk.get(caller).held
    assert desk.get(caller).transfer.failure.kind is FailureKind.NO_ANSWER


async def test_taken_back_the_caller_is_talked_to_and_the_target_rings_no_more(desk: Desk) -> None:
    caller, target = await desk.begun()
    desk.watched.take_back(caller)
    await desk.phone.until(lambda: desk.get(caller).talking and desk.get(target) is None)
    assert desk.get(caller).transfer is None
    with pytest.raises(UserError, match="not being transferred"):
        desk.watched.take_back(caller)


async def test_resuming_the_caller_in_any_other_way_takes_it_back_as_well(desk: Desk) -> None:
    caller, target = await desk.begun()
    desk.phone.app.calls.set_held(caller, held=False)
    await desk.phone.until(lambda: desk.get(target) is None)
    assert (desk.get(caller).talking, desk.get(caller).transfer) == (True, None)


async def test_a_target_that_answers_while_it_is_taken_back_is_hung_up_on(desk: Desk) -> None:
    caller, target = await desk.begun()
    desk.phone.engine.obedient = False
    desk.watched.take_back(caller)
    desk.phone.engine.far_end_answers(target)
    assert desk.phone.engine.sent(commands.TransferTo) == []
    assert desk.phone.engine.sent(commands.HangUp) == [commands.HangUp(call_id=target)]


async def test_a_caller_who_hangs_up_ends_the_call_to_the_target(desk: Desk) -> None:
    caller, target = await desk.begun()
    desk.phone.engine.finish(caller)
    await desk.phone.until(lambda: desk.get(target) is None)
    assert desk.phone.engine.sent(commands.HangUp) == [commands.HangUp(call_id=target)]


async def test_a_pbx_that_refuses_to_connect_them_leaves_the_caller_with_us(desk: Desk) -> None:
    desk.phone.engine.transfer_failure = Failure(kind=FailureKind.FORBIDDEN, sip_code=603)
    caller, target = await desk.begun()
    desk.phone.engine.far_end_answers(target)
    await desk.phone.until(lambda: desk.get(target) is None)
    assert desk.get(caller).held
    assert (desk.get(caller).transfer.stage, desk.get(caller).transfer.failure.sip_code) == (TransferStage.FAILED, 603)


async def test_an_engine_that_refuses_to_connect_them_leaves_the_caller_with_us(desk: Desk) -> None:
    from callmanager.engine import facts

    caller, target = await desk.begun()
    desk.phone.engine.obedient = False
    desk.phone.engine.far_end_answers(target)
    with pytest.raises(UserError, match="has answered"):
        desk.watched.take_back(caller)
    desk.phone.engine.finish(target)
    failure = Failure(kind=FailureKind.ENGINE, detail="there is no other answered call to connect it with")
    desk.phone.engine.report(facts.CommandRefused(command="TransferTo", failure=failure, call_id=caller))
    assert (desk.get(caller).held, desk.get(caller).transfer.stage) == (True, TransferStage.FAILED)
    assert not desk.watched.watching(caller)


async def test_the_leg_to_the_target_is_not_cut_before_the_pbx_has_connected_the_two(desk: Desk) -> None:
    caller, target = await desk.begun()
    desk.phone.engine.obedient = False
    desk.phone.engine.far_end_answers(target)
    desk.phone.engine.transfer_stands(caller, TransferStage.ASKED)
    desk.phone.engine.finish(caller, EndCause.TRANSFERRED)
    assert desk.phone.engine.sent(commands.HangUp) == []
    desk.timers.run_out()
    assert desk.phone.engine.sent(commands.HangUp) == [commands.HangUp(call_id=target)]


async def test_switched_off_in_the_middle_the_plugin_calls_nobody_any_more(desk: Desk) -> None:
    caller, target = await desk.begun()
    await desk.phone.app.plugins.disable("transfer")
    await desk.phone.until(lambda: desk.get(target) is None)
    assert (desk.get(caller).held, desk.get(caller).transfer) == (True, None)


async def test_a_dead_engine_ends_both_and_leaves_nothing_behind(desk: Desk) -> None:
    await desk.begun()
    desk.phone.engine.crash()
    await desk.phone.settle()
    assert desk.phone.app.calls.current() == ()
    assert (desk.watched._by_caller, desk.timers.waiting) == ({}, [])


@pytest.mark.parametrize("number", ["911", "112", "sip:911@pbx.example.com", "9-911"])
async def test_an_emergency_number_is_refused_and_nothing_changes(desk: Desk, number: str) -> None:
    caller = await desk.caller()
    with pytest.raises(UserError, match="emergency number"):
        desk.watched.begin(caller, number)
    with pytest.raises(UserError, match="emergency number"):
        desk.phone.app.calls.hand_over(caller, number)
    assert desk.phone.engine.sent(commands.PlaceCall) == []
    assert desk.get(caller).talking


async def test_a_call_is_transferred_once_at_a_time(desk: Desk) -> None:
    caller, _target = await desk.begun()
    with pytest.raises(UserError, match="already"):
        desk.watched.begin(caller, "2005")


async def test_the_callers_number_goes_along_only_where_it_is_wished_for(desk: Desk) -> None:
    desk.phone.app.settings.update(TransferSettings, show_caller=True)
    await desk.begun()
    assert desk.phone.engine.sent(commands.PlaceCall)[-1].headers == (
        Header(name="P-Asserted-Identity", value='"Dana Kowalski" <sip:5550104477@pbx.example.com>'),
    )


async def test_dropped_on_a_person_a_call_is_handed_over_as_the_user_prefers(desk: Desk) -> None:
    caller = await desk.caller()
    desk.phone.app.calls.hand_over(caller, "2004", name="Marcus Hale")
    assert desk.watched.watching(caller)
    desk.watched.take_back(caller)
    await desk.phone.until(lambda: desk.get(caller).talking)
    desk.phone.app.settings.update(TransferSettings, blind=BlindWay.AT_ONCE)
    desk.phone.app.calls.hand_over(caller, "2004")
    assert desk.phone.engine.sent(commands.Transfer) == [commands.Transfer(call_id=caller, target="2004")]
    assert desk.phone.app.settings.get(TransferSettings).recent == ("2004 Marcus Hale",)


async def test_another_conversation_goes_on_while_a_transfer_is_watched(desk: Desk) -> None:
    caller, target = await desk.begun()
    other = desk.phone.engine.arrive("2007", "Ruth Feld")
    desk.phone.app.calls.answer(other)
    await desk.phone.until(lambda: desk.get(other).talking)
    desk.phone.engine.far_end_answers(target)
    await desk.phone.until(lambda: desk.get(caller) is None and desk.get(target) is None)
    assert desk.get(other).talking


async def test_a_late_word_about_an_earlier_transfer_does_not_hide_the_present_one(desk: Desk) -> None:
    caller, _target = await desk.begun()
    desk.phone.engine.transfer_stands(caller, TransferStage.FAILED, BUSY)
    await desk.phone.settle()
    transfer = desk.get(caller).transfer
    assert (transfer.target, transfer.stage, transfer.watched) == ("Marcus Hale", TransferStage.RINGING, True)


async def test_what_the_pbx_is_transferring_already_is_not_transferred_again(desk: Desk) -> None:
    caller = await desk.caller()
    desk.phone.engine.obedient = False
    desk.phone.app.calls.transfer(caller, "2004")
    desk.phone.engine.transfer_stands(caller, TransferStage.RINGING)
    with pytest.raises(UserError, match="already"):
        desk.watched.begin(caller, "2005")

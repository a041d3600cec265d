"""Commands go out, facts come in, and the store shows what really happened."""

from pathlib import Path

import pytest
from callmanager.api import (
    AccountId,
    Call,
    CallAdded,
    CallChanged,
    CallEnd,
    CallId,
    CallMedia,
    CallRecord,
    CallRemoved,
    CallRequest,
    CallScreened,
    CallState,
    CallStatistics,
    DigitWasSent,
    EndCause,
    Failure,
    FailureKind,
    Header,
    NoticePosted,
    Party,
    Permissions,
    PluginContext,
    RegistrationState,
    UserError,
    Verdict,
    hookimpl,
)
from callmanager.engine import commands, facts
from callmanager.testing import FakeEngine, Harness, running


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


async def test_dialling_adds_the_call_at_once_and_asks_the_engine(phone: Harness) -> None:
    call_id = phone.app.calls.dial("tel:(555) 010-0199")
    call = phone.app.calls.get(call_id)
    assert (call.state, call.remote.number, call.account_id) == (CallState.DIALING, "5550100199", "main")
    assert phone.engine.commands == [commands.PlaceCall(call_id=call_id, account_id=AccountId("main"), target="5550100199")]
    assert [event.call.id for event in phone.published(CallAdded)] == [call_id]


async def test_a_sip_address_shows_its_user_part(phone: Harness) -> None:
    call = phone.app.calls.get(phone.app.calls.dial("sip:ann@pbx.example.com"))
    assert call.remote == Party(number="ann", uri="sip:ann@pbx.example.com")


async def test_the_life_of_an_outgoing_call(phone: Harness) -> None:
    call_id = phone.app.calls.dial("6000")
    phone.engine.far_end_rings(call_id)
    assert phone.app.calls.get(call_id).state is CallState.PROGRESS
    phone.clock.advance(5)
    phone.engine.far_end_answers(call_id)
    call = phone.app.calls.get(call_id)
    assert (call.state, (call.answered_at - call.created_at).total_seconds()) == (CallState.CONNECTED, 5)
    assert call.media == CallMedia(codec="G722", clock_rate=16000, encrypted=True, flowing=True, digits_supported=True)
    phone.clock.advance(60)
    phone.engine.finish(call_id)
    assert phone.app.calls.current() == ()
    ended = phone.published(CallRemoved)[-1].call
    assert (ended.state, ended.end.cause) == (CallState.ENDED, EndCause.REMOTE)
    assert (ended.ended_at - ended.answered_at).total_seconds() == 60
    assert phone.published(CallChanged)[-1].after == ended


async def test_a_late_progress_does_not_take_an_answer_back(phone: Harness) -> None:
    call_id = connected(phone)
    phone.engine.far_end_rings(call_id)
    assert phone.app.calls.get(call_id).state is CallState.CONNECTED


async def test_an_incoming_call_rings_and_is_answered(phone: Harness) -> None:
    call_id = phone.engine.arrive("2002", "Ann")
    assert phone.engine.commands == [commands.Ring(call_id=call_id)]
    assert phone.app.calls.get(call_id).remote.label == "Ann"
    phone.app.calls.answer(call_id)
    assert phone.engine.commands[-1] == commands.Answer(call_id=call_id)
    assert phone.app.calls.get(call_id).state is CallState.RINGING
    phone.engine.far_end_answers(call_id)
    assert phone.app.calls.get(call_id).state is CallState.CONNECTED


async def test_a_second_call_puts_the_first_on_hold_first(phone: Harness) -> None:
    first = connected(phone)
    phone.engine.commands.clear()
    phone.app.calls.dial("6001")
    assert phone.engine.commands[0] == commands.SetHeld(call_id=first, held=True)
    assert isinstance(phone.engine.commands[1], commands.PlaceCall)


async def test_answering_and_resuming_put_the_other_on_hold_first(phone: Harness) -> None:
    first = connected(phone)
    second = phone.engine.arrive()
    phone.engine.commands.clear()
    phone.app.calls.answer(second)
    assert phone.engine.commands == [commands.SetHeld(call_id=first, held=True), commands.Answer(call_id=second)]
    phone.engine.report(facts.CallHoldReported(call_id=first, held=True, remote_held=False))
    phone.engine.far_end_answers(second)
    phone.engine.commands.clear()
    phone.app.calls.set_held(first, held=False)
    assert phone.engine.commands == [
        commands.SetHeld(call_id=second, held=True),
        commands.SetHeld(call_id=first, held=False),
    ]


async def test_hold_and_mute_show_only_when_the_engine_reports_them(phone: Harness) -> None:
    call_id = connected(phone)
    phone.app.calls.set_held(call_id, held=True)
    phone.app.calls.set_muted(call_id, muted=True)
    assert not phone.app.calls.get(call_id).held
    assert not phone.app.calls.get(call_id).muted
    phone.engine.report(facts.CallHoldReported(call_id=call_id, held=True, remote_held=True))
    phone.engine.report(facts.CallMuteReported(call_id=call_id, muted=True))
    call = phone.app.calls.get(call_id)
    assert (call.held, call.remote_held, call.muted, call.talking) == (True, True, True, False)


async def test_digits_are_checked_and_shown_when_they_went_out(phone: Harness) -> None:
    call_id = connected(phone)
    phone.app.calls.send_digits(call_id, "12#a")
    assert phone.engine.commands[-1] == commands.SendDigits(call_id=call_id, digits="12#A")
    for digit in "12#":
        phone.engine.report(facts.DigitSent(call_id=call_id, digit=digit, method="rfc4733"))
    assert phone.app.calls.get(call_id).digits == "12#"
    assert [event.digit for event in phone.published(DigitWasSent)] == ["1", "2", "#"]
    for wrong in ("", "12x", "1" * 65, "1\r\n"):
        with pytest.raises(UserError):
            phone.app.calls.send_digits(call_id, wrong)


async def test_statistics_and_party_are_taken_over_and_names_are_made_plain(phone: Harness) -> None:
    call_id = connected(phone)
    statistics = CallStatistics(packets_received=50, mos=4.2)
    phone.engine.report(facts.CallStatisticsReported(call_id=call_id, statistics=statistics))
    phone.engine.report(
        facts.CallPartyReported(call_id=call_id, remote=Party(number="2002", name="An\u202en\r\n\0" + "x" * 500))
    )
    call = phone.app.calls.get(call_id)
    assert call.statistics == statistics
    assert call.remote.name.startswith("Ann xx")
    assert len(call.remote.name) <= 120
    phone.engine.finish(call_id)
    assert phone.published(CallRemoved)[-1].call.statistics == statistics


async def test_a_refused_call_ends_with_its_failure_and_a_refused_hold_is_a_notice(phone: Harness) -> None:
    failure = Failure(kind=FailureKind.NOT_ACCEPTABLE, detail="bad target")
    call_id = phone.app.calls.dial("6000")
    phone.engine.report(facts.CommandRefused(command="PlaceCall", failure=failure, call_id=call_id))
    assert phone.published(CallRemoved)[-1].call.end == CallEnd(cause=EndCause.FAILED, failure=failure)
    other = connected(phone)
    phone.engine.report(facts.CommandRefused(command="SetHeld", failure=failure, call_id=other))
    assert phone.app.calls.get(other).state is CallState.CONNECTED
    assert phone.published(NoticePosted)[-1].notice.details == "bad target"


@pytest.mark.expects_log("reported the call .* twice")
async def test_facts_about_unknown_or_known_calls_do_no_harm(phone: Harness) -> None:
    nobody = CallId("nobody")
    for fact in (
        facts.CallProgressed(call_id=nobody, state=CallState.CONNECTED),
        facts.CallFinished(call_id=nobody, end=CallEnd(cause=EndCause.REMOTE)),
        facts.CallMuteReported(call_id=nobody, muted=True),
        facts.DigitSent(call_id=nobody, digit="1", method="info"),
        facts.CommandRefused(command="HangUp", failure=Failure(kind=FailureKind.UNKNOWN), call_id=nobody),
    ):
        phone.engine.report(fact)
    call_id = phone.engine.arrive(call_id="twin")
    phone.engine.arrive(call_id="twin")
    assert [call.id for call in phone.app.calls.current()] == [call_id]


async def test_what_a_call_cannot_do_now_is_a_user_error(phone: Harness) -> None:
    calls = phone.app.calls
    dialling = calls.dial("6000")
    for wrong in (
        lambda: calls.answer(dialling),
        lambda: calls.reject(dialling),
        lambda: calls.set_held(dialling, held=True),
        lambda: calls.set_muted(dialling, muted=True),
        lambda: calls.send_digits(dialling, "1"),
        lambda: calls.hang_up(CallId("nobody")),
        lambda: calls.dial("Ann"),
    ):
        with pytest.raises(UserError):
            wrong()
    with pytest.raises(ValueError, match="refuses"):
        calls.reject(phone.engine.arrive(), status=200)


async def test_rejecting_and_hanging_up_ask_the_engine(phone: Harness) -> None:
    call_id = phone.engine.arrive()
    phone.app.calls.reject(call_id, status=603)
    phone.app.calls.hang_up(call_id)
    assert phone.engine.commands[-2:] == [commands.Reject(call_id=call_id, status=603), commands.HangUp(call_id=call_id)]


async def test_the_wish_to_be_answered_at_once_is_on_the_call_and_bounded(phone: Harness) -> None:
    def wish(seconds: float | None) -> float | None:
        return phone.app.calls.get(phone.engine.arrive(answer_after=seconds)).answer_after

    assert [wish(seconds) for seconds in (None, 0.0, 2.5, 900.0, -3.0)] == [None, 0.0, 2.5, 60.0, 0.0]


async def test_a_caller_who_is_sent_on_ends_with_where_that_was(phone: Harness) -> None:
    call_id = phone.engine.arrive()
    phone.app.calls.redirect(call_id, "*95 2001", name="voicemail\n")
    assert phone.engine.sent(commands.Redirect) == [commands.Redirect(call_id=call_id, target="*952001")]
    assert phone.app.calls.get(call_id).end is None  # nothing is claimed before the engine says so
    phone.engine.finish(call_id, EndCause.REDIRECTED)
    ended = phone.published(CallRemoved)[-1].call
    assert ended.end == CallEnd(cause=EndCause.REDIRECTED, sent_to="voicemail")
    other = phone.engine.arrive()
    phone.app.calls.redirect(other, "2005")
    phone.engine.finish(other, EndCause.REDIRECTED)
    assert phone.published(CallRemoved)[-1].call.end.sent_to == "2005"


async def test_a_caller_who_gave_up_first_was_not_sent_on(phone: Harness) -> None:
    call_id = phone.engine.arrive()
    phone.app.calls.redirect(call_id, "*952001", name="voicemail")
    phone.engine.finish(call_id, EndCause.MISSED)
    assert phone.published(CallRemoved)[-1].call.end == CallEnd(cause=EndCause.MISSED)


async def test_what_cannot_be_sent_on_is_a_user_error_and_asks_the_engine_for_nothing(phone: Harness) -> None:
    ringing, dialling = phone.engine.arrive(), phone.app.calls.dial("6000")
    for call_id, target in (
        (dialling, "*952001"),
        (CallId("nobody"), "*952001"),
        (ringing, "my voicemail"),
        (ringing, ""),
        (ringing, "911"),
        (ringing, "sip:112@pbx.example.com"),
    ):
        with pytest.raises(UserError):
            phone.app.calls.redirect(call_id, target)
    phone.engine.far_end_answers(ringing)
    with pytest.raises(UserError, match="any more"):
        phone.app.calls.redirect(ringing, "*952001")
    assert phone.engine.sent(commands.Redirect) == []


async def test_dialling_needs_a_registration(phone: Harness) -> None:
    phone.engine.register(RegistrationState.RETRYING, Failure(kind=FailureKind.LINK_LOST))
    with pytest.raises(UserError, match="not connected to the PBX"):
        phone.app.calls.dial("6000")
    assert phone.app.calls.current() == ()


async def test_an_emergency_call_is_tried_whatever_the_registration_says(phone: Harness) -> None:
    phone.engine.register(RegistrationState.RETRYING, Failure(kind=FailureKind.LINK_LOST))
    phone.app.calls.dial("911")
    assert phone.engine.sent(commands.PlaceCall)[0].target == "911"


async def test_dialling_before_anything_is_set_up_says_so(harness: Harness) -> None:
    with pytest.raises(UserError, match="not connected to the PBX") as refusal:
        harness.app.calls.dial("6000")
    assert "Settings" in refusal.value.hint


async def test_an_engine_that_dies_ends_all_calls(phone: Harness) -> None:
    connected(phone)
    phone.engine.arrive()
    phone.engine.crash()
    assert phone.app.calls.current() == ()
    assert {event.call.end.failure.kind for event in phone.published(CallRemoved)} == {FailureKind.ENGINE}
    with pytest.raises(UserError, match="engine is not running"):
        phone.app.calls.dial("911")


class Rewriter:
    def __init__(self, ctx) -> None: ...

    @hookimpl
    def callmanager_prepare_outgoing(self, request: CallRequest) -> CallRequest:
        return CallRequest(target="9" + request.target, headers=(Header(name="X-Line", value="2"),))

    @hookimpl
    def callmanager_screen_incoming(self, call) -> Verdict | None:
        if call.remote.number == "666":
            return Verdict(status=603, reason="on the list")
        return Verdict(status=200) if call.remote.number == "200" else None


async def test_a_plugin_changes_what_is_dialled_but_never_an_emergency_number(tmp_path: Path) -> None:
    async with running(tmp_path, plugins={"rewriter": Rewriter}, engine=FakeEngine(obedient=True)) as phone:
        await phone.connect()
        phone.app.calls.dial("5550100199")
        phone.app.calls.dial("9-1-1")
        changed, emergency = phone.engine.sent(commands.PlaceCall)
        assert (changed.target, changed.headers) == ("95550100199", (Header(name="X-Line", value="2"),))
        assert (emergency.target, emergency.headers) == ("911", ())


@pytest.mark.expects_log("which is not a refusal")
async def test_a_screened_call_is_refused_before_anybody_sees_it(tmp_path: Path) -> None:
    async with running(tmp_path, plugins={"rewriter": Rewriter}, engine=FakeEngine(obedient=False)) as phone:
        refused = phone.engine.arrive("666")
        assert phone.engine.sent(commands.Reject) == [commands.Reject(call_id=refused, status=603)]
        assert phone.published(CallAdded) == []
        assert [(event.plugin_id, event.reason) for event in phone.published(CallScreened)] == [("rewriter", "on the list")]
        phone.engine.finish(refused)
        kept = phone.engine.arrive("200")
        assert [call.id for call in phone.app.calls.current()] == [kept]


async def test_a_plugin_rewrites_numbers_but_neither_emergency_numbers_nor_addresses(tmp_path: Path) -> None:
    class Outside:
        def __init__(self, ctx: object) -> None: ...

        @hookimpl
        def callmanager_rewrite_number(self, number: str) -> str | None:
            return f"9 {number}"

    async with running(tmp_path, plugins={"outside": Outside}) as phone:
        await phone.connect()
        for target in ("(555) 010-0199", "911", "sip:ann@pbx.example.com"):
            phone.app.calls.dial(target)
        placed = [command.target for command in phone.engine.sent(commands.PlaceCall)]
        assert placed == ["95550100199", "911", "sip:ann@pbx.example.com"]


async def test_the_end_of_each_call_is_told_to_plugins_once_after_all_events(tmp_path: Path) -> None:
    told: list[tuple[CallRecord, int]] = []

    class Journal:
        permissions = Permissions(call_information=True)

        def __init__(self, ctx: PluginContext) -> None:
            self._removed = 0
            ctx.events.subscribe(CallRemoved, self._gone)
            ctx.events.subscribe(CallScreened, self._gone)

        def _gone(self, event: object) -> None:
            self._removed += 1

        @hookimpl
        def callmanager_screen_incoming(self, call: Call) -> Verdict | None:
            return Verdict(reason="on the list") if call.remote.number == "666" else None

        @hookimpl
        def callmanager_call_ended(self, record: CallRecord) -> None:
            told.append((record, self._removed))

    async with running(tmp_path, plugins={"journal": Journal}) as phone:
        await phone.connect()
        phone.engine.obedient = False
        answered = connected(phone)
        phone.clock.advance(60)
        phone.engine.finish(answered)
        phone.engine.finish(answered)
        phone.engine.arrive("666")
        phone.engine.finish(phone.engine.arrive("2002"), EndCause.MISSED)
        assert [(record.remote.number, record.talked_seconds, record.screened_by, seen) for record, seen in told] == [
            ("6000", 60, "", 1),
            ("666", 0, "journal", 2),
            ("2002", 0, "", 3),
        ]
        assert told[2][0].end == CallEnd(cause=EndCause.MISSED)

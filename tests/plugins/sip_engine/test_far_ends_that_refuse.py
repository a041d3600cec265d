"""Far ends that end calls, or refuse them, as they should not: scripted with SIPp, met by the real engine."""

import pytest
from callmanager.api import CallArrived, CallProgressed, CallState, EndCause, FailureKind
from callmanager.explain import evidence, explain
from plugins.sip_engine.misbehaving import SLOTS, requests, wilderness_in


@pytest.fixture
async def wild(tmp_path):
    async with wilderness_in(tmp_path) as made:
        yield made


async def test_a_bye_that_nobody_answers_ends_the_call(wild):
    far = await wild.far_end("bye_unanswered")
    call = await wild.talk(far)
    end = await wild.hang_up(call)
    assert end.end.failure is None
    await far.finish()
    # pjsip repeats the BYE for 32 seconds (timer F) and keeps its slot as long.
    await wild.is_well(slots=SLOTS - 1)


async def test_an_answer_that_crosses_our_cancel_is_taken_and_ended(wild):
    far = await wild.far_end("late_answer")
    call = wild.call(far)
    await wild.phone.wait(CallProgressed, lambda f: f.call_id == call and f.sip_code == 180)
    await wild.hang_up(call)
    await far.finish()  # it got ACK and BYE
    assert not [f for f in wild.phone.of(CallProgressed) if f.call_id == call and f.state is CallState.CONNECTED]
    await wild.is_well()


@pytest.mark.parametrize(
    ("scenario", "status", "kind", "words"),
    [
        ("busy_here", "486 Busy Here", FailureKind.BUSY, "The line is busy."),
        ("unavailable", "480 Gone to lunch", FailureKind.UNAVAILABLE, "Nobody can be reached there now."),
        ("declined", "603 Not you again", FailureKind.DECLINED, "The call was declined."),
        ("out_of_service", "503 Circuits are busy", FailureKind.SERVER, "The PBX reported a fault of its own."),
    ],
)
async def test_a_refusal_is_told_in_our_words_and_in_theirs(wild, scenario, status, kind, words):
    far = await wild.far_end(scenario)
    end = await wild.ended(wild.call(far))
    await far.finish()
    assert (end.end.cause, end.end.failure.kind) == (EndCause.FAILED, kind)
    assert end.end.failure.sip_code == int(status[:3])
    assert explain(end.end.failure).text == words
    assert status in evidence(end.end.failure)
    await wild.is_well()


async def test_a_redirection_is_not_followed_and_told(wild):
    far = await wild.far_end("redirect", number="sip:900123@127.0.0.1:9")
    end = await wild.ended(wild.call(far))
    await far.finish()
    assert (end.end.cause, end.end.failure.sip_code) == (EndCause.FAILED, 302)
    assert end.end.failure.kind is FailureKind.UNAVAILABLE
    assert "sip:900123@127.0.0.1" in evidence(end.end.failure)
    await wild.is_well()


async def test_a_session_interval_that_is_too_small_is_made_longer(wild):
    far = await wild.far_end("interval_too_small")
    call = await wild.talk(far)
    await wild.heard(call)
    assert "Session-Expires: 3600" in far.messages()
    await wild.hang_up(call)
    await far.finish()
    await wild.is_well()


async def test_a_far_end_that_no_interval_pleases_is_given_up(wild):
    far = await wild.far_end("interval_never_right")
    end = await wild.ended(wild.call(far))
    assert (end.end.cause, end.end.failure.sip_code) == (EndCause.FAILED, 422)
    await wild.is_well()
    assert requests(far, "INVITE") == 2, "the first, and one with the interval that was asked for"
    await far.stop()


async def test_a_caller_with_a_far_too_short_interval_is_corrected_and_does_not_ring(wild):
    far = await wild.far_end("impatient_caller")
    await far.finish()
    assert not wild.phone.of(CallArrived)
    await wild.is_well()

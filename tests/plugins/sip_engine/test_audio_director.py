"""What is to be heard follows from the facts."""

import asyncio

import pytest
from callmanager.api import (
    AccountId,
    CallArrived,
    CallEnd,
    CallFinished,
    CallId,
    CallMedia,
    CallMediaReported,
    CallProgressed,
    CallState,
    DigitSent,
    EndCause,
    Failure,
    FailureKind,
    Party,
)
from callmanager_sip_engine import audio_director
from callmanager_sip_engine.audio.values import Tone
from callmanager_sip_engine.audio_director import AudioDirector

OUT, IN = CallId("out"), CallId("in")


class Ear:
    """What would be heard right now."""

    def __init__(self):
        self.open = self.ringing = self.clock = False
        self.tone, self.digits = None, []

    def open_call_audio(self):
        assert not self.open
        self.open = True

    def close_call_audio(self):
        assert self.open
        self.open = False

    def start_ringing(self):
        self.ringing = True

    def stop_ringing(self):
        self.ringing = False

    def start_tone(self, tone):
        assert self.open
        self.tone = tone

    def stop_tone(self):
        self.tone = None

    def play_dtmf(self, digit):
        self.digits.append(digit)

    @property
    def now(self):
        assert self.clock is self.open
        return (self.open, self.ringing, self.tone)


@pytest.fixture
def ear():
    return Ear()


@pytest.fixture
async def director(ear):
    made = AudioDirector(ear, lambda run: setattr(ear, "clock", run))
    yield made
    made.close()
    assert ear.now == (False, False, None)


def progress(call, state, code=None):
    return CallProgressed(call_id=call, state=state, sip_code=code)


def arrival(call=IN):
    return CallArrived(call_id=call, account_id=AccountId("a"), remote=Party(number="1"))


def finished(call, cause=EndCause.REMOTE, kind=None):
    return CallFinished(call_id=call, end=CallEnd(cause=cause, failure=kind and Failure(kind=kind)))


def early_media(call):
    return CallMediaReported(call_id=call, media=CallMedia(codec="G722", flowing=True, early=True))


def test_nothing_is_open_at_rest(ear, director):
    assert ear.now == (False, False, None)


async def test_ringback_sounds_from_180_to_the_answer(ear, director):
    director.placed(OUT)
    director.hear(progress(OUT, CallState.PROGRESS, 180))
    assert ear.now == (True, False, Tone.RINGBACK)
    director.hear(progress(OUT, CallState.CONNECTED, 200))
    assert ear.now == (True, False, None)
    director.hear(finished(OUT))
    assert ear.now == (False, False, None)


async def test_the_devices_of_an_outgoing_call_open_after_its_invite_and_before_any_answer(ear, director):
    director.placed(OUT)
    assert ear.now == (False, False, None)
    while not ear.open:  # noqa: ASYNC110 - the director has no event for it
        await asyncio.sleep(0.001)
    assert ear.now == (True, False, None)
    director.hear(finished(OUT))
    assert ear.now == (False, False, None)


async def test_a_call_that_ends_before_its_devices_are_open_leaves_them_closed(ear, director, monkeypatch):
    monkeypatch.setattr(audio_director, "_INVITE_FIRST_SECONDS", 0.0)
    director.placed(OUT)
    director.hear(finished(OUT, EndCause.LOCAL))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert ear.now == (False, False, None)


async def test_early_media_takes_the_place_of_our_ringback(ear, director):
    director.placed(OUT)
    director.hear(progress(OUT, CallState.PROGRESS, 180))
    director.hear(early_media(OUT))
    assert ear.now == (True, False, None)


async def test_a_session_progress_without_ringing_has_no_ringback(ear, director):
    director.placed(OUT)
    director.hear(progress(OUT, CallState.PROGRESS, 183))
    assert ear.now == (True, False, None)


def test_an_incoming_call_rings_only_when_told_to(ear, director):
    director.hear(arrival())
    assert ear.now == (False, False, None)
    director.hear(progress(IN, CallState.RINGING, 180))
    assert ear.now == (False, True, None)
    director.hear(progress(IN, CallState.CONNECTED, 200))
    assert ear.now == (True, False, None)


async def test_a_second_call_beeps_instead_of_ringing(ear, director):
    director.placed(OUT)
    director.hear(progress(OUT, CallState.CONNECTED, 200))
    director.hear(arrival())
    director.hear(progress(IN, CallState.RINGING, 180))
    assert ear.now == (True, False, Tone.CALL_WAITING)
    director.hear(finished(OUT))
    assert ear.now == (False, True, None)
    director.hear(finished(IN, EndCause.MISSED))
    assert ear.now == (False, False, None)


@pytest.mark.parametrize(("kind", "tone"), [(FailureKind.BUSY, Tone.BUSY), (FailureKind.NOT_FOUND, Tone.CONGESTION)])
async def test_a_failed_call_ends_with_a_tone_for_a_moment(ear, director, monkeypatch, kind, tone):
    monkeypatch.setattr(audio_director, "_END_TONE_SECONDS", 0.02)
    director.placed(OUT)
    director.hear(finished(OUT, EndCause.FAILED, kind))
    assert ear.now == (True, False, tone)
    while ear.open:  # noqa: ASYNC110 - the director has no event for it
        await asyncio.sleep(0.01)
    assert ear.now == (False, False, None)


async def test_who_hung_up_hears_nothing_more(ear, director):
    director.placed(OUT)
    director.hear(finished(OUT, EndCause.LOCAL))
    assert ear.now == (False, False, None)


async def test_after_the_pbx_own_signal_there_is_none_of_ours(ear, director):
    director.placed(OUT)
    director.hear(early_media(OUT))
    director.hear(finished(OUT, EndCause.FAILED, FailureKind.BUSY))
    assert ear.now == (False, False, None)


async def test_a_new_call_cuts_the_end_tone_short(ear, director):
    director.placed(OUT)
    director.hear(finished(OUT, EndCause.FAILED, FailureKind.BUSY))
    director.placed(CallId("next"))
    assert ear.now == (True, False, None)
    director.hear(finished(CallId("next")))


def test_digits_are_heard(ear, director):
    director.hear(DigitSent(call_id=OUT, digit="5", method="rfc4733"))
    assert ear.digits == ["5"]


def test_facts_of_calls_that_are_gone_change_nothing(ear, director):
    director.hear(progress(OUT, CallState.PROGRESS, 180))
    director.hear(early_media(OUT))
    director.hear(finished(OUT, EndCause.FAILED, FailureKind.BUSY))
    assert ear.now == (False, False, None)


async def test_a_silenced_call_is_not_heard_and_one_that_rings_beside_it_is(director, ear):
    for call in (IN, CallId("other")):
        director.hear(CallArrived(call_id=call, account_id=AccountId("a"), remote=Party(number="2002"), called="2001"))
    director.silence(IN)
    director.hear(progress(IN, CallState.RINGING, 180))
    assert ear.now == (False, False, None)
    director.hear(progress(CallId("other"), CallState.RINGING, 180))
    assert ear.now == (False, True, None)
    director.hear(CallFinished(call_id=CallId("other"), end=CallEnd(cause=EndCause.MISSED)))
    assert ear.now == (False, False, None)
    director.hear(progress(IN, CallState.CONNECTED, 200))
    assert ear.now == (True, False, None)


async def test_a_silenced_call_gives_no_call_waiting_tone(director, ear):
    director.placed(OUT)
    director.hear(progress(OUT, CallState.CONNECTED, 200))
    director.hear(CallArrived(call_id=IN, account_id=AccountId("a"), remote=Party(number="2002"), called="2001"))
    director.silence(IN)
    director.hear(progress(IN, CallState.RINGING, 180))
    assert ear.now == (True, False, None)

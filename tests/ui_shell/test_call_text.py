from datetime import UTC, datetime, timedelta

import attrs
import pytest
from callmanager.api import (
    AccountId,
    Call,
    CallEnd,
    CallId,
    CallMedia,
    CallPurpose,
    CallState,
    CallStatistics,
    Contact,
    Direction,
    EndCause,
    Failure,
    FailureKind,
    Match,
    Party,
    TransferStage,
    TransferState,
    contact_id,
)
from callmanager_shell import call_text

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def call(**changes) -> Call:
    base = Call(
        id=CallId("1"),
        account_id=AccountId("main"),
        direction=Direction.OUTGOING,
        state=CallState.CONNECTED,
        remote=Party(number="5550104477", name="Dana Kowalski"),
        created_at=NOW,
        answered_at=NOW,
    )
    return attrs.evolve(base, **changes)


@pytest.mark.parametrize(("seconds", "shown"), [(0, "00:00"), (59.9, "00:59"), (252, "04:12"), (3661, "1:01:01")])
def test_the_timer_shows_minutes_and_from_an_hour_on_hours(seconds, shown):
    assert call_text.timer(call(), NOW + timedelta(seconds=seconds)) == shown


def test_there_is_no_timer_before_the_answer():
    assert call_text.timer(call(answered_at=None), NOW) == ""


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": CallState.DIALING}, "Calling…"),
        ({"state": CallState.PROGRESS}, "Ringing…"),
        ({"state": CallState.RINGING}, "Incoming call"),
        ({"held": True}, "On hold"),
        ({"remote_held": True}, "On hold by the other side"),
        ({}, ""),
    ],
)
def test_the_state_is_said_in_words(changes, words):
    assert call_text.state_words(call(**changes)) == words


@pytest.mark.parametrize(
    ("end", "direction", "words"),
    [
        (CallEnd(cause=EndCause.FAILED, failure=Failure(kind=FailureKind.BUSY)), Direction.OUTGOING, "The line is busy"),
        (CallEnd(cause=EndCause.MISSED), Direction.INCOMING, "Missed call"),
        (CallEnd(cause=EndCause.MISSED), Direction.OUTGOING, "No answer"),
        (CallEnd(cause=EndCause.ELSEWHERE), Direction.INCOMING, "Answered on another device"),
        (CallEnd(cause=EndCause.REDIRECTED, sent_to="voicemail"), Direction.INCOMING, "Sent to voicemail"),
        (CallEnd(cause=EndCause.REDIRECTED, sent_to="5550100199"), Direction.INCOMING, "Sent to (555) 010-0199"),
        (CallEnd(cause=EndCause.REDIRECTED), Direction.INCOMING, "Sent to somebody else"),
        (CallEnd(cause=EndCause.REMOTE), Direction.INCOMING, "The other side hung up"),
        (CallEnd(cause=EndCause.LOCAL), Direction.OUTGOING, "Call ended"),
    ],
)
def test_the_end_is_explained(end, direction, words):
    assert call_text.end_words(call(state=CallState.ENDED, end=end, direction=direction)) == words


@pytest.mark.parametrize("kind", list(FailureKind))
def test_every_failure_has_words_on_the_card(kind):
    ended = call(state=CallState.ENDED, end=CallEnd(cause=EndCause.FAILED, failure=Failure(kind=kind)))
    assert len(call_text.end_words(ended)) > 5


def test_encrypted_is_said_only_when_it_was_seen():
    def texts(encrypted):
        media = CallMedia(codec="G722", clock_rate=16000, encrypted=encrypted)
        return [bit.text for bit in call_text.details(call(media=media))]

    assert texts(encrypted=True) == ["(555) 010-4477", "HD", "encrypted"]
    assert texts(encrypted=False) == ["(555) 010-4477", "HD"]


@pytest.mark.parametrize(("mos", "word"), [(4.4, "good"), (4.0, "good"), (3.5, "fair"), (2.0, "poor")])
def test_quality_is_a_word_with_the_figures_in_its_tip(mos, word):
    bit = call_text.quality(call(statistics=CallStatistics(mos=mos, loss_percent=1.5, jitter_ms=7, round_trip_ms=40)))
    assert bit is not None
    assert bit.text == word
    assert "Loss 1.5 %, jitter 7 ms, round trip 40 ms" in bit.tip


def test_a_number_is_not_shown_twice():
    stranger = call(remote=Party(number="5550104477"))
    assert call_text.number_of(stranger) == ""
    assert call_text.name_of(stranger) == "(555) 010-4477"


@pytest.mark.parametrize(
    ("stage", "failure", "words"),
    [
        (TransferStage.ASKED, None, "Transferring to (555) 010-0199…"),
        (TransferStage.RINGING, None, "Transferring to (555) 010-0199… ringing"),
        (TransferStage.DONE, None, "Transferring to (555) 010-0199…"),
        (TransferStage.FAILED, Failure(kind=FailureKind.NO_ANSWER), "(555) 010-0199: nobody answered"),
        (TransferStage.FAILED, Failure(kind=FailureKind.DECLINED), "(555) 010-0199: the call was declined"),
        (TransferStage.FAILED, None, "(555) 010-0199: the transfer failed"),
    ],
)
def test_a_transfer_says_how_far_it_is_and_why_it_failed(stage, failure, words):
    handed = call(held=True, transfer=TransferState(target="5550100199", stage=stage, failure=failure, watched=True))
    assert call_text.notice(handed).text == words
    assert words in call_text.spoken(handed)
    assert call_text.details(handed)[0].text == "On hold"
    assert "double-click to swap" not in [bit.text for bit in call_text.details(handed)]
    ended = attrs.evolve(handed, state=CallState.ENDED)
    assert call_text.notice(ended) is None


@pytest.mark.parametrize(
    ("purpose", "asking", "asked"),
    [
        (CallPurpose.CONSULTATION, "asking for Dana Kowalski", "you are asking Marcus Hale"),
        (CallPurpose.CONFERENCE, "to join Dana Kowalski", "waiting for Marcus Hale to join"),
    ],
)
def test_what_a_call_was_placed_for_is_said_on_both_cards(purpose, asking, asked):
    caller = call(held=True)
    other = call(id=CallId("2"), remote=Party(number="2004", name="Marcus Hale"), purpose=purpose, about=CallId("1"))
    assert asking in [bit.text for bit in call_text.details(other, [caller])]
    assert asked in [bit.text for bit in call_text.details(caller, [other])]
    assert asked in call_text.spoken(caller, [other])
    joined = [attrs.evolve(each, conference=True) for each in (caller, other)]
    assert call_text.purpose_words(joined[1], joined[:1]) == call_text.purpose_words(joined[0], joined[1:]) == ""
    assert call_text.purpose_words(other, []) == ""


def matched(name: str = "", **changes) -> Call:
    ann = Contact(id=contact_id("own", "1"), source_id="own", name="Ann Smith", company="Acme")
    match = attrs.evolve(Match(contact=ann, number="5550104477"), **changes)
    return call(remote=Party(number="5550104477", name=name), match=match)


@pytest.mark.parametrize("sent", ["", "5550104477", " (555) 010-4477 "])
def test_a_contact_names_a_call_whose_far_end_sent_no_name_or_only_its_number(sent: str) -> None:
    assert call_text.name_of(matched(sent)) == "Ann Smith"
    assert call_text.number_of(matched(sent)) == "(555) 010-4477"
    assert call_text.company_of(matched(sent)) == "Acme"
    assert call_text.spoken(matched(sent)) == "Ann Smith, Acme, (555) 010-4477, connected"
    assert [bit.text for bit in call_text.details(matched(sent))] == ["(555) 010-4477", "Acme"]


def test_what_the_far_end_calls_itself_stays_because_it_may_name_the_queue() -> None:
    assert call_text.name_of(matched("Sales: Ann")) == "Sales: Ann"


def test_a_match_by_the_last_digits_is_said_with_care() -> None:
    assert call_text.name_of(matched(exact=False)) == "Perhaps Ann Smith"
    assert call_text.company_of(matched(exact=False)) == ""


def test_a_number_of_several_people_names_one_and_counts_the_others() -> None:
    assert call_text.name_of(matched(others=2)) == "Ann Smith or 2 more"


def test_a_company_that_several_people_share_is_shown_once() -> None:
    shared = matched(others=4)
    shared = attrs.evolve(shared, match=attrs.evolve(shared.match, contact=attrs.evolve(shared.match.contact, name="Acme")))
    assert (call_text.name_of(shared), call_text.company_of(shared)) == ("Acme", "")

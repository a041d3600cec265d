"""Nothing that identifies anybody is left of a masked value, and the same thing always gets the same mask."""

from datetime import UTC, datetime

import attrs
import pytest
from callmanager.numbers import EMERGENCY
from callmanager.recording.masking import Kind, Masker
from hypothesis import given
from hypothesis import strategies as st

START = datetime(2026, 1, 2, tzinfo=UTC)


def digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())


@given(st.text(alphabet="0123456789+-(). ", min_size=1, max_size=19))
def test_no_three_digits_in_a_row_of_a_number_survive_and_its_notation_does(number: str) -> None:
    masker = Masker(since=START)
    masked = masker.text(number, Kind.NUMBER)
    original, made = digits(number), digits(masked)
    if len(original) >= 3:
        body = made[1:] if len(original) == 11 and original.startswith("1") else made
        assert not {original[at : at + 3] for at in range(len(original) - 2)} & {
            body[at : at + 3] for at in range(len(body) - 2)
        }
        assert made not in EMERGENCY
    assert [c for c in masked if not c.isdigit()] == [c for c in number if not c.isdigit()]
    assert masker.text(number, Kind.NUMBER) == masked


def test_both_notations_of_a_north_american_number_get_one_mask() -> None:
    masker = Masker(since=START)
    national, international = masker.text("5550100199", Kind.NUMBER), masker.text("+1 (555) 010-0199", Kind.NUMBER)
    assert digits(international) == f"1{national}"


@given(st.text(min_size=1, max_size=40), st.sampled_from([Kind.NAME, Kind.HOST, Kind.ID, Kind.TEXT, Kind.ADDRESS, Kind.DIGITS]))
def test_no_word_of_a_text_survives(text: str, kind: Kind) -> None:
    masked = Masker(since=START).text(text, kind)
    words = {word.casefold() for word in text.split() if len(word) > 7 and not set(word.casefold()) <= {"x", "0"}}
    known = {"anonymous", "unavailable", "restricted"}
    assert not [word for word in words - known if word in masked.casefold()]


def test_what_is_said_instead_of_a_number_stays_and_identifies_nobody() -> None:
    masker = Masker(since=START)
    assert masker.text("anonymous", Kind.NUMBER) == "anonymous"
    assert masker.text("Anonymous", Kind.NAME) == "Anonymous"


def test_a_sip_address_becomes_another_one() -> None:
    masker = Masker(since=START)
    masked = masker.text("sip:2002@pbx.customer.example.com", Kind.ADDRESS)
    assert masked == f"sip:{masker.text('2002', Kind.NUMBER)}@host-a.example"


def test_a_field_that_nobody_foresaw_is_masked_to_its_length_and_a_secret_to_nothing() -> None:
    @attrs.frozen(kw_only=True)
    class Foreign:
        number: str
        remark: str
        token: str = attrs.field(repr=False)
        at: datetime

    masker = Masker(since=START)
    value = Foreign(number="5550100199", remark="call my mother", token="hunter2222", at=START.replace(second=9))
    masked = masker.value(value)
    assert masked["remark"] == "x" * len("call my mother")
    assert (masked["token"], masked["at"]) == ("", 9.0)
    assert masked["number"] == masker.text("5550100199", Kind.NUMBER)


@pytest.mark.parametrize("value", [b"secret", object(), {"secret name": "secret"}, {1, 2}])
def test_whatever_comes_is_written_somehow(value: object) -> None:
    assert "secret" not in str(Masker(since=START).value(value))

"""A number is the same number in whatever notation, and what is no number is none."""

import pytest
from callmanager.contacts.phone_numbers import NumberKey, NumberReader, end_agrees
from hypothesis import given
from hypothesis import strategies as st

AMERICA, GERMANY, ITALY = NumberReader("US"), NumberReader("DE"), NumberReader("IT")


@pytest.mark.parametrize(
    ("reader", "text", "key"),
    [
        (AMERICA, "(555) 010-0199", "+15550100199"),
        (AMERICA, "555.010.0199", "+15550100199"),
        (AMERICA, "1 555 010 0199", "+15550100199"),
        (AMERICA, "+1 555 010 0199", "+15550100199"),
        (AMERICA, "tel:+1-555-010-0199", "+15550100199"),
        (AMERICA, "sip:+15550100199@pbx.example.com", "+15550100199"),
        (AMERICA, "011 44 20 7946 0018", "+442079460018"),
        (AMERICA, "+44 (0)20 7946 0018", "+442079460018"),
        (AMERICA, "442079460018", "+442079460018"),
        (AMERICA, "Mobile: 555 010 0199", "+15550100199"),
        (AMERICA, "555 010 0199 (home)", "+15550100199"),
        (AMERICA, "1-800-FLOWERS", "+18003569377"),
        (AMERICA, "５５５０１００１９９", "+15550100199"),
        (GERMANY, "030 / 90 18 20", "+4930901820"),
        (GERMANY, "0049 30 901820", "+4930901820"),
        (GERMANY, "+49 30 901820", "+4930901820"),
        (ITALY, "06 6982 1234", "+390669821234"),
        (AMERICA, "2001", "2001"),
        (GERMANY, "2001", "2001"),
        (AMERICA, "010-0199", "0100199"),
        (AMERICA, "*97", "*97"),
        (AMERICA, "*95*2001#", "*95*2001#"),
    ],
)
def test_notations_lead_to_one_key(reader: NumberReader, text: str, key: str) -> None:
    assert reader.read(text) == NumberKey(key)


@pytest.mark.parametrize("text", ["", "  ", "ann", "T2_2001", "anonymous", "sip:ann@pbx.example.com", "+", "()"])
def test_what_is_no_number_is_none(text: str) -> None:
    assert AMERICA.read(text) is None


@pytest.mark.parametrize("text", ["+1 555 010 0199 ext. 12", "555 010 0199 x12", "5550100199x12", "tel:+15550100199;ext=12"])
def test_an_extension_behind_a_number_makes_it_a_switchboard(text: str) -> None:
    assert AMERICA.read(text) == NumberKey("+15550100199", direct=False)


def test_only_short_bare_numbers_are_extensions() -> None:
    assert NumberKey("2001").short
    assert NumberKey("123456").short
    assert not NumberKey("1234567").short
    assert not NumberKey("+123456").short


def test_an_unknown_country_is_read_as_the_fallback() -> None:
    assert NumberReader("XX").region == "US"


@pytest.mark.parametrize(
    ("one", "other", "agrees"),
    [
        ("0100199", "15550100199", True),
        ("15550100199", "0100199", False),
        ("5550100199", "15550100199", True),
        ("07700900123", "447700900123", True),
        ("15550100199", "442070100199", False),
        ("100199", "15550100199", False),
    ],
)
def test_ends_agree_when_the_shorter_is_the_end_of_the_longer_and_long_enough(one: str, other: str, agrees: bool) -> None:
    # without its zeros "0100199" has six digits only, which tells too little in either order
    expected = agrees and len(min(one.lstrip("0"), other.lstrip("0"), key=len)) >= 7
    assert end_agrees(one, other) == end_agrees(other, one) == expected


@given(st.text(max_size=200))
def test_no_text_makes_the_reader_raise(text: str) -> None:
    key = AMERICA.read(text)
    assert key is None or (key.text and set(key.text) <= set("+0123456789*#"))


@given(st.integers(2_000_000_000, 9_999_999_999).map(str), st.sampled_from(["{}", "1{}", "+1{}", "+1 {}", "tel:+1{}"]))
def test_every_american_number_is_one_key_in_each_notation(digits: str, notation: str) -> None:
    assert AMERICA.read(notation.format(digits)) == NumberKey(f"+1{digits}")

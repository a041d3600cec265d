"""Numbers are compared as numbers: whatever their notation, and never more of them than was meant."""

import phonenumbers
import pytest
from callmanager.api import Party, UserError
from callmanager_call_control.patterns import PatternKind, PatternReader, PatternTable, emergency, withheld
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat

HOMES = ("US", "DE", "GB", "FR", "AU", "JP", "BR", "IT", "MX")
READERS = {home: PatternReader(home) for home in HOMES}


@st.composite
def numbers(draw, regions=HOMES):
    """A valid number of some country, made of an example by changing its last digits."""
    region = draw(st.sampled_from(regions))
    kind = draw(st.sampled_from([phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE]))
    example = phonenumbers.example_number_for_type(region, kind)
    digits = phonenumbers.national_significant_number(example)
    changed = digits[:-4] + draw(st.text("0123456789", min_size=4, max_size=4))
    number = phonenumbers.parse(f"+{example.country_code}{changed}", None)
    return number if phonenumbers.is_valid_number(number) else example


def notations(number, home):
    """All the ways in which somebody in a country writes a number, or a PBX there delivers it."""
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    found = [
        e164,
        phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL),
        phonenumbers.format_out_of_country_calling_number(number, home),
        f"tel:{e164}",
        f"sip:{e164}@pbx.example.com",
        f"  {e164[:4]} ({e164[4:6]}) {e164[6:]} ",
    ]
    if phonenumbers.region_code_for_number(number) == home:
        found.append(phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL))
    return found


def hits(pattern, subject):
    return PatternTable.of([(pattern, "it")]).find(subject) is not None


@given(number=numbers(), home=st.sampled_from(HOMES), data=st.data())
def test_a_number_is_found_in_whatever_notation_it_was_written_and_arrives(number, home, data):
    reader = READERS[home]
    written, arriving = (data.draw(st.sampled_from(notations(number, home))) for _ in range(2))
    pattern = reader.number(written)
    assert pattern.kind is PatternKind.NUMBER
    assert hits(pattern, reader.caller(Party(number=arriving)))


@given(one=numbers(), other=numbers(), home=st.sampled_from(HOMES), data=st.data())
def test_two_numbers_are_never_taken_for_each_other(one, other, home, data):
    reader = READERS[home]
    e164 = [phonenumbers.format_number(number, PhoneNumberFormat.E164) for number in (one, other)]
    pattern = reader.number(data.draw(st.sampled_from(notations(one, home))))
    subject = reader.subject(data.draw(st.sampled_from(notations(other, home))))
    assert hits(pattern, subject) is (e164[0] == e164[1])


@given(number=numbers(), home=st.sampled_from(HOMES), data=st.data())
def test_a_beginning_means_all_that_begin_so_and_nothing_else(number, home, data):
    reader = READERS[home]
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    start = e164[: data.draw(st.integers(5, len(e164)))]
    other = data.draw(numbers())
    pattern = reader.prefix(start)
    assert hits(pattern, reader.subject(data.draw(st.sampled_from(notations(number, home)))))
    theirs = phonenumbers.format_number(other, PhoneNumberFormat.E164)
    assert hits(pattern, reader.subject(theirs)) is theirs.startswith(start)


@given(number=numbers(), data=st.data())
def test_a_beginning_as_dialled_at_home_is_found_in_numbers_of_this_country_alone(number, data):
    home = phonenumbers.region_code_for_number(number) or "US"
    reader = PatternReader(home)
    national = "".join(filter(str.isdigit, phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)))
    pattern = reader.prefix(national[: data.draw(st.integers(4, len(national)))])
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    assert hits(pattern, reader.subject(e164))
    abroad = data.draw(numbers(["JP", "BR"]))
    if abroad.country_code != number.country_code:
        assert not hits(pattern, reader.subject(phonenumbers.format_number(abroad, PhoneNumberFormat.E164)))


@given(extension=st.text("0123456789", min_size=1, max_size=6), home=st.sampled_from(HOMES), start=st.integers(1, 6))
def test_an_extension_is_meant_by_its_exact_number_only(extension, home, start):
    reader = READERS[home]
    assert hits(reader.number(extension), reader.subject(extension))
    try:
        pattern = reader.prefix(extension[:start])
    except UserError:
        return
    assert not hits(pattern, reader.subject(extension))


@given(text=st.text(max_size=200), home=st.sampled_from(HOMES))
def test_whatever_is_written_is_a_pattern_or_a_complaint_and_whoever_calls_is_compared(text, home):
    reader = READERS[home]
    reader.caller(Party(number=text, uri=text))
    try:
        pattern = reader.pattern(text)
    except UserError:
        return
    assert pattern.keys
    assert all(pattern.keys)


@given(text=st.from_regex(r"[!-~]{1,60}", fullmatch=True), home=st.sampled_from(HOMES))
def test_whoever_calls_is_found_by_the_very_text_that_is_shown(text, home):
    reader = READERS[home]
    try:
        pattern = reader.number(text)
    except UserError:
        return
    assert hits(pattern, reader.caller(Party(number=text)))


@pytest.mark.parametrize(
    ("home", "text"),
    [("US", "+1*"), ("US", "1*"), ("DE", "+49*"), ("DE", "0049*"), ("DE", "+4*"), ("DE", "0*"), ("DE", "00*"), ("US", "5*")],
)
def test_what_would_mean_the_whole_country_is_refused(home, text):
    with pytest.raises(UserError, match=r"too many|beginning|not a number"):
        PatternReader(home).pattern(text)


def test_of_two_patterns_the_number_goes_before_the_beginning_and_the_longer_beginning_before_the_shorter():
    reader = READERS["DE"]
    texts = ("+49900*", "0900*", "+4990012*", "0900 1234567", "alice@example.com")
    table = PatternTable.of((reader.pattern(text), text) for text in texts)
    found = [table.find(reader.subject(number)) for number in ("+499001234567", "09001299999", "0900777777", "0301234567")]
    assert found == ["0900 1234567", "+4990012*", "+49900*", None]
    assert table.find(reader.caller(Party(number="alice", uri="sip:Alice@example.com:5061"))) == "alice@example.com"
    assert table.find(reader.caller(Party(number="alice", uri="sip:alice@example.org"))) is None


@pytest.mark.parametrize(
    ("party", "expected"),
    [
        (Party(number=""), True),
        (Party(number="Anonymous", uri="sip:anonymous@anonymous.invalid"), True),
        (Party(number="unknown"), True),
        (Party(number="5550100199", uri="sip:5550100199@anonymous.invalid"), True),
        (Party(number="5550100199", name="Anonymous"), False),
        (Party(number="2001", uri="sip:2001@pbx.example.com"), False),
    ],
)
def test_who_does_not_show_a_number(party, expected):
    assert withheld(party) is expected


@pytest.mark.parametrize("text", ["911", "112", "9-1-1", "sip:911@pbx.example.com"])
def test_an_emergency_number_is_known_as_one(text):
    assert emergency(READERS["US"].number(text))

"""What people type, paste and click becomes what a PBX dials, or a polite refusal."""

import pytest
from callmanager.errors import UserError
from callmanager.numbers import clean_target, format_number, is_emergency
from hypothesis import example, given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("6000", "6000"),
        ("(555) 010-0199", "5550100199"),
        ("tel:+1-555-010-1234", "+15550101234"),
        ("TEL:+1-555-010-1234;phone-context=example.com", "+15550101234"),
        ("tel:911", "911"),
        ("callto:5550100199", "5550100199"),
        ("callto://5550100199", "5550100199"),
        ("tel:%2B15550101234", "+15550101234"),
        ("sip:6000@pbx.example.com", "sip:6000@pbx.example.com"),
        ("SIP:6000@pbx.example.com;transport=udp?Replaces=x", "sip:6000@pbx.example.com"),
        ("sip:6000:secret@pbx.example.com", "sip:6000@pbx.example.com"),
        ("sip:6000", "6000"),
        ("sip:ann%20lee@pbx.example.com", "sip:ann%20lee@pbx.example.com"),
        ("sip:6000%40pbx.example.com", "sip:6000@pbx.example.com"),
        ("ann@pbx.example.com:5061", "sip:ann@pbx.example.com:5061"),
        ("sip:ann@[2001:db8::1]:5060", "sip:ann@[2001:db8::1]:5060"),
        ("*97", "*97"),
        ("##", "##"),
        ("555 010 0199", "5550100199"),
        ("555‑010‑0199", "5550100199"),
        ("\u202d+1 555.010.0199\u202c", "+15550100199"),
        ("＋１５５５", "+1555"),
        ("  <5550100199>\n", "5550100199"),
        ('"5550100199"', "5550100199"),
    ],
)
def test_a_target_is_cleaned(text: str, target: str) -> None:
    assert clean_target(text) == target


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "Ann",
        "1-800-FLOWERS",
        "tel:",
        "javascript:alert(1)",
        "555\r\nVia: x@y",
        "sip:a b@host",
        "sip:a@host name",
        "sip:@host",
        "sip:a@",
        "+",
        "1+2",
        "9" * 65,
        "9" * 5000,
        "tel:5550100199;ext=12",
        "sip:6000@host\r\nX-Evil: 1",
        "5\x005",
        "tel:555%0d%0aVia:x",
        "sip:6000%0d%0aVia@pbx.example.com",
        "sip:60%@pbx.example.com",
        "http://example.com/5550100199",
    ],
)
def test_what_cannot_be_dialled_is_refused_for_the_user(text: str) -> None:
    with pytest.raises(UserError) as refusal:
        clean_target(text)
    assert refusal.value.text


@given(st.text(max_size=600))
def test_any_text_gives_a_safe_target_or_a_user_error(text: str) -> None:
    try:
        target = clean_target(text)
    except UserError:
        return
    assert not any(character in target for character in "\r\n\0 <>\"'")
    assert target.startswith(("sip:", "sips:")) or set(target) <= set("+0123456789*#")


@example("", "%21@0")
@example("sip:", "%2521%400")
@given(st.sampled_from(["tel:", "sip:", "callto://", ""]), st.text(alphabet="0123456789+-.() @;:%", max_size=40))
def test_cleaning_twice_changes_nothing(scheme: str, text: str) -> None:
    try:
        once = clean_target(scheme + text)
    except UserError:
        return
    assert clean_target(once) == once


@pytest.mark.parametrize(
    "text", ["911", "9-1-1", "tel:911", "sip:911@pbx.example.com", "sip:%39%31%31@pbx.example.com", "9911", "112", "933"]
)
def test_emergency_numbers_are_known_in_every_notation(text: str) -> None:
    assert is_emergency(clean_target(text))


@pytest.mark.parametrize("text", ["9110", "6911", "sip:ann@911", "*911", "5550100911"])
def test_other_numbers_are_no_emergency(text: str) -> None:
    assert not is_emergency(clean_target(text))


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("5550100199", "(555) 010-0199"),
        ("15550100199", "1 (555) 010-0199"),
        ("+15550100199", "+1 555 010 0199"),
        ("6000", "6000"),
        ("*97", "*97"),
        ("+442079460000", "+442079460000"),
        ("1550100199", "1550100199"),
        ("", ""),
    ],
)
def test_numbers_are_shown_as_americans_write_them(number: str, shown: str) -> None:
    assert format_number(number) == shown

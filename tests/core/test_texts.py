"""Text from outside is shown plain and bounded, on one line or on several."""

import pytest
from callmanager.texts import plain, plain_lines
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ann Lee", "Ann Lee"),
        ("Ann\r\nLee", "Ann Lee"),
        ("A\0nn\x1b[31m", "Ann[31m"),
        ("\u202e9910", "9910"),
        ("  many   blanks ", "many blanks"),
        ("José 李", "José 李"),
    ],
)
def test_what_cannot_be_seen_is_dropped(text: str, shown: str) -> None:
    assert plain(text) == shown


@given(st.text(), st.integers(min_value=1, max_value=50))
def test_it_never_grows_beyond_the_limit_and_has_one_line(text: str, limit: int) -> None:
    shown = plain(text, limit=limit)
    assert len(shown) <= limit
    assert len(shown.splitlines()) <= 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("one\ntwo", "one\ntwo"),
        ("one\r\ntwo\rthree\u2028four\x85five\x0bsix", "one\ntwo\nthree\nfour\nfive\nsix"),
        ("  \n one\ttwo \n\n", "one two"),
        ("a\0b\x1b[31mc\x7f\x9b", "ab[31mc"),
        ("\u202e9910\u202c \u2066x\u2069", "9910 x"),
        ("zero\u200bwidth\u2060\ufeff\xad", "zerowidth"),
        ("tag\U000e0041\U000e007f", "tag"),
        ("half\ud83d", "half"),
        ("\ufffe\uffff\ufdd0", ""),
        ("👩\u200d👩\u200d👧 ❤\ufe0f", "👩\u200d👩\u200d👧 ❤\ufe0f"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("שלום\u200f!", "שלום\u200f!"),
        ("\U0001fae9", "\U0001fae9"),
    ],
)
def test_several_lines_keep_what_scripts_need_and_nothing_that_deceives(text: str, shown: str) -> None:
    assert plain_lines(text) == shown


@given(st.text(), st.integers(min_value=1, max_value=50))
def test_several_lines_are_bounded_clean_and_stay_the_same_when_cleaned_again(text: str, limit: int) -> None:
    shown = plain_lines(text, limit=limit)
    assert len(shown) <= limit
    assert not set("\r\t\x00\x02\x03\u202e\u2066\u2028") & set(shown)
    assert plain_lines(shown, limit=limit) == shown
    shown.encode()

"""Text from outside is shown plain, bounded and on one line."""

import pytest
from callmanager.texts import plain
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

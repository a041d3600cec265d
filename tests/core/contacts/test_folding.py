"""People find each other without accents, capitals and apostrophes, and see what was found."""

from itertools import pairwise

import pytest
from callmanager.contacts.folding import digit_span, fold, positions, word_spans, words
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Jürgen Weiß", ["jurgen", "weiss"]),
        ("Łukasz Ødegård-Nuñez", ["lukasz", "odegard", "nunez"]),
        ("O'Brien", ["obrien"]),
        ("D’Arcy", ["darcy"]),
        ("İbrahim", ["ibrahim"]),
        ("Zoe\u0308 Smith_Jones, Ltd.", ["zoe", "smith", "jones", "ltd"]),
        ("王伟", ["王伟"]),
        ("김민수", ["김민수"]),
        ("", []),
    ],
)
def test_words_are_what_people_type(text: str, folded: list[str]) -> None:
    assert words(text) == folded


@pytest.mark.parametrize(
    ("text", "prefixes", "marked"),
    [
        ("Jürgen Weiß", ["jur"], ["Jür"]),
        ("Jürgen Weiß", ["weiss"], ["Weiß"]),
        ("Ann O'Brien", ["obr", "a"], ["A", "O'Br"]),
        ("Anna Ann", ["ann", "anna"], ["Anna", "Ann"]),
        ("Ann", ["ann", "ann"], ["Ann"]),
        ("Joanna", ["anna"], []),
    ],
)
def test_what_was_typed_is_marked_at_the_beginning_of_words(text: str, prefixes: list[str], marked: list[str]) -> None:
    assert [text[start:end] for start, end in word_spans(text, prefixes)] == marked


@pytest.mark.parametrize(
    ("number", "typed", "marked"),
    [("(555) 010-0199", "550100", "55) 010-0"), ("+1 555", "1555", "1 555"), ("2001", "9", None), ("2001", "", None)],
)
def test_digits_are_marked_whatever_is_written_between_them(number: str, typed: str, marked: str | None) -> None:
    spans = digit_span(number, typed)
    assert [number[start:end] for start, end in spans] == ([marked] if marked else [])


@given(st.text(max_size=40))
def test_positions_lead_back_into_the_text(text: str) -> None:
    folded, places = positions(text)
    assert len(folded) == len(places)
    assert all(0 <= place < len(text) for place in places)
    assert list(places) == sorted(places)


@given(st.text(max_size=40), st.text(min_size=1, max_size=5))
def test_spans_lie_inside_the_text_and_do_not_overlap(text: str, typed: str) -> None:
    spans = word_spans(text, words(typed))
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)

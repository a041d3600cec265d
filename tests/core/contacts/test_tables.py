"""The compact tables find what simple ones would find."""

from collections import defaultdict

from callmanager.contacts import tables
from callmanager.contacts.tables import KeyTable, TextTable, WordTable
from hypothesis import given, settings
from hypothesis import strategies as st

ENTRIES = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2**32 - 1)), max_size=60)


@given(ENTRIES, st.integers(1, 8))
def test_keys_lead_to_their_rows_in_order_whether_merged_or_not(entries: list[tuple[int, int]], fresh: int) -> None:
    original, tables._FRESH = tables._FRESH, fresh
    try:
        table, simple = KeyTable(), defaultdict(list)
        for row, (key, _) in enumerate(entries):
            table.add(key, row)
            simple[key].append(row)
        assert {key: table.rows(key) for key in range(7)} == {key: simple[key] for key in range(7)}
        shared = [rows for rows in table.shared() if rows]
        assert shared == [rows for _, rows in sorted(simple.items()) if len(rows) > 1]
    finally:
        tables._FRESH = original


@settings(max_examples=50)
@given(
    st.lists(st.text(alphabet="ab\u00e4\U0010ffff", min_size=1, max_size=4), max_size=30),
    st.text(alphabet="ab\u00e4", max_size=2),
)
def test_words_are_found_by_their_beginning(words: list[str], prefix: str) -> None:
    table = WordTable()
    for row, word in enumerate(words):
        table.add(word, row)
    beginning = [
        word for word in sorted(set(words)) if word.startswith(prefix) and not word[len(prefix) :].startswith("\U0010ffff")
    ]
    found = [word for word in table.beginning(prefix) if not word[len(prefix) :].startswith("\U0010ffff")]
    assert found == beginning
    assert table.rows(found) == {row for row, word in enumerate(words) if word in beginning}
    assert all(list(table.of(word)) == [row for row, one in enumerate(words) if one == word] for word in beginning)


@given(st.lists(st.text(alphabet="012", min_size=1, max_size=6), max_size=20), st.text(alphabet="012", min_size=1, max_size=3))
def test_texts_are_found_by_any_part_each_once(texts: list[str], part: str) -> None:
    table = TextTable()
    for row, text in enumerate(texts):
        table.add(text, row)
    assert list(table.containing(part)) == [row for row, text in enumerate(texts) if part in text]
    assert list(table.containing(f"\n{part}")) == [row for row, text in enumerate(texts) if text.startswith(part)]


def test_a_part_counts_only_behind_a_border_where_one_is_asked_for() -> None:
    table = TextTable()
    for row, text in enumerate(("ann.smith@example.com", "joann@annex.example.com", "smithann@example.com")):
        table.add(text, row)
    assert list(table.containing("ann", after=b"\n@.")) == [0, 1]


def test_a_part_that_is_everywhere_but_behind_a_border_is_given_up() -> None:
    table = TextTable()
    table.add("x" + "a" * (tables._PATIENCE + 10), 0)
    table.add("a", 1)
    assert list(table.containing("a", after=b"\n")) == []

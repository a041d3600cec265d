"""Every key of a TOML text has its line, whatever way it is written; no text makes the search fail or point outside."""

import string
import tomllib
from typing import Any

import pytest
import tomlkit
from callmanager.settings.positions import Positions
from hypothesis import given
from hypothesis import strategies as st

SOURCE = '''\
# comment with [brackets] and key = 1
top = 1
"quoted.key" = """
not = a key
[nor.a.table]
\\""" still inside
"""
dotted.inner."x y" = 'C:\\dir # no comment'

[connection]   # a table
server = "pbx"
stun = [
  "one", # first
  # between

  "two",
]
when = 1979-05-27 07:32:00
literal = \'\'\'
[fake]
a = 1\'\'\'
inline = { a = 1, b = { c = [1, 2] }, "d.e" = "}" }

[[servers]]
name = "first"

[[servers]]
name = "second"
  [servers.extra]
  key = [[1, 2], [
    3]]

[a.b.c]
"\\u0061" = 1
[a]
z = -inf
quotes = """"two quotes at the end""\\""""
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 2),
        (("quoted.key",), 3),
        (("dotted", "inner", "x y"), 8),
        (("connection",), 10),
        (("connection", "server"), 11),
        (("connection", "stun"), 12),
        (("connection", "stun", 0), 13),
        (("connection", "stun", 1), 16),
        (("connection", "when"), 18),
        (("connection", "literal"), 19),
        (("connection", "inline", "b", "c", 1), 22),
        (("connection", "inline", "d.e"), 22),
        (("servers", 0), 24),
        (("servers", 0, "name"), 25),
        (("servers", 1), 27),
        (("servers", 1, "name"), 28),
        (("servers", 1, "extra", "key", 0, 1), 30),
        (("servers", 1, "extra", "key", 1, 0), 31),
        (("a", "b", "c", "a"), 34),
        (("a",), 35),
        (("a", "z"), 36),
        (("a", "quotes"), 37),
    ],
)
def test_each_way_to_write_a_key_is_found_on_its_line(path, line: int) -> None:
    tomllib.loads(SOURCE)
    assert Positions(SOURCE).line(path) == line


def test_line_ends_of_windows_count_once() -> None:
    assert Positions(SOURCE.replace("\n", "\r\n")).line(("a", "z")) == 36


def test_what_does_not_stand_there_has_the_line_of_what_is_around_it() -> None:
    positions = Positions("\n[a]\nb = 1\n")
    assert positions.line(("a", "missing", 3)) == 2
    assert positions.line(("nothing",)) == 1
    assert Positions("").line(("x",)) == 1


def test_all_of_the_sample_is_found() -> None:
    assert Positions(SOURCE).paths() == frozenset(paths(tomllib.loads(SOURCE)))


def paths(value: Any, above: tuple = ()) -> list[tuple]:
    found = []
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        found += [(*above, key), *paths(inner, (*above, key))]
    return found


KEYS = st.text(string.ascii_letters + string.digits + "_- .\"'#[]=\n\\é\t", min_size=1, max_size=6)
SCALARS = (
    st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
    | st.text("ab\n\"'\\[]{}#=,", max_size=8)
    | st.datetimes()
    | st.dates()
)
DOCUMENTS = st.dictionaries(
    KEYS,
    st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=12),
    max_size=5,
)


@given(DOCUMENTS)
def test_exactly_the_keys_that_the_parser_sees_are_found(document: dict[str, Any]) -> None:
    text = tomlkit.dumps(document)
    positions = Positions(text)
    assert positions.paths() == frozenset(paths(tomllib.loads(text)))
    lines = text.split("\n")
    for path in positions.paths():
        key = next(part for part in reversed(path) if isinstance(part, str))
        assert 1 <= positions.line(path) <= len(lines)
        if key.isascii() and key.replace("_", "").isalnum() and isinstance(path[-1], str):
            assert key in lines[positions.line(path) - 1]


PIECES = st.sampled_from(
    [
        "[",
        "]",
        "[[",
        "]]",
        "{",
        "}",
        "=",
        ".",
        ",",
        "\n",
        "\r\n",
        "#",
        '"',
        "'",
        '"""',
        "'''",
        "\\",
        "a",
        "b.c",
        " ",
        "1",
        "[a]\n",
    ]
)


@given(st.lists(PIECES | st.text(max_size=3), max_size=40).map("".join))
def test_no_text_makes_it_fail_or_point_outside(text: str) -> None:
    positions = Positions(text)
    last = text.count("\n") + 1
    assert all(1 <= positions.line(path) <= last for path in [*positions.paths(), ("x", 1), ()])


@given(st.data())
def test_no_damage_to_a_file_makes_it_fail_or_point_outside(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(SOURCE)))
    length = data.draw(st.integers(0, 12))
    text = SOURCE[:at] + data.draw(st.text(max_size=6)) + SOURCE[at + length :]
    positions = Positions(text)
    assert all(1 <= positions.line(path) <= text.count("\n") + 1 for path in positions.paths())


def test_deep_nesting_is_given_up_and_not_followed() -> None:
    assert Positions(f"a = 1\nb = {'[' * 5000}{']' * 5000}\n").line(("b", 0, 0)) == 2

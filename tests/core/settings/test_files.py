"""Settings files survive every hand that wrote them: comments and unknown keys stay, damage is set aside, nothing is lost."""

import os
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from callmanager.errors import SettingsError
from callmanager.settings import files
from callmanager.settings.files import apply, parse, read_file, write_values
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NAMES = st.text("abcxyz_-", min_size=1, max_size=4)
VALUES = (
    st.booleans()
    | st.integers(-1000, 1000)
    | st.text("aé\"'\\#[] ", max_size=6)
    | st.lists(st.text("ab\"'", max_size=3), max_size=3)
)
TABLES = st.dictionaries(
    NAMES, st.dictionaries(NAMES, VALUES | st.dictionaries(NAMES, VALUES, max_size=2), max_size=4), max_size=4
)
CHANGES = st.dictionaries(st.tuples(NAMES, NAMES), VALUES | st.none(), min_size=1, max_size=4)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables=TABLES, changes=CHANGES, comments=st.lists(st.text("abc #=[]\"'", max_size=8), max_size=4))
def test_a_change_changes_what_it_says_and_nothing_else(
    tmp_path: Path, tables: dict[str, Any], changes: dict, comments: list[str]
) -> None:
    file = tmp_path / "settings.toml"
    lines = tomlkit.dumps(tables).splitlines()
    for index, comment in enumerate(comments):
        lines.insert((index * 3) % (len(lines) + 1), f"# {index} {comment}")
    text = "\n".join(lines) + "\n"
    file.write_text(text, encoding="utf-8")
    assert tomllib.loads(text) == tables
    written = write_values(file, changes)
    after = file.read_text(encoding="utf-8")
    assert written.text == after
    assert tomllib.loads(after) == apply(tables, changes)
    for index, comment in enumerate(comments):
        assert f"# {index} {comment}".rstrip() in after
    assert [path.name for path in tmp_path.iterdir()] == ["settings.toml"]


HAND_WRITTEN = [
    "# mine\r\n[a]\r\nx = 1 # one\r\n",
    "a.x = 1\na.y = 2\n",
    "a = { x = 1, y = [1,\n 2] }\n",
    "[a]\nx = 1\n[b]\ny = 1\n[a.c]\nz = 1\n",
    "[[a]]\nx = 1\n[[a]]\nx = 2\n",
    "a = 7\n",
    "[a.b]\nc = 1\n[other]\n[a]\nx = 1\n",
    '"a" = {}\n',
    "[ a ]\n  x = nan\n",
]


@pytest.mark.parametrize("text", HAND_WRITTEN)
@pytest.mark.parametrize("changes", [{("a", "x"): 2}, {("a", "x"): None}, {("a", "new"): ["t"], ("fresh", "k"): True}])
def test_every_way_to_write_a_file_by_hand_can_be_edited(tmp_path: Path, text: str, changes: dict) -> None:
    file = tmp_path / "settings.toml"
    file.write_bytes(text.encode())
    write_values(file, changes)
    after = tomllib.loads(file.read_bytes().decode())
    assert repr(sorted(after)) == repr(sorted(apply(tomllib.loads(text), changes)))
    for (section, key), value in changes.items():
        table = after.get(section)
        assert (table[key] == value) if value is not None else (not isinstance(table, dict) or key not in table)
    if "# one" in text and ("a", "x") not in changes:
        assert "# one" in file.read_text()


def test_what_the_editing_library_can_not_do_is_written_all_the_same_and_the_comments_are_kept_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("# mine\n[a]\nx = 1\ny = 2\n")

    def stumble(_text: str) -> None:
        raise AttributeError("inside of the library")

    monkeypatch.setattr("tomlkit.parse", stumble)
    write_values(file, {("a", "x"): 5})
    assert tomllib.loads(file.read_text()) == {"a": {"x": 5, "y": 2}}
    (before,) = tmp_path.glob("settings.toml.before-*")
    assert before.read_text() == "# mine\n[a]\nx = 1\ny = 2\n"


def test_a_file_damaged_since_it_was_read_is_set_aside_and_its_values_are_written_again(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("[a\n")
    written = write_values(file, {("a", "x"): 5}, otherwise={"a": {"y": 1}, "foreign": {"z": [1]}})
    assert tomllib.loads(file.read_text()) == {"a": {"y": 1, "x": 5}, "foreign": {"z": [1]}}
    assert written.set_aside is not None
    assert written.set_aside.read_text() == "[a\n"


def test_a_damaged_file_that_can_not_be_set_aside_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("[a\n")
    monkeypatch.setattr(files, "set_aside", lambda _path: None)
    with pytest.raises(SettingsError, match="can't be set aside"):
        write_values(file, {("a", "x"): 5})
    assert file.read_text() == "[a\n"


@pytest.mark.parametrize(
    ("content", "words", "line", "column"),
    [
        (b"a = 1\n[b\n", "expected ']'", 2, 3),
        (b"a = 1\na = 2\n", "cannot overwrite a value", 2, 6),
        (b"x = 1\ny = \xff\n", "it is not UTF-8 text", 2, 0),
        (b"\xff\xfea\x00", "it is not UTF-8 text", 1, 0),
        (b"a = '''\n\n", "at the end of the file", 3, 1),
        (b"a = " + b"[" * 3000, "nested too deeply", 0, 0),
    ],
)
def test_damage_is_told_with_its_place(content: bytes, words: str, line: int, column: int) -> None:
    _, damage = parse(content, file="f")
    assert isinstance(damage, files.Mistake)
    assert words in damage.text
    assert (damage.line, damage.column) == (line, column)


def test_a_byte_order_mark_is_no_damage(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_bytes(b"\xef\xbb\xbf[a]\nx = 1\n")
    assert read_file(file).tables == {"a": {"x": 1}}
    write_values(file, {("a", "x"): 2})
    assert file.read_bytes() == b"[a]\nx = 2\n"


def test_a_folder_in_the_place_of_the_file_is_set_aside(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    (file / "inner").mkdir(parents=True)
    content = read_file(file)
    assert content.damage is not None
    assert content.set_aside is not None
    assert (content.set_aside / "inner").is_dir()
    write_values(file, {("a", "x"): 1})
    assert read_file(file).tables == {"a": {"x": 1}}


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes in folders there")
def test_a_pipe_in_the_place_of_the_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "settings.toml")
    assert "not a file" in read_file(tmp_path / "settings.toml").damage.text


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need a privilege there")
def test_a_file_that_the_system_does_not_let_us_read_stays_where_it_is(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.symlink_to(file)  # a loop: the system refuses to open it, for root as well
    content = read_file(file)
    assert content.unreadable
    assert content.set_aside is None
    assert file.is_symlink()


def test_a_file_that_is_too_large_is_set_aside(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_bytes(b"#" * 1_000_001)
    assert "larger than" in read_file(file).damage.text
    assert not file.exists()


@given(st.binary(max_size=60))
def test_no_content_makes_reading_fail(content: bytes) -> None:
    text, tables = parse(content, file="f")
    if isinstance(tables, files.Mistake):
        assert tables.line <= content.count(b"\n") + 1
    else:
        assert tables == tomllib.loads(text)

"""Where things stand in a TOML text, so that a mistake can be told with its line; the parser of the library keeps no lines.

The scanner relies on `tomllib` for what is TOML and what is not: of a text that it accepts, every key, array table and array
element is found with the line of its key (TOML 1.0). On any other text it gives up early, and never raises.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final

from callmanager.settings.mistakes import KeyPath

_DEEPEST: Final = 60
"""Nesting beyond this is not followed; what lies deeper has the line of what holds it."""

_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE: Final = re.compile(r"[ \t]*")
_LINE_REST: Final = re.compile(r"[^\n]*\n?")
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_STRING: Final = re.compile(
    r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}'
    r"|'''(?:[^']|'{1,2}(?!'))*'{3,5}"
    r'|"(?:[^"\\\n]|\\[^\n])*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR: Final = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:[^\s,\]}#]*|[^\s,\[\]{}#\"']+")


class Positions:
    """The lines of one text, found when the first one is asked for."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines: dict[KeyPath, int] | None = None

    def line(self, path: KeyPath) -> int:
        """The line, counted from 1, of this key, or of the nearest table around it that stands in the text."""
        if self._lines is None:
            self._lines = _Scanner(self._text).scan()
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def paths(self) -> frozenset[KeyPath]:
        """Everything that has a line."""
        self.line(())
        return frozenset(self._lines or ())


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """The place of a character, both counted from 1."""
    return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1


class _Malformed(Exception):
    """Not what TOML allows here, or deeper than anybody needs."""


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._breaks = [match.start() for match in re.finditer("\n", text)]
        self._lines: dict[KeyPath, int] = {}
        self._counts: dict[KeyPath, int] = {}
        """Arrays of tables: the index of the last one."""

    def scan(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        try:
            while self._skip(_BLANK) < len(self._text):
                if self._text[self._at] == "[":
                    table = self._header()
                else:
                    self._pair(table, depth=0)
                self._skip(_LINE_REST)
        except _Malformed:
            pass  # the parser complains about such a text by itself, with its place
        return self._lines

    def _header(self) -> KeyPath:
        line = self._line()
        many = self._text.startswith("[[", self._at)
        self._at += 2 if many else 1
        path: KeyPath = ()
        names = self._key()
        for name in names[:-1]:
            path = (*path, name)
            self._note(path, line)
            if path in self._counts:
                path = (*path, self._counts[path])
        path = (*path, names[-1])
        if many:
            self._note(path, line)
            self._counts[path] = self._counts.get(path, -1) + 1
            path = (*path, self._counts[path])
        self._lines[path] = line  # a header of its own says more than being mentioned by an earlier one
        self._expect("]]" if many else "]")
        return path

    def _pair(self, table: KeyPath, *, depth: int) -> None:
        line = self._line()
        path = table
        for name in self._key():
            path = (*path, name)
            self._note(path, line)
        self._expect("=")
        self._skip(_SPACE)
        self._value(path, depth=depth)

    def _value(self, path: KeyPath, *, depth: int) -> None:
        if depth > _DEEPEST:
            raise _Malformed
        opening = self._text[self._at : self._at + 1]
        if opening == "[":
            self._at += 1
            index = 0
            while not self._closed("]"):
                self._note((*path, index), self._line())
                self._value((*path, index), depth=depth + 1)
                index += 1
        elif opening == "{":
            self._at += 1
            while not self._closed("}"):
                self._pair(path, depth=depth + 1)
        elif opening in {'"', "'"}:
            self._take(_STRING)
        else:
            self._take(_SCALAR)

    def _closed(self, bracket: str) -> bool:
        """Go to the next entry of an array or inline table, or past its end."""
        self._skip(_BLANK)
        if self._text.startswith(",", self._at):
            self._at += 1
            self._skip(_BLANK)
        if self._at >= len(self._text):
            raise _Malformed
        if self._text[self._at] != bracket:
            return False
        self._at += 1
        return True

    def _key(self) -> tuple[str, ...]:
        names = []
        while True:
            self._skip(_SPACE)
            if self._text[self._at : self._at + 1] in {'"', "'"}:
                names.append(_unquoted(self._take(_STRING)))
            else:
                names.append(self._take(_BARE_KEY))
            self._skip(_SPACE)
            if not self._text.startswith(".", self._at):
                return tuple(names)
            self._at += 1

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None or not match.group():
            raise _Malformed
        self._at = match.end()
        return match.group()

    def _skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self._text, self._at)
        if match is not None:
            self._at = match.end()
        return self._at

    def _expect(self, sign: str) -> None:
        if not self._text.startswith(sign, self._at):
            raise _Malformed
        self._at += len(sign)

    def _line(self) -> int:
        return bisect_right(self._breaks, self._at - 1) + 1 if self._at else 1

    def _note(self, path: KeyPath, line: int) -> None:
        self._lines.setdefault(path, line)


def _unquoted(quoted: str) -> str:
    """The key that a quoted one means; the library knows the escapes."""
    import tomllib

    try:
        meant = tomllib.loads(f"key = {quoted}")["key"]
    except ValueError as error:
        raise _Malformed from error
    return str(meant)

"""Find messages by their words: SQLite's FTS5 where it is there, plain comparison where it is not."""

# ruff: noqa: S608 - statements are put together of constants; every value is a parameter

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from callmanager.messaging.rows import SELECT, message_of
from callmanager.model.messages import FoundMessage

if TYPE_CHECKING:
    import sqlite3

_CREATE: Final = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS search USING fts5(text, content = 'message', content_rowid = 'number', "
    "tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3')"
)
_WORD: Final = re.compile(r"\w+")
_MOST_WORDS: Final = 12
_OPEN, _CLOSE, _CUT = "\x02", "\x03", "…"
_SNIPPET_WORDS: Final = 16
_SNIPPET_CHARACTERS: Final = 120


class SearchIndex:
    """The index of one file. Used on the database's thread, inside its transactions.

    `open` comes first and says whether there is an index; without one the search looks at every message. A file that was
    written to without FTS5 is indexed anew as soon as there is FTS5.
    """

    def __init__(self) -> None:
        self.there = False

    def open(self, connection: sqlite3.Connection) -> bool:
        import sqlite3

        try:
            connection.execute(_CREATE)
        except sqlite3.OperationalError as error:
            if "no such module" not in str(error):
                raise
            self.there = False
            connection.execute("UPDATE search_index SET complete = 0")
            return False
        self.there = True
        (complete,) = connection.execute("SELECT complete FROM search_index").fetchone()
        if not complete:
            connection.execute("INSERT INTO search (search) VALUES ('rebuild')")
            connection.execute("UPDATE search_index SET complete = 1")
        return True

    def add(self, connection: sqlite3.Connection, number: int, text: str) -> None:
        if self.there:
            connection.execute("INSERT INTO search (rowid, text) VALUES (?, ?)", (number, text))

    def remove(self, connection: sqlite3.Connection, number: int, text: str) -> None:
        """Forget a message; its text must be the one it was added with."""
        if self.there:
            connection.execute("INSERT INTO search (search, rowid, text) VALUES ('delete', ?, ?)", (number, text))

    def find(self, connection: sqlite3.Connection, text: str, *, limit: int) -> tuple[FoundMessage, ...]:
        """Messages with all of these words, or words that begin so, newest first."""
        words = _WORD.findall(text)[:_MOST_WORDS]
        if self.there and words:
            return self._find_words(connection, words, limit=limit)
        return _find_plainly(connection, words or [text.strip()], limit=limit) if text.strip() else ()

    def _find_words(self, connection: sqlite3.Connection, words: list[str], *, limit: int) -> tuple[FoundMessage, ...]:
        query = " ".join(f'"{word}"*' for word in words)
        rows = connection.execute(
            f"SELECT found.snippet, m.* FROM (SELECT rowid AS number, snippet(search, 0, ?, ?, ?, {_SNIPPET_WORDS}) AS snippet "
            f"FROM search WHERE search MATCH ? ORDER BY rowid DESC LIMIT ?) AS found JOIN ({SELECT}) AS m "
            "ON m.number = found.number ORDER BY found.number DESC",
            (_OPEN, _CLOSE, _CUT, query, limit),
        )
        return tuple(_found(message_of(row[1:]), row[0]) for row in rows)


def _find_plainly(connection: sqlite3.Connection, words: list[str], *, limit: int) -> tuple[FoundMessage, ...]:
    wanted = " AND ".join("m.text LIKE ? ESCAPE '\\'" for _ in words)
    rows: Any = connection.execute(
        f"{SELECT} WHERE {wanted} ORDER BY m.number DESC LIMIT ?", (*(f"%{_escaped(word)}%" for word in words), limit)
    )
    found = []
    for row in rows:
        message = message_of(row)
        at = message.text.casefold().find(words[0].casefold())
        begin = max(0, at - _SNIPPET_CHARACTERS // 4)
        cut = message.text[begin : begin + _SNIPPET_CHARACTERS]
        snippet = f"{_CUT if begin else ''}{cut}{_CUT if begin + len(cut) < len(message.text) else ''}"
        marks = (match.span() for word in words for match in re.finditer(re.escape(word), snippet, re.IGNORECASE))
        found.append(FoundMessage(message=message, snippet=snippet, marks=tuple(sorted(marks))))
    return tuple(found)


def _found(message: Any, marked: str) -> FoundMessage:
    """Take the signs around found words out of a snippet; texts hold no control characters, so they can't be mistaken."""
    snippet, marks, begin = "", [], 0
    for piece in re.split(f"([{_OPEN}{_CLOSE}])", marked):
        if piece == _OPEN:
            begin = len(snippet)
        elif piece == _CLOSE:
            marks.append((begin, len(snippet)))
        else:
            snippet += piece
    return FoundMessage(message=message, snippet=snippet, marks=tuple(marks))


def _escaped(word: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", word)

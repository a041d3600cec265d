"""The user's own list of blocked numbers, on the disk and in memory."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import attrs
from callmanager.api import Migration, UserError, format_number, plain

from callmanager_call_control.patterns import Pattern, PatternKind, PatternReader, emergency

if TYPE_CHECKING:
    import sqlite3

    from callmanager.api import Database

MIGRATIONS: Final = (
    Migration(
        name="the list",
        script="""
        CREATE TABLE blocked (
            id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE, note TEXT NOT NULL, added_at TEXT NOT NULL,
            refused INTEGER NOT NULL DEFAULT 0, refused_at TEXT
        );
        """,
    ),
)
NOTE_LIMIT: Final = 120
_INSERT: Final = "INSERT INTO blocked (id, text, note, added_at, refused, refused_at) VALUES (?, ?, ?, ?, ?, ?)"


@attrs.frozen(kw_only=True)
class Entry:
    """One blocked number or beginning, which ends in `*`. Times are UTC.

    `text` is what is stored: E.164 for a number whose country is known, so that it means the same wherever the phone goes.
    """

    id: int
    text: str
    note: str
    added_at: datetime
    refused: int = 0
    refused_at: datetime | None = None

    @property
    def shown(self) -> str:
        """As people read it."""
        if self.text.endswith("*") and len(self.text) > 1:
            return f"{self.text[:-1]}…"
        return format_number(self.text)


def stored(pattern: Pattern) -> str:
    """The text under which a pattern is kept."""
    if pattern.kind is PatternKind.NUMBER:
        return pattern.keys[0]
    return pattern.text


def read(text: str, reader: PatternReader) -> Pattern:
    """What somebody wants blocked; raises `UserError` for what can't be read, and for emergency numbers."""
    pattern = reader.pattern(text)
    if emergency(pattern):
        raise UserError("an emergency number can't be blocked")
    return pattern


class EntryStore:
    """Every method returns after the disk has it, or raises `StorageError`, and then nothing has changed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> tuple[Entry, ...]:
        """The newest first."""
        rows = await self._database.read(
            "SELECT id, text, note, added_at, refused, refused_at FROM blocked ORDER BY added_at DESC, id DESC"
        )
        return tuple(
            Entry(
                id=int(identity),
                text=plain(str(text), limit=200),
                note=plain(str(note), limit=NOTE_LIMIT),
                added_at=_time(added),
                refused=int(refused),
                refused_at=_time(at) if at else None,
            )
            for identity, text, note, added, refused, at in rows
        )

    async def add(self, texts: dict[str, str], *, at: datetime) -> tuple[Entry, ...]:
        """Add text and note each, all or none; those that are there already stay as they are and are not returned."""
        stamp = at.astimezone(UTC).isoformat()

        def work(connection: sqlite3.Connection) -> list[Entry]:
            added = []
            for text, note in texts.items():
                cursor = connection.execute(
                    "INSERT INTO blocked (text, note, added_at) VALUES (?, ?, ?) ON CONFLICT (text) DO NOTHING",
                    (text, note, stamp),
                )
                if cursor.rowcount > 0:
                    added.append(Entry(id=int(cursor.lastrowid or 0), text=text, note=note, added_at=at))
            return added

        return tuple(await self._database.transaction(work))

    async def remove(self, entries: tuple[Entry, ...]) -> None:
        await self._database.write_many("DELETE FROM blocked WHERE id = ?", [(entry.id,) for entry in entries])

    async def restore(self, entries: tuple[Entry, ...]) -> None:
        """Put removed ones back as they were; one that was added again meanwhile stays as it is."""
        await self._database.write_many(
            _INSERT + " ON CONFLICT DO NOTHING",
            [
                (
                    entry.id,
                    entry.text,
                    entry.note,
                    entry.added_at.astimezone(UTC).isoformat(),
                    entry.refused,
                    entry.refused_at.astimezone(UTC).isoformat() if entry.refused_at else None,
                )
                for entry in entries
            ],
        )

    async def count(self, entry: Entry, *, at: datetime) -> None:
        """One more call was refused because of it."""
        await self._database.write(
            "UPDATE blocked SET refused = refused + 1, refused_at = ? WHERE id = ?", (at.astimezone(UTC).isoformat(), entry.id)
        )


def _time(text: object) -> datetime:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)

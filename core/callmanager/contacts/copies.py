"""The last good copy of every source, and what the user decided about entries, in the core's database."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from callmanager.contacts.merging import Decisions, Pair
from callmanager.contacts.records import Record, key_from, key_text, record_of
from callmanager.model.contacts import Contact, ContactId, NumberKind, PhoneNumber, SyncToken

if TYPE_CHECKING:
    import sqlite3

    from callmanager.contacts.phone_numbers import NumberReader
    from callmanager.storage.database import Database, Row

KEPT: Final = timedelta(days=90)
"""How long the copy of a source stays that no plugin provides any more: disabled for a while, or to be installed again."""
CHUNK: Final = 1000
_COLUMNS: Final = (
    "id, region, name, given_name, family_name, company, title, extension, numbers, emails, note, photo, favourite"
)


class Copies:
    """Reads and writes copies in pieces, so that neither the loop nor a key press waits for a hundred thousand rows.

    A copy is changed between `begin` and `finish`. In between it has no token, so what breaks off there is repeated as a whole
    by the next complete fetch. Raises `StorageError` where the file can't be used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    # ------------------------------------------------------------------------------------------------------------ copies

    async def seen(self, source_id: str, *, now: datetime) -> SyncToken | None:
        """Note that the source is there, and return the token of its copy."""

        def work(connection: sqlite3.Connection) -> str | None:
            connection.execute(
                "INSERT INTO contact_source (id, seen_at) VALUES (?, ?)"
                " ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at",
                (source_id, now.isoformat()),
            )
            (token,) = connection.execute("SELECT token FROM contact_source WHERE id = ?", (source_id,)).fetchone()
            return token if token is None else str(token)

        token = await self._database.transaction(work)
        return SyncToken(token) if token is not None else None

    async def read(self, source_id: str, reader: NumberReader) -> AsyncIterator[Record]:
        """The copy of a source. Numbers that were read as another country's are read again."""
        last = ""
        while True:
            rows = await self._database.read(
                f"SELECT {_COLUMNS} FROM contact WHERE source = (SELECT number FROM contact_source WHERE id = ?)"  # noqa: S608 - ours
                " AND id > ? ORDER BY id LIMIT ?",
                (source_id, last, CHUNK),
            )
            for row in rows:
                try:
                    record = _record(row, source_id, reader)
                except (TypeError, ValueError):
                    continue  # written by another release; the next complete answer of the source brings it again
                yield record
            if len(rows) < CHUNK:
                return
            last = rows[-1][0]

    async def begin(self, source_id: str, *, now: datetime, anew: bool = False) -> None:
        """Take the token away before the first change; with `anew` all entries as well."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO contact_source (id, seen_at) VALUES (?, ?)"
                " ON CONFLICT (id) DO UPDATE SET token = NULL, seen_at = excluded.seen_at",
                (source_id, now.isoformat()),
            )
            if anew:
                connection.execute(
                    "DELETE FROM contact WHERE source = (SELECT number FROM contact_source WHERE id = ?)", (source_id,)
                )

        await self._database.transaction(work)

    async def change(self, source_id: str, changed: Sequence[Record], removed: Sequence[str], *, region: str) -> None:
        def work(connection: sqlite3.Connection) -> None:
            (source,) = connection.execute("SELECT number FROM contact_source WHERE id = ?", (source_id,)).fetchone()
            connection.executemany(
                f"INSERT OR REPLACE INTO contact (source, {_COLUMNS}) VALUES (?{', ?' * 13})",  # noqa: S608 - the columns are ours
                ((source, *_row(record, region)) for record in changed),
            )
            connection.executemany("DELETE FROM contact WHERE source = ? AND id = ?", ((source, one) for one in removed))

        await self._database.transaction(work)

    async def finish(self, source_id: str, token: SyncToken | None, *, now: datetime) -> None:
        await self._database.write(
            "UPDATE contact_source SET token = ?, fetched_at = ? WHERE id = ?", (token, now.isoformat(), source_id)
        )

    async def forget_long_gone(self, *, now: datetime) -> None:
        """Delete the copies of sources that were not seen for `KEPT`."""
        await self._database.write("DELETE FROM contact_source WHERE seen_at < ?", ((now - KEPT).isoformat(),))

    # --------------------------------------------------------------------------------------------------------- decisions

    async def decisions(self) -> Decisions:
        rows = await self._database.read("SELECT one, other, together FROM contact_decision")
        return Decisions(
            together=frozenset((one, other) for one, other, together in rows if together),
            apart=frozenset((one, other) for one, other, together in rows if not together),
        )

    async def decide(
        self, *, together: Collection[Pair], apart: Collection[Pair], undone: Iterable[Pair], now: datetime
    ) -> None:
        """Replace what was decided about these pairs, all at once; returns when it is on the disk."""
        rows = [(*pair, int(pair in together), now.isoformat()) for pair in (*together, *apart)]

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany("DELETE FROM contact_decision WHERE one = ? AND other = ?", undone)
            connection.executemany(
                "INSERT OR REPLACE INTO contact_decision (one, other, together, decided_at) VALUES (?, ?, ?, ?)", rows
            )

        await self._database.transaction(work)


def _row(record: Record, region: str) -> tuple[object, ...]:
    contact = record.contact
    numbers = [
        [number.number, number.kind.value, number.label, key_text(key)]
        for number, key in zip(contact.numbers, record.keys, strict=True)
    ]
    return (
        contact.id,
        region,
        contact.name,
        contact.given_name,
        contact.family_name,
        contact.company,
        contact.title,
        contact.extension,
        json.dumps(numbers, ensure_ascii=False, separators=(",", ":")),
        json.dumps(contact.emails, ensure_ascii=False, separators=(",", ":")),
        contact.note,
        contact.photo,
        int(contact.favourite),
    )


def _record(row: Row, source_id: str, reader: NumberReader) -> Record:
    identity, region, name, given, family, company, title, extension, numbers, emails, note, photo, favourite = row
    items = json.loads(numbers)
    contact = Contact(
        id=ContactId(identity),
        source_id=source_id,
        name=name,
        given_name=given,
        family_name=family,
        company=company,
        title=title,
        extension=extension,
        numbers=tuple(PhoneNumber(number=number, kind=NumberKind(kind), label=label) for number, kind, label, _ in items),
        emails=tuple(json.loads(emails)),
        note=note,
        photo=photo,
        favourite=bool(favourite),
    )
    if region != reader.region:
        return record_of(contact, reader)
    return Record(contact, tuple(key_from(key) for *_, key in items))

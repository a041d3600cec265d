"""All contacts in memory, compact, with what finds them: by id, number, address, word and digits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final
from zlib import crc32

from callmanager.contacts import records
from callmanager.contacts.folding import fold, words
from callmanager.contacts.phone_numbers import LAST_DIGITS
from callmanager.contacts.records import Record
from callmanager.contacts.slices import Slices
from callmanager.contacts.tables import KeyTable, TextTable, WordTable
from callmanager.model.contacts import Contact

MOST_SOURCES: Final = 254
"""A source is one byte of a row; zero is a row that is gone."""
_WORTH_IT: Final = 2000


class Index:
    """Contacts by row. Loop thread only; every call is quick, and `visible` is the one truth on what may be shown.

    A changed contact gets a new row and the old one dies; a hidden source keeps its rows. `wasteful` says when the index should
    be made anew by `compacted`. `changes` grows with every change, so that whoever keeps a result knows when it is stale.
    """

    def __init__(self) -> None:
        self._packed: list[bytes] = []
        self._origin = bytearray()
        self._owner = bytearray()
        self._sources: list[str] = [""]
        self._hidden: set[int] = set()
        self.visible = bytearray()
        self.by_id = KeyTable()
        self.by_number = KeyTable()
        self.by_email = KeyTable()
        self.names = WordTable()
        self.companies = WordTable()
        self.extensions = WordTable()
        self.digits = TextTable()
        self.emails = TextTable()
        self.favourites: set[int] = set()
        self.changes = 0

    # ----------------------------------------------------------------------------------------------------------- sources

    def source_number(self, source_id: str) -> int:
        """The number of a source, given at first sight. Raises `ValueError` when there are too many."""
        if source_id in self._sources:
            return self._sources.index(source_id)
        if len(self._sources) > MOST_SOURCES:
            raise ValueError(f"there are more than {MOST_SOURCES} contact sources")
        self._sources.append(source_id)
        return len(self._sources) - 1

    @property
    def sources(self) -> tuple[str, ...]:
        return tuple(self._sources[1:])

    def show(self, source_id: str, *, shown: bool) -> None:
        """Let the contacts of a source appear or disappear, all at once."""
        number = self.source_number(source_id)
        if shown:
            self._hidden.discard(number)
        else:
            self._hidden.add(number)
        self.visible = self._owner.translate(bytes(0 if code in self._hidden else code for code in range(256)))
        self.changes += 1

    def rows_of(self, source_id: str) -> list[int]:
        """Whether shown or not."""
        number = self.source_number(source_id)
        return [row for row, owner in enumerate(self._owner) if owner == number]

    # -------------------------------------------------------------------------------------------------------------- rows

    def __len__(self) -> int:
        """How many contacts can be seen."""
        return len(self.visible) - self.visible.count(0)

    @property
    def row_count(self) -> int:
        """All rows, also those that are gone."""
        return len(self._packed)

    def rows(self) -> Iterator[int]:
        """The rows that can be seen."""
        return (row for row, owner in enumerate(self.visible) if owner)

    def alive(self, rows: Iterable[int]) -> list[int]:
        visible = self.visible
        return [row for row in rows if visible[row]]

    def record(self, row: int) -> Record:
        """Also of a row that is gone, as it was: somebody may still be looking at it."""
        return records.unpack(self._packed[row], self._sources[self._origin[row]])

    def contact(self, row: int) -> Contact:
        return self.record(row).contact

    def contact_id(self, row: int) -> str:
        return f"{self._sources[self._origin[row]]}/{records.packed_id(self._packed[row]).decode()}"

    def packed(self, row: int) -> bytes:
        return self._packed[row]

    def find(self, contact_id: str) -> int | None:
        """The row of an id, whether its source is shown or not."""
        for row in self.by_id.rows(crc32(contact_id.encode())):
            if self._owner[row] and self.contact_id(row) == contact_id:
                return row
        return None

    # ----------------------------------------------------------------------------------------------------------- changes

    def put(self, record: Record) -> bool:
        """Add a contact or replace it; false when it is known as it is."""
        contact = record.contact
        packed = records.pack(record)
        before = self.find(contact.id)
        if before is not None:
            if self._packed[before] == packed:
                return False
            self.remove(before)
        self._add(packed, record, self.source_number(contact.source_id))
        return True

    def remove(self, row: int) -> None:
        if self._owner[row]:
            self._owner[row] = self.visible[row] = 0
            self.favourites.discard(row)
            self.changes += 1

    @property
    def wasteful(self) -> bool:
        return self.visible.count(0) > max(_WORTH_IT, len(self._packed) // 4)

    async def compacted(self, *, keep: Callable[[str], bool], read_again: Callable[[Contact], Record] | None = None) -> Index:
        """The same without rows that are gone and without the sources that are not to be kept, built in slices.

        `read_again` reads the numbers anew, for when the country has changed.
        """
        fresh, slices = Index(), Slices()
        for number, source_id in enumerate(self._sources[1:], start=1):
            if keep(source_id):
                fresh.show(source_id, shown=number not in self._hidden)
        for row, owner in enumerate(self._owner):
            source_id = self._sources[owner]
            if owner and keep(source_id):
                record = records.unpack(self._packed[row], source_id)
                if read_again is None:
                    fresh._add(self._packed[row], record, fresh.source_number(source_id))
                else:
                    fresh.put(read_again(record.contact))
                await slices.breathe()
        fresh.changes = self.changes + 1
        return fresh

    # ---------------------------------------------------------------------------------------------------------- internal

    def _add(self, packed: bytes, record: Record, source: int) -> None:
        contact, row = record.contact, len(self._packed)
        self._packed.append(packed)
        self._origin.append(source)
        self._owner.append(source)
        self.visible.append(0 if source in self._hidden else source)
        self.by_id.add(crc32(contact.id.encode()), row)
        for word in set(words(f"{contact.name} {contact.given_name} {contact.family_name}")):
            self.names.add(word, row)
        for word in set(words(contact.company)):
            self.companies.add(word, row)
        for email in contact.emails:
            self.by_email.add(email_key(email), row)
            self.emails.add(fold(email), row)
        shorts = {contact.extension} if contact.extension else set()
        for key in dict.fromkeys(record.keys):
            if key is None:
                continue
            if key.short:
                shorts.add(key.text)
            else:
                self.by_number.add(number_key(key.digits), row)
                self.digits.add(key.digits, row)
        for short in shorts:
            self.extensions.add(short, row)
        if contact.favourite:
            self.favourites.add(row)
        self.changes += 1


def number_key(digits: str) -> int:
    """The last digits of a number, by which the exact and the nearly same are found alike."""
    last = digits[-LAST_DIGITS:]
    return int(last) if last.isascii() and last.isdecimal() else crc32(digits.encode())


def email_key(email: str) -> int:
    return crc32(email.casefold().encode())

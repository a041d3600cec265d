"""Who a number belongs to.

An exact match wins: the same number in whatever notation, or the same extension. Where several people have it: a favourite,
then what the user wrote, then a colleague on the PBX, then the smaller id; but several people of one company, none of them
preferred, are shown as that company. Without an exact match the ends of the numbers are compared, at least seven digits, and
only where one of both has no country or area code; that counts only if it leads to one person.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import attrs

from callmanager.contacts.index import number_key
from callmanager.contacts.people import standing
from callmanager.contacts.phone_numbers import LAST_DIGITS, bare_digits, end_agrees
from callmanager.contacts.records import clue, key_from
from callmanager.model.contacts import OWN_CONTACTS, Contact, Match

if TYPE_CHECKING:
    from callmanager.contacts.index import Index
    from callmanager.contacts.people import People
    from callmanager.contacts.phone_numbers import NumberKey, NumberReader

_MOST: Final = 512
_REMEMBERED: Final = 2000


class Matcher:
    """Answers from memory, in microseconds for a number that was asked before. Loop thread only."""

    def __init__(self, index: Index, people: People, reader: NumberReader) -> None:
        self._index = index
        self._people = people
        self._reader = reader
        self._remembered: dict[str, Match | None] = {}
        self._as_of = index.changes

    def match(self, number: str) -> Match | None:
        if self._as_of != self._index.changes:
            self._remembered.clear()
            self._as_of = self._index.changes
        if number not in self._remembered:
            if len(self._remembered) >= _REMEMBERED:
                self._remembered.clear()
            self._remembered[number] = self._look_up(number)
        return self._remembered[number]

    def exact_rows(self, number: str) -> list[int]:
        """The visible rows that have this very number or extension; a row may come twice."""
        key = self._reader.read(number)
        return [] if key is None else self._exact(key, bare_digits(number), () if key.short else self._near(key))

    def _exact(self, key: NumberKey, digits: str, near: Sequence[tuple[int, NumberKey]]) -> list[int]:
        extensions = self._index.extensions
        rows = self._index.alive((*extensions.of(key.text), *(() if key.short else extensions.of(digits))))
        return rows + [row for row, theirs in near if theirs.text == key.text]

    def _look_up(self, number: str) -> Match | None:
        key = self._reader.read(number)
        if key is None:
            return None
        digits, candidates = bare_digits(number), () if key.short else self._near(key)
        rows = self._exact(key, digits, candidates)
        if rows:
            return self._best(rows, number)
        near = [row for row, theirs in candidates if end_agrees(key.digits, theirs.digits) or end_agrees(digits, theirs.digits)]
        if len({self._people.root(row) for row in near}) != 1:
            return None
        return Match(contact=min(map(self._index.contact, near), key=standing), number=number, exact=False)

    def _near(self, key: NumberKey) -> list[tuple[int, NumberKey]]:
        """Visible rows with their numbers that end alike."""
        rows = self._index.alive(dict.fromkeys(self._index.by_number.rows(number_key(key.digits))))[:_MOST]
        last = key.digits[-LAST_DIGITS:]
        return [
            (row, theirs)
            for row in rows
            for theirs in map(key_from, clue(self._index.packed(row)).keys)
            if theirs is not None and theirs.digits.endswith(last)
        ]

    def _best(self, rows: list[int], number: str) -> Match:
        by_person: dict[int, Contact] = {}
        for row in rows:
            contact, root = self._index.contact(row), self._people.root(row)
            known = by_person.get(root)
            if known is None or standing(contact) < standing(known):
                by_person[root] = contact
        best = min(by_person.values(), key=standing)
        others = len(by_person) - 1
        if others and best.company and not _preferred(best) and len({contact.company for contact in by_person.values()}) == 1:
            best = attrs.evolve(best, name=best.company, given_name="", family_name="", title="", photo="", note="")
        return Match(contact=best, number=number, others=others)


def _preferred(contact: Contact) -> bool:
    return contact.favourite or contact.source_id == OWN_CONTACTS or bool(contact.extension)

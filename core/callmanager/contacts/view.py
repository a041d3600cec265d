"""One state of the contacts with everything that answers questions about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

import attrs
from typing_extensions import override

from callmanager.contacts.matching import Matcher
from callmanager.contacts.search import Search
from callmanager.model.contacts import Contact, Person

if TYPE_CHECKING:
    from callmanager.contacts.index import Index
    from callmanager.contacts.people import People
    from callmanager.contacts.phone_numbers import NumberReader


@attrs.frozen(kw_only=True)
class View:
    """Index, people, matcher and search that belong together; replaced as a whole."""

    index: Index
    people: People
    matcher: Matcher
    search: Search

    @classmethod
    def of(cls, index: Index, people: People, reader: NumberReader) -> View:
        matcher = Matcher(index, people, reader)
        return cls(index=index, people=people, matcher=matcher, search=Search(index, people, matcher, reader))

    def get(self, contact_id: str) -> Contact | None:
        row = self._row(contact_id)
        return None if row is None else self.index.contact(row)

    def person(self, identity: str) -> Person | None:
        row = self._row(identity)
        return None if row is None else self.people.person(row)

    def contacts(self, source_id: str) -> Sequence[Contact]:
        rows = self.index.alive(self.index.rows_of(source_id))
        return _ContactsView(self.index, sorted(rows, key=self.people.ranks().__getitem__))

    def _row(self, identity: str) -> int | None:
        row = self.index.find(identity)
        return row if row is not None and self.index.visible[row] else None


class _ContactsView(Sequence[Contact]):
    """Entries that are unpacked when they are looked at; those that went since the list was made are as they were."""

    def __init__(self, index: Index, rows: list[int]) -> None:
        self._index = index
        self._rows = rows

    @override
    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> Contact: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Contact]: ...
    @override
    def __getitem__(self, place: int | slice) -> Contact | Sequence[Contact]:
        if isinstance(place, slice):
            return [self._index.contact(row) for row in self._rows[place]]
        return self._index.contact(self._rows[place])

"""The people behind the entries: who is made of which, in which order, and how a person is put together."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, overload

from typing_extensions import override

from callmanager.contacts import records
from callmanager.contacts.slices import Slices
from callmanager.model.contacts import (
    OWN_CONTACTS,
    Contact,
    NumberKind,
    Person,
    PersonId,
    PersonNumber,
    PhoneNumber,
)

if TYPE_CHECKING:
    from callmanager.contacts.index import Index
    from callmanager.contacts.phone_numbers import NumberKey
    from callmanager.contacts.records import Record

_NO_RANK: Final = 0xFFFFFFFF
_BUCKET: Final = 2


class People:
    """One state of the people of an index; made anew by `settled` after each change, and usable meanwhile: rows that are gone
    are left out, rows that came since stand for themselves."""

    def __init__(self, index: Index, groups: Iterable[list[int]] = (), order: array[int] | None = None) -> None:
        self._index = index
        self._groups = {row: tuple(group) for group in groups for row in group}
        self.order = order if order is not None else array("I")
        self._rank = array("I", [_NO_RANK]) * index.row_count
        for rank, row in enumerate(self.order):
            self._rank[row] = rank

    def group(self, row: int) -> tuple[int, ...]:
        """The visible rows of the same person."""
        group = self._groups.get(row)
        return (row,) if group is None else tuple(self._index.alive(group))

    def root(self, row: int) -> int:
        """The same for all rows of a person, and for nobody else."""
        group = self._groups.get(row)
        return row if group is None else group[0]

    def ranks(self) -> array[int]:
        """The place of each row in the order by name; rows that came since the last settling are the last."""
        missing = self._index.row_count - len(self._rank)
        if missing > 0:
            self._rank.extend([_NO_RANK] * missing)
        return self._rank

    def person(self, row: int) -> Person:
        """Also of a row that is gone, as it was."""
        return person_of([self._index.record(member) for member in self.group(row) or (row,)])

    def all(self) -> Sequence[Person]:
        return _PeopleView(self)

    def in_order(self) -> Iterator[int]:
        """One visible row of each person, by name."""
        visible, seen = self._index.visible, set[int]()
        for row in self.order:
            if not visible[row]:
                continue
            if row in self._groups:
                root = self.root(row)
                if root in seen:
                    continue
                seen.add(root)
            yield row


class _PeopleView(Sequence[Person]):
    """People by name, each put together when it is looked at: a list of a hundred thousand costs what is shown of it."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._rows = array("I", people.in_order())

    @override
    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> Person: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Person]: ...
    @override
    def __getitem__(self, place: int | slice) -> Person | Sequence[Person]:
        if isinstance(place, slice):
            return [self._people.person(row) for row in self._rows[place]]
        return self._people.person(self._rows[place])


async def ordered(index: Index) -> array[int]:
    """The visible rows by name, then by id; in slices."""
    slices = Slices()
    buckets: dict[str, list[str]] = defaultdict(list)
    for row in index.rows():
        packed = index.packed(row)
        key = records.sort_key(packed)
        # one text and no tuple: a hundred thousand tuples would keep the garbage collector busy
        buckets[key[:_BUCKET]].append(f"{key}\0{records.packed_id(packed).decode()}\0{row}")
        await slices.breathe()
    order = array("I")
    for beginning in sorted(buckets):
        bucket = buckets.pop(beginning)
        bucket.sort()
        order.extend(int(entry[entry.rindex("\0") + 1 :]) for entry in bucket)
        await slices.breathe()
    return order


def standing(contact: Contact) -> tuple[bool, bool, bool, bool, str]:
    """What is shown of several entries goes by this, the smallest first: favourites, what the user wrote, colleagues on the
    PBX, entries with a real name, then the smaller id."""
    return (
        not contact.favourite,
        contact.source_id != OWN_CONTACTS,
        not contact.extension,
        contact.name in {contact.extension, contact.company},
        contact.id,
    )


def person_of(members: Sequence[Record]) -> Person:
    """Put a person together of one entry or more."""
    best = sorted(members, key=lambda record: standing(record.contact))
    contacts = tuple(record.contact for record in best)
    named = next((contact for contact in contacts if contact.name not in {contact.extension, ""}), contacts[0])
    return Person(
        id=PersonId(min(contact.id for contact in contacts)),
        contacts=contacts,
        name=named.name,
        company=next((contact.company for contact in contacts if contact.company), ""),
        title=next((contact.title for contact in contacts if contact.title), ""),
        extension=next((contact.extension for contact in contacts if contact.extension), ""),
        numbers=_numbers(best),
        emails=_emails(contacts),
        favourite=any(contact.favourite for contact in contacts),
    )


def _emails(contacts: Sequence[Contact]) -> tuple[str, ...]:
    """Each address once, as its first entry writes it."""
    found: dict[str, str] = {}
    for contact in contacts:
        for email in contact.emails:
            found.setdefault(email.casefold(), email)
    return tuple(found.values())


def _numbers(best: Sequence[Record]) -> tuple[PersonNumber, ...]:
    found: dict[str, tuple[PhoneNumber, list[str]]] = {}

    def note(text: str, number: PhoneNumber, source_id: str) -> None:
        sources = found.setdefault(text, (number, []))[1]
        if source_id not in sources:
            sources.append(source_id)

    for record in best:
        contact = record.contact
        if contact.extension:
            number = PhoneNumber(number=contact.extension, kind=NumberKind.EXTENSION)
            note(contact.extension, number, contact.source_id)
        for number, key in zip(contact.numbers, record.keys, strict=True):
            note(_identity(number, key), number, contact.source_id)
    return tuple(PersonNumber(number=number, source_ids=tuple(sources)) for number, sources in found.values())


def _identity(number: PhoneNumber, key: NumberKey | None) -> str:
    """Numbers with an extension behind them differ in it, so they are told apart by their whole text."""
    return key.text if key is not None and key.direct else number.number

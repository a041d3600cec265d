"""What is found while somebody types: people by name, company, number, extension and e-mail address.

The order: who has exactly this number or extension; favourites; who was called last; names; extensions and numbers that begin
so, then those that contain it; companies and addresses; and only when nothing else is found, words that differ by one slip of
the fingers. Within each, the alphabet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from heapq import nsmallest
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

import attrs

from callmanager.contacts.folding import digit_span, fold, word_spans, words
from callmanager.contacts.phone_numbers import bare_digits
from callmanager.model.contacts import Contact, FoundText, Hit, HitField, Person

if TYPE_CHECKING:
    from callmanager.contacts.index import Index
    from callmanager.contacts.matching import Matcher
    from callmanager.contacts.people import People
    from callmanager.contacts.phone_numbers import NumberReader
    from callmanager.contacts.records import Record

_NUMBER: Final = re.compile(r"[+(]?[\d\s().\-/+*#]*")
_MOST_WORDS: Final = 6
_LONGEST: Final = 200
_MOST_PREFERRED: Final = 300
_MOST_IN_TEXTS: Final = 400
_FROM_THREE: Final = 3
_SLIP_FROM: Final = 4
_MOST_LETTERS: Final = 80
_MOST_TOGETHER: Final = 200
_MOST_READINGS: Final = 12
_BORDERS: Final = b"\n@.-_+"
_REMEMBERED: Final = 6


@attrs.frozen(kw_only=True)
class _Query:
    """`words` are folded beginnings of words; `digits` is set for something that can be a number, `address` for a part of an
    e-mail address."""

    words: tuple[str, ...]
    digits: str = ""
    address: str = ""


@attrs.frozen
class _Preferred:
    """A row that goes before others, taken apart for quick comparison."""

    row: int
    words: str
    """Each with a space before it."""
    shorts: tuple[str, ...]
    digits: tuple[str, ...]
    emails: tuple[str, ...]

    @classmethod
    def of(cls, row: int, record: Record) -> _Preferred:
        contact = record.contact
        texts = (contact.name, contact.given_name, contact.family_name, contact.company, contact.extension, *contact.emails)
        keys = [key for key in record.keys if key is not None]
        return cls(
            row,
            " ".join(("", *words(" ".join(texts)))),
            tuple(filter(None, (contact.extension, *(key.text for key in keys if key.short)))),
            tuple(key.digits for key in keys if not key.short),
            tuple(fold(email) for email in contact.emails),
        )

    def fits(self, query: _Query) -> bool:
        """The same question as the tables answer, for a single row."""
        if query.digits:
            part = query.digits.lstrip("0") or query.digits
            if any(short.startswith(query.digits) for short in self.shorts):
                return True
            if len(query.digits) >= _FROM_THREE and any(part in digits for digits in self.digits):
                return True
        if query.address:
            return any(query.address in email for email in self.emails)
        return bool(query.words) and all(f" {one}" in self.words for one in query.words)


class Search:
    """Searches one state of the index. Loop thread only; remembers the last beginnings, because people type on."""

    def __init__(self, index: Index, people: People, matcher: Matcher, reader: NumberReader) -> None:
        self._index = index
        self._people = people
        self._matcher = matcher
        self._reader = reader
        self._remembered: dict[str, AbstractSet[int]] = {}
        self._put_together: dict[int, tuple[Contact, Person]] = {}
        self._as_of = index.changes
        self._preferred_rows: list[_Preferred] = []
        self._preferred_as_of: tuple[int, tuple[str, ...]] = (-1, ())

    def find(self, text: str, *, limit: int, recent: Sequence[str] = ()) -> list[Hit]:
        """`recent` are numbers, the last called first."""
        if self._as_of != self._index.changes:
            self._remembered.clear()
            self._put_together.clear()
            self._as_of = self._index.changes
        query = _read(text)
        if limit <= 0 or not (query.words or query.digits or query.address):
            return []
        hits: list[Hit] = []
        seen: set[int] = set()
        for row, slip in self._ranked(text, query, limit, recent):
            root = self._people.root(row)
            if root not in seen and self._index.visible[row]:
                seen.add(root)
                hits.append(self._hit(row, query, slip))
                if len(hits) >= limit:
                    break
        return hits

    # ------------------------------------------------------------------------------------------------------------ order

    def _ranked(self, text: str, query: _Query, limit: int, recent: Sequence[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Rows, the best first, some again; with the words that were meant where there was a slip."""
        found = False
        for row in self._direct(text, query, limit, recent):
            found = True
            yield row, ()
        if not found:
            yield from self._slips(query, limit)

    def _direct(self, text: str, query: _Query, limit: int, recent: Sequence[str]) -> Iterator[int]:
        if query.digits:
            yield from self._by_name(self._matcher.exact_rows(text), limit)
        yield from (special.row for special in self._preferred(tuple(recent)) if special.fits(query))
        if query.words:
            yield from self._named(query.words, limit)
        if query.digits:
            yield from self._numbered(query.digits, limit)
        if query.address:
            yield from self._by_name(islice(self._index.emails.containing(query.address), _MOST_IN_TEXTS), limit)
        if query.words:
            yield from self._anyhow(query.words, limit)
            yield from self._addressed(query.words, limit)

    def _preferred(self, recent: tuple[str, ...]) -> list[_Preferred]:
        """Favourites by name, then who was called last; taken apart once, because they are looked at with every key press."""
        if self._preferred_as_of != (self._index.changes, recent):
            rows = sorted(self._index.alive(self._index.favourites), key=self._people.ranks().__getitem__)[:_MOST_PREFERRED]
            for number in recent[:_MOST_PREFERRED]:
                match = self._matcher.match(number)
                row = self._index.find(match.contact.id) if match is not None and match.exact else None
                if row is not None:
                    rows.append(row)
            self._preferred_rows = [_Preferred.of(row, self._index.record(row)) for row in dict.fromkeys(rows)]
            self._preferred_as_of = (self._index.changes, recent)
        return self._preferred_rows

    def _named(self, beginnings: tuple[str, ...], limit: int) -> Iterator[int]:
        names = self._index.names
        if len(beginnings) == 1:
            for word in names.beginning(beginnings[0]):
                yield from self._by_name(names.of(word), limit)
            return
        yield from self._by_name(_in_each([(self._rows(names.beginning(one), f"n{one}"),) for one in beginnings]), limit)

    def _numbered(self, digits: str, limit: int) -> Iterator[int]:
        for extension in islice(self._index.extensions.beginning(digits), limit):
            yield from self._by_name(self._index.extensions.of(extension), limit)
        if len(digits) < _FROM_THREE:
            return
        short = digits.lstrip("0") or digits
        region = self._reader.calling_code
        for part in dict.fromkeys((f"\n{digits}", f"\n{region}{short}", digits, short)):
            yield from self._by_name(islice(self._index.digits.containing(part), _MOST_IN_TEXTS), limit)

    def _anyhow(self, beginnings: tuple[str, ...], limit: int) -> Iterator[int]:
        """By company, too; several words may be found in different places of an entry."""
        if len(beginnings) == 1:
            for word in self._index.companies.beginning(beginnings[0]):
                yield from self._by_name(self._index.companies.of(word), limit)
            return
        yield from self._by_name(_in_each([self._lettered(one) for one in beginnings]), limit)

    def _addressed(self, beginnings: tuple[str, ...], limit: int) -> Iterator[int]:
        """By address, too, and by number; the last resort, because it goes through all of them."""
        places = [(*self._lettered(one), set(self._in_texts(one))) for one in beginnings]
        yield from self._by_name(_in_each(places), limit)

    def _slips(self, query: _Query, limit: int) -> Iterator[tuple[int, tuple[str, ...]]]:
        """What was meant when exactly the words that lead nowhere are each one slip away from one that does."""
        meant: list[list[str]] = []
        for word in query.words:
            if self._leads_somewhere(word):
                meant.append([word])
            elif len(word) >= _SLIP_FROM and not word.isdecimal():
                meant.append([slip for slip in self._one_slip(word) if self._leads_somewhere(slip)])
            else:
                return
        while any(len(choice) > 1 for choice in meant[1:]):  # one word may be read in several ways, the others in the likeliest
            meant = [meant[0], *(choice[:1] for choice in meant[1:])]
        if not all(meant):
            return
        rest = tuple(choice[0] for choice in meant[1:])
        for first in meant[0][:_MOST_READINGS] if meant else ():
            reading = (first, *rest)
            for row in chain(self._named(reading, limit), self._anyhow(reading, limit)):
                yield row, reading

    # ---------------------------------------------------------------------------------------------------------- internal

    def _by_name(self, rows: Iterable[int], limit: int) -> list[int]:
        """Visible rows by the alphabet, no more than can be needed: a person may have several."""
        return nsmallest(
            limit * 4,
            self._index.alive(rows if isinstance(rows, AbstractSet) else dict.fromkeys(rows)),
            key=self._people.ranks().__getitem__,
        )

    def _rows(self, of: list[str], name: str) -> AbstractSet[int]:
        if name not in self._remembered:
            if len(self._remembered) >= _REMEMBERED:
                self._remembered.pop(next(iter(self._remembered)))
            table = self._index.names if name.startswith("n") else self._index.companies
            self._remembered[name] = table.rows(of)
        return self._remembered[name]

    def _lettered(self, beginning: str) -> tuple[AbstractSet[int], ...]:
        """By name and by company."""
        names = self._rows(self._index.names.beginning(beginning), f"n{beginning}")
        return names, self._rows(self._index.companies.beginning(beginning), f"c{beginning}")

    def _in_texts(self, beginning: str) -> Iterator[int]:
        """By a part of an address that begins so, or by a number."""
        if beginning.isdecimal():
            yield from self._index.extensions.rows(self._index.extensions.beginning(beginning))
        if len(beginning) < _FROM_THREE:
            return
        if beginning.isdecimal():
            yield from islice(self._index.digits.containing(beginning), _MOST_IN_TEXTS)
        yield from islice(self._index.emails.containing(beginning, after=_BORDERS), _MOST_IN_TEXTS)

    def _leads_somewhere(self, word: str) -> bool:
        return self._index.names.any_beginning(word) or self._index.companies.any_beginning(word)

    def _one_slip(self, word: str) -> list[str]:
        """Everything that is one slip away: two letters swapped, one too many, a wrong one, one missing; the likelier first."""
        letters = self._index.names.letters | self._index.companies.letters
        if word.isascii():
            letters = {letter for letter in letters if letter.isascii()}
        alphabet = sorted(letters) if len(letters) <= _MOST_LETTERS else []
        cuts = [(word[:place], word[place:]) for place in range(len(word) + 1)]
        swapped = [left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1]
        dropped = [left + right[1:] for left, right in cuts if right]
        wrong = [left + letter + right[1:] for left, right in cuts if right for letter in alphabet]
        missing = [left + letter + right for left, right in cuts if right for letter in alphabet]
        return [slip for slip in dict.fromkeys((*swapped, *dropped, *wrong, *missing)) if slip != word]

    # -------------------------------------------------------------------------------------------------------------- hits

    def _shown(self, row: int) -> tuple[Contact, Person]:
        """Who was shown with the last key press is likely to be shown with the next."""
        if row not in self._put_together:
            if len(self._put_together) >= _MOST_TOGETHER:
                self._put_together.clear()
            self._put_together[row] = self._index.contact(row), self._people.person(row)
        return self._put_together[row]

    def _hit(self, row: int, query: _Query, slip: tuple[str, ...]) -> Hit:
        contact, person = self._shown(row)
        found = tuple(_found(contact, slip or query.words, query))
        called = next((text.text for text in found if text.field in {HitField.NUMBER, HitField.EXTENSION}), "")
        own = contact.extension or (contact.numbers[0].number if contact.numbers else "")
        number = called or own or (person.numbers[0].number.number if person.numbers else "")
        return Hit(person=person, contact=contact, found=found, number=number, fuzzy=bool(slip))


def _read(text: str) -> _Query:
    text = text[:_LONGEST].strip()
    digits = bare_digits(text)
    found = words(text)[:_MOST_WORDS]
    if digits and _NUMBER.fullmatch(text):
        return _Query(words=tuple(found) if len(found) == 1 and found[0] == text else (), digits=digits)
    if "@" in text and " " not in text:
        return _Query(words=(), address=fold(text) if len(text) >= _FROM_THREE else "")
    return _Query(words=tuple(found))


def _in_each(places: Sequence[Sequence[AbstractSet[int]]]) -> AbstractSet[int]:
    """The rows that are, for every word, in one of the sets of that word."""
    first, *others = sorted(places, key=lambda sets: sum(map(len, sets)))
    rows: AbstractSet[int] = set().union(*first) if len(first) > 1 else first[0]
    for sets in others:
        rows = rows & sets[0] if len(sets) == 1 else set().union(*(rows & one for one in sets))
    return rows


def _found(contact: Contact, beginnings: Sequence[str], query: _Query) -> Iterator[FoundText]:
    given = f"{contact.given_name} {contact.family_name}".strip()
    for field, text in (
        (HitField.NAME, contact.name),
        (HitField.NAME, given if given != contact.name else ""),
        (HitField.EXTENSION, contact.extension),
        (HitField.COMPANY, contact.company),
        *((HitField.EMAIL, email) for email in contact.emails),
    ):
        spans = word_spans(text, beginnings) if text and beginnings else ()
        if field is HitField.EXTENSION and query.digits and text.startswith(query.digits):
            spans = ((0, len(query.digits)),)
        if field is HitField.EMAIL and query.address and (start := fold(text).find(query.address)) >= 0:
            spans = ((start, start + len(query.address)),)
        if spans:
            yield FoundText(field=field, text=text, spans=spans)
    if query.digits:
        for number in contact.numbers:
            spans = _digits_in(number.number, query.digits)
            if spans:
                yield FoundText(field=HitField.NUMBER, text=number.number, spans=spans)


def _digits_in(number: str, digits: str) -> tuple[tuple[int, int], ...]:
    """What was typed may have a country or trunk code more than what is written here."""
    for start in range(min(5, len(digits))):
        spans = digit_span(number, digits[start:])
        if spans and (start == 0 or len(digits) - start >= _FROM_THREE):
            return spans
    return ()

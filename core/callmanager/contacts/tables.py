"""The compact tables of the index: keys, words and texts, each leading to rows. Rows are only ever added.

A row that is not valid any more stays until the index is made anew, so whoever reads asks the index which rows are alive. That
keeps every change cheap, and a hundred thousand contacts at a few hundred bytes each.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Final

_ROW_BITS: Final = 32
_ROW_MASK: Final = (1 << _ROW_BITS) - 1
_FRESH: Final = 4096
_PATIENCE: Final = 2000
_LAST: Final = "\U0010ffff"


class KeyTable:
    """32-bit keys to rows, as one sorted array of 64-bit numbers, 8 bytes an entry. Keys collide: compare what they are of."""

    def __init__(self) -> None:
        self._sorted = array("Q")
        self._fresh: dict[int, list[int]] = {}
        self._waiting = 0

    def add(self, key: int, row: int) -> None:
        self._fresh.setdefault(key, []).append(row)
        self._waiting += 1
        if self._waiting >= _FRESH:
            self._merge()

    def rows(self, key: int) -> list[int]:
        """In ascending order."""
        low = bisect_left(self._sorted, key << _ROW_BITS)
        high = bisect_right(self._sorted, key << _ROW_BITS | _ROW_MASK, lo=low)
        return [entry & _ROW_MASK for entry in self._sorted[low:high]] + self._fresh.get(key, [])

    def shared(self) -> Iterator[list[int]]:
        """The rows of each key that has several; an empty list from time to time, so that the caller may take a breath."""
        self._merge()
        entries = self._sorted
        start, key = 0, -1
        for place, entry in enumerate(entries):
            if entry >> _ROW_BITS != key:
                if place - start > 1:
                    yield [one & _ROW_MASK for one in entries[start:place]]
                elif not place % _FRESH:
                    yield []
                start, key = place, entry >> _ROW_BITS
        if len(entries) - start > 1:
            yield [one & _ROW_MASK for one in entries[start:]]

    def _merge(self) -> None:
        if self._fresh:
            entries = self._sorted.tolist()
            entries.extend(sorted(key << _ROW_BITS | row for key, rows in self._fresh.items() for row in rows))
            entries.sort()  # two sorted runs: a merge
            self._sorted = array("Q", entries)
            self._fresh, self._waiting = {}, 0


class WordTable:
    """Folded words to rows, for looking up by the beginning of a word."""

    def __init__(self) -> None:
        self._rows: dict[str, int | array[int]] = {}
        self._sorted: list[str] = []
        self._fresh: list[str] = []
        self.letters: set[str] = set()

    def add(self, word: str, row: int) -> None:
        known = self._rows.get(word)
        if known is None:
            self._rows[word] = row
            self._fresh.append(word)
            self.letters.update(word)
            if len(self._fresh) >= _FRESH:
                self._merge()
        elif isinstance(known, int):
            self._rows[word] = array("I", (known, row))
        else:
            known.append(row)

    def of(self, word: str) -> array[int]:
        """The rows of exactly this word."""
        known = self._rows.get(word)
        return array("I") if known is None else array("I", (known,)) if isinstance(known, int) else known

    def beginning(self, prefix: str) -> list[str]:
        """All words that begin so, in order: the word itself comes first."""
        self._merge()
        low = bisect_left(self._sorted, prefix)
        return self._sorted[low : bisect_left(self._sorted, prefix + _LAST, lo=low)]

    def shared(self) -> Iterator[list[int]]:
        """The rows of each word that has several."""
        return (known.tolist() for known in tuple(self._rows.values()) if not isinstance(known, int))

    def any_beginning(self, prefix: str) -> bool:
        self._merge()
        place = bisect_left(self._sorted, prefix)
        return place < len(self._sorted) and self._sorted[place].startswith(prefix)

    def rows(self, words: list[str]) -> set[int]:
        """All rows of these words."""
        found: set[int] = set()
        for word in words:
            known = self._rows[word]
            if isinstance(known, int):
                found.add(known)
            else:
                found.update(known)
        return found

    def _merge(self) -> None:
        if self._fresh:
            self._sorted.extend(sorted(self._fresh))
            self._sorted.sort()  # two sorted runs: a merge
            self._fresh = []


class TextTable:
    """Short texts to rows, all in one piece, for finding any part of them; one search looks at about a gigabyte a second."""

    def __init__(self) -> None:
        self._text = bytearray(b"\n")
        self._starts = array("I")
        self._rows = array("I")

    def add(self, text: str, row: int) -> None:
        self._starts.append(len(self._text))
        self._rows.append(row)
        self._text += text.encode() + b"\n"

    def containing(self, part: str, *, after: bytes = b"") -> Iterator[int]:
        """The rows of texts with this part, in the order in which they were added; a part may begin with a line end.

        `after` are bytes of which one must stand before the part; what is found elsewhere counts as looked at, so that a part
        that is everywhere does not take long.
        """
        needle, place, patience = part.encode(), 0, _PATIENCE
        while needle and (place := self._text.find(needle, place)) >= 0:
            if after and self._text[place - 1] not in after:
                place, patience = place + 1, patience - 1
                if not patience:
                    return
                continue
            which = bisect_right(self._starts, place + needle.startswith(b"\n")) - 1
            yield self._rows[which]
            place = self._starts[which + 1] - 1 if which + 1 < len(self._starts) else len(self._text)

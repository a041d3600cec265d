"""How well a few typed letters fit a title: prefix, start of a word, inside, scattered; no Qt here."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from enum import IntEnum
from typing import Final

import attrs

_WIDEST_SPREAD: Final = 3
"""Letters that lie further apart than this, each, are there by chance."""


class Fit(IntEnum):
    """The lower, the better."""

    PREFIX = 0
    """The title begins so."""
    WORDS = 1
    """Each typed word begins a word of the title."""
    INITIALS = 2
    """The letters are the first ones of the title's words."""
    KEYWORD = 3
    """One of the keywords begins so."""
    INSIDE = 4
    """It is somewhere in the title."""
    SCATTERED = 5
    """The letters come in this order, the first one at the start of a word."""


@attrs.frozen(order=True)
class Rank:
    """Sorts by fit, then by how far the letters lie apart. `marks` are the positions in the title that fit, to be shown."""

    fit: Fit
    spread: int
    marks: tuple[int, ...] = attrs.field(default=(), eq=False, order=False)


def fold(text: str) -> str:
    """Without case and accents, one character for each of the text."""
    folded = []
    for character in text:
        base = unicodedata.normalize("NFKD", character).casefold()
        folded.append(base[0] if base else character)
    return "".join(folded)


def rank(query: str, title: str, keywords: Sequence[str] = ()) -> Rank | None:
    """None when it does not fit at all. Spaces around the query do not count."""
    wanted = " ".join(fold(query).split())
    text = fold(title)
    if not wanted:
        return Rank(Fit.PREFIX, 0)
    if text.startswith(wanted):
        return Rank(Fit.PREFIX, 0, tuple(range(len(wanted))))
    starts = [
        index for index, character in enumerate(text) if character.isalnum() and (index == 0 or not text[index - 1].isalnum())
    ]
    return (
        _words(wanted, text, starts)
        or _initials(wanted, text, starts)
        or _keyword(wanted, keywords)
        or _inside(wanted, text)
        or _scattered(wanted.replace(" ", ""), text, starts)
    )


def _words(wanted: str, text: str, starts: Sequence[int]) -> Rank | None:
    marks: list[int] = []
    used: set[int] = set()
    for word in wanted.split():
        found = next((start for start in starts if start not in used and text.startswith(word, start)), None)
        if found is None:
            return None
        used.add(found)
        marks.extend(range(found, found + len(word)))
    return Rank(Fit.WORDS, min(marks), tuple(sorted(marks)))


def _initials(wanted: str, text: str, starts: Sequence[int]) -> Rank | None:
    if len(wanted) < 2 or not "".join(text[start] for start in starts).startswith(wanted):
        return None
    return Rank(Fit.INITIALS, 0, tuple(starts[: len(wanted)]))


def _keyword(wanted: str, keywords: Sequence[str]) -> Rank | None:
    for keyword in keywords:
        text = fold(keyword)
        if text.startswith(wanted) or any(word.startswith(wanted) for word in text.split()):
            return Rank(Fit.KEYWORD, 0)
    return None


def _inside(wanted: str, text: str) -> Rank | None:
    found = text.find(wanted)
    if found < 0 or len(wanted) < 2:
        return None
    return Rank(Fit.INSIDE, found, tuple(range(found, found + len(wanted))))


def _scattered(letters: str, text: str, starts: Sequence[int]) -> Rank | None:
    best: Rank | None = None
    for start in starts:
        if text[start] != letters[0]:
            continue
        marks = [start]
        for letter in letters[1:]:
            found = text.find(letter, marks[-1] + 1)
            if found < 0:
                break
            marks.append(found)
        else:
            candidate = Rank(Fit.SCATTERED, marks[-1] - marks[0], tuple(marks))
            if candidate.spread <= _WIDEST_SPREAD * len(letters) and (best is None or candidate < best):
                best = candidate
    return best

"""Text as people compare it: without case, accents and punctuation; and where in the original a part of it stands."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

_WORD = re.compile(r"[^\W_]+")
_APOSTROPHES: Final = str.maketrans("", "", "'’‘`´ʼ")
_PLAIN: Final = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i", "ħ": "h", "ŧ": "t"}
)


def fold(text: str) -> str:
    """Lower case without accents; letters that only look accented (ø, ł, ß) become their plain ones."""
    if text.isascii():
        return text.lower()
    spread = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())  # ℡ is TEL, and then tel
    kept = "".join(character for character in spread if not unicodedata.combining(character))
    return unicodedata.normalize("NFC", kept.translate(_PLAIN))


def words(text: str) -> list[str]:
    """The folded words of a text; an apostrophe is no border (O'Brien is obrien)."""
    if text.isascii() and "'" not in text and "`" not in text:
        return _WORD.findall(text.lower())
    return _WORD.findall(fold(text).translate(_APOSTROPHES))


def positions(text: str) -> tuple[str, Sequence[int]]:
    """The folded text without apostrophes, and for each of its characters the place in `text` that it came from."""
    if text.isascii() and "'" not in text and "`" not in text:
        return text.lower(), range(len(text))
    folded: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for part in fold(character).translate(_APOSTROPHES):
            folded.append(part)
            places.append(place)
    return "".join(folded), places


def word_spans(text: str, prefixes: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Where words of `text` begin with one of these folded prefixes; each prefix once, the longest first."""
    folded, places = positions(text)
    if not any(prefix in folded for prefix in prefixes):
        return ()
    free = {match.start(): match.group() for match in _WORD.finditer(folded)}
    spans: list[tuple[int, int]] = []
    for prefix in sorted(prefixes, key=len, reverse=True):
        start = next((start for start, word in free.items() if word.startswith(prefix)), None)
        if start is not None:
            spans.append((places[start], places[start + len(prefix) - 1] + 1))
            del free[start]
    return _joined(sorted(spans))


def _joined(spans: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """One character may fold to several words (¼), which are then marked as one."""
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def digit_span(text: str, needle: str) -> tuple[tuple[int, int], ...]:
    """Where these digits stand in a number, whatever is written between them."""
    places = [place for place, character in enumerate(text) if character.isascii() and character.isdigit()]
    digits = "".join(text[place] for place in places)
    start = digits.find(needle) if needle else -1
    return ((places[start], places[start + len(needle) - 1] + 1),) if start >= 0 else ()

"""A mistake in a settings file, told so that whoever wrote the file finds it: file, line, key, and a sentence."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Final, TypeAlias

import attrs

KeyPath: TypeAlias = tuple[str | int, ...]
"""Keys from the top of a file down; a number is a place in an array, from 0."""

_BARE: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SHOWN: Final = 60


@attrs.frozen(kw_only=True)
class Finding:
    """What is wrong at a key; the text completes "section.key: …"."""

    path: KeyPath
    text: str


@attrs.frozen(kw_only=True)
class Mistake:
    """A finding with its place; `line` and `column` count from 1, and 0 means that there is none to name."""

    file: str
    text: str
    path: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:  # type: ignore[explicit-override] # typing has override from 3.12 on
        place = ":".join([self.file, *(str(number) for number in (self.line, self.column) if number)])
        return f"{place}: {self.path}: {self.text}" if self.path else f"{place}: {self.text}"


def by_place(mistakes: Iterable[Mistake]) -> tuple[Mistake, ...]:
    """Each once, in the order of the file."""
    return tuple(sorted(set(mistakes), key=lambda mistake: (mistake.line, mistake.column, mistake.path, mistake.text)))


def dotted(path: KeyPath) -> str:
    """The path for people: `section.key`. Places in arrays are left out, the line says them; strange keys are quoted."""
    return ".".join(_key(key) for key in path if isinstance(key, str))


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that was probably meant, or an empty text."""
    from difflib import get_close_matches

    words = {name.casefold(): name for name in known}
    found = get_close_matches(word.casefold()[:100], words, n=1, cutoff=0.68)
    return words[found[0]] if found else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean …?`, or an empty text when nothing comes near."""
    near = nearest(word, known)
    return f"; did you mean {near}?" if near else ""


def _key(key: str) -> str:
    if _BARE.fullmatch(key):
        return key
    return json.dumps(key if len(key) <= _SHOWN else f"{key[:_SHOWN]}…")

"""Numbers of messages in the notation of contacts, so that one person's messages come into one conversation."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from callmanager.texts import plain
from callmanager.workers import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from callmanager.contacts.phone_numbers import NumberReader

_WRITTEN: Final = re.compile(r"[\d\s+().\-/\u2010-\u2015\u2212]+")
_NUMBER: Final = re.compile(r"\+?[0-9]{3,17}")
_LONGEST: Final = 40


class Notation:
    """Brings numbers into E.164 notation, read as those of a country (ISO 3166 code), which is asked for anew each time.

    What contacts read as one number is the same number here. Short codes stay as they are. What is no number at all comes back
    as plain text: a sender's name stays a name, also one that could be dialled by its letters. Loop thread only.

    `load` comes first: it imports on a thread of its own what takes longer than a frame. Without it the first number waits.
    """

    def __init__(self, country: Callable[[], str]) -> None:
        self._country = country
        self._reader: tuple[str, NumberReader] | None = None

    async def load(self) -> None:
        """Returns when numbers can be read at once. Idempotent, and does not wait the second time."""
        if self._reader is not None:
            return
        country, worker = self._country(), Worker("callmanager-numbers")
        try:
            self._reader = country, await worker.call(lambda: _reader(country))
        finally:
            worker.close()

    def __call__(self, number: str) -> str:
        shown = plain(number, limit=_LONGEST)
        if not _WRITTEN.fullmatch(unicodedata.normalize("NFKC", shown)):
            return shown
        country = self._country()
        if self._reader is None or self._reader[0] != country:
            self._reader = country, _reader(country)
        key = self._reader[1].read(shown)
        return key.text if key is not None and can_be_texted(key.text) else shown


def can_be_texted(number: str) -> bool:
    """Whether messages can go to this normalised number; a sender's name has no way back."""
    return _NUMBER.fullmatch(number) is not None


def _reader(country: str) -> NumberReader:
    from callmanager.contacts.phone_numbers import NumberReader

    return NumberReader(country)

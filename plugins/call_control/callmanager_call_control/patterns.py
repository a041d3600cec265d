"""Which callers or destinations are meant: one number in any notation, all numbers that begin alike, or a SIP address."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Final, Generic, TypeVar

import attrs
from callmanager.api import NumberReader, Party, UserError, is_emergency, plain

LONGEST: Final = 128
_SHORTEST_PREFIX: Final = 2
_FORMATTING: Final = re.compile(r"[\s().\-/\u2010-\u2015\u2212]")
_PREFIX: Final = re.compile(r"\+?[0-9]{1,15}")
_USER: Final = re.compile(r"[^\s@<>\"]{1,128}(?:@[^\s@<>\"]{1,253})?")
_WITHHELD: Final = frozenset({"", "anonymous", "unknown", "unavailable", "restricted", "private", "withheld", "asterisk"})
"""What stands for a number that is not shown. The last one is chan_pjsip's `default_from_user`, for a caller without any."""
_WITHHELD_HOST: Final = "anonymous.invalid"
"""RFC 3323 section 4.1.1.3."""

T = TypeVar("T")


class PatternKind(Enum):
    NUMBER = "number"
    """This very number, extension or SIP address."""
    PREFIX = "prefix"
    """All numbers that begin so; never an extension."""


@attrs.frozen(kw_only=True)
class Pattern:
    """Something to compare with, in the notation of one country.

    `text` is what was written, tidied. Two patterns mean the same when kind and `keys` are equal: the one comparable number or
    address, or the beginnings of comparable numbers, of which any will do.
    """

    kind: PatternKind
    text: str
    keys: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Subject:
    """Whom a pattern is compared with: the comparable number, and a SIP address's user and `user@host`."""

    number: str
    short: bool
    addresses: tuple[str, ...] = ()


def withheld(party: Party) -> bool:
    """Whether the caller does not show a number (RFC 3323, and what PBXes write in its place)."""
    host = party.uri.partition("@")[2].partition(":")[0].partition(";")[0]
    return party.number.strip().casefold() in _WITHHELD or host.casefold() == _WITHHELD_HOST


class PatternReader:
    """Reads patterns and subjects as they are written in one country (ISO 3166 code). Pure and quick, about 50 us each."""

    def __init__(self, region: str) -> None:
        import phonenumbers

        self._numbers = NumberReader(region)
        metadata = phonenumbers.PhoneMetadata.metadata_for_region(self._numbers.region)
        self._own = self._numbers.calling_code
        self._trunk = phonenumbers.ndd_prefix_for_region(self._numbers.region, True) or ""
        self._abroad = re.compile((metadata.international_prefix if metadata is not None else None) or "00")

    @property
    def region(self) -> str:
        return self._numbers.region

    def pattern(self, text: str) -> Pattern:
        """What one line of a list means: a number or address, or with `*` at its end a beginning. Raises as the two below."""
        return self.prefix(text.rstrip()[:-1]) if _is_prefix(text) else self.number(text)

    def readable(self, text: str) -> tuple[Pattern, ...]:
        """The same; nothing for what can't be read."""
        try:
            return (self.pattern(text),)
        except UserError:
            return ()

    def number(self, text: str) -> Pattern:
        """One number in any notation, an extension, or the user or address of a SIP caller. Raises `UserError` with a hint."""
        shown = plain(text, limit=LONGEST)
        subject = self.subject(shown)
        if subject.number:
            return Pattern(kind=PatternKind.NUMBER, text=shown, keys=(subject.number,))
        address = _address(shown)
        if not _USER.fullmatch(address):
            raise UserError(
                f"“{plain(text, limit=40)}” is not a number", "Write a number, a beginning with * behind it, or a SIP address."
            )
        return Pattern(kind=PatternKind.NUMBER, text=shown, keys=(address,))

    def prefix(self, text: str) -> Pattern:
        """All numbers that begin so, written with + and the country code, or as dialled at home.

        Raises `UserError` for what is no beginning of a number, and for one that means the whole own country.
        """
        shown = plain(text, limit=LONGEST)
        digits = _FORMATTING.sub("", shown)
        if not _PREFIX.fullmatch(digits):
            raise UserError(f"“{plain(text, limit=40)}” is not the beginning of a number", "Write digits, with + for abroad.")
        if not digits.startswith("+") and (away := self._abroad.match(digits)):
            digits = f"+{digits[away.end() :]}"
        keys = (digits,) if digits.startswith("+") else self._at_home(digits)
        if len(digits.lstrip("+")) < _SHORTEST_PREFIX or any(self._everybody(key) for key in keys):
            raise UserError(f"“{shown}” would mean too many numbers", "Write more digits.")
        return Pattern(kind=PatternKind.PREFIX, text=f"{shown}*", keys=keys)

    def subject(self, number: str, *, uri: str = "") -> Subject:
        """A caller or destination as it is compared."""
        number = number[:LONGEST]
        key = self._numbers.read(number) if number else None
        addresses = {_address(number), _address(uri)} if key is None else {_address(uri)}
        return Subject(
            number=key.text if key is not None else "",
            short=key is None or key.short,
            addresses=tuple(sorted(addresses - {""})),
        )

    def caller(self, party: Party) -> Subject:
        """The far end of a call."""
        return self.subject(party.number, uri=party.uri)

    def _at_home(self, digits: str) -> tuple[str, ...]:
        """Beginnings as E.164 has them, with and without the trunk prefix taken off, and as a PBX may deliver them."""
        national = {digits, digits.removeprefix(self._trunk)} if self._trunk else {digits}
        return (*sorted(f"+{self._own}{start}" for start in national), digits)

    def _everybody(self, key: str) -> bool:
        return key.startswith("+") and f"+{self._own}".startswith(key)


@attrs.frozen
class PatternTable(Generic[T]):
    """Finds the value of the pattern that fits best: the number itself, then the longest beginning. Thirty look-ups at most.

    Of two patterns that mean the same, the first one counts.
    """

    _exact: dict[str, T]
    _starts: dict[str, T]
    _longest: int

    @classmethod
    def read(cls, reader: PatternReader, entries: Iterable[tuple[str, T]]) -> PatternTable[T]:
        """From texts; what can't be read in this country, though perhaps in another, means nobody."""
        return cls.of((pattern, value) for text, value in entries for pattern in reader.readable(text))

    @classmethod
    def of(cls, entries: Iterable[tuple[Pattern, T]]) -> PatternTable[T]:
        exact: dict[str, T] = {}
        starts: dict[str, T] = {}
        for pattern, value in entries:
            table = exact if pattern.kind is PatternKind.NUMBER else starts
            for key in pattern.keys:
                table.setdefault(key, value)
        return cls(exact, starts, max(map(len, starts), default=0))

    def find(self, subject: Subject) -> T | None:
        for key in (subject.number, *subject.addresses):
            if key and key in self._exact:
                return self._exact[key]
        if subject.short:
            return None
        for length in range(min(self._longest, len(subject.number)), 0, -1):
            found = self._starts.get(subject.number[:length])
            if found is not None:
                return found
        return None


class NumberList:
    """Callers named by a list of patterns in Settings, as they are now and in the country that counts now."""

    def __init__(self, lines: Callable[[], tuple[str, ...]], *, region: Callable[[], str]) -> None:
        self._lines = lines
        self._region = region
        self._read: tuple[tuple[str, ...], PatternReader, PatternTable[str]] | None = None

    def names(self, caller: Party) -> bool:
        """Whether the caller is on it; who shows no number is not. Nothing is read while the list is empty."""
        lines = self._lines()
        if not lines or withheld(caller):
            return False
        if self._read is None or (self._read[0], self._read[1].region) != (lines, self._region()):
            reader = PatternReader(self._region())
            self._read = lines, reader, PatternTable.read(reader, ((line, line) for line in lines))
        _, reader, table = self._read
        return table.find(reader.caller(caller)) is not None


def complaint(text: str) -> str:
    """For the check of a setting with one pattern a line: what is wrong with it, or an empty text."""
    try:
        PatternReader("US").pattern(text)
    except UserError as error:
        return error.text
    return ""


def emergency(pattern: Pattern) -> bool:
    return pattern.kind is PatternKind.NUMBER and any(is_emergency(key.lstrip("+")) for key in pattern.keys)


def _is_prefix(text: str) -> bool:
    stripped = text.strip()
    return stripped.endswith("*") and _PREFIX.fullmatch(_FORMATTING.sub("", stripped[:-1])) is not None


def _address(text: str) -> str:
    """A SIP address without scheme, password, port and parameters, or a bare user; folded."""
    address = re.sub(r"^\s*(?:sips?|tel):(?://)?", "", text.strip(), flags=re.IGNORECASE).strip("<>")
    user, at, host = address.partition("@")
    user = user.partition(";")[0].partition(":")[0]
    host = re.split(r"[:;?]", host, maxsplit=1)[0]
    return f"{user}{at}{host}".casefold()

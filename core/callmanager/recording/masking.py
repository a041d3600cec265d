"""Take numbers, names and texts out of values, the same way each time, so that a masked session still makes sense.

What a field is follows from its name; a text in a field that is not known here is masked to its length, so that nothing
slips through because somebody added a field.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any, Final

import attrs

from callmanager.numbers import EMERGENCY


class Kind(Enum):
    """What a text is, and so what is left of it."""

    KEEP = "keep"
    """Words of the product itself: codecs, states, ids of plugins."""
    NUMBER = "number"
    """Other digits in the same notation; a SIP address becomes another one."""
    NAME = "name"
    ADDRESS = "address"
    HOST = "host"
    ID = "id"
    DIGITS = "digits"
    """Sent in a call, a PIN perhaps: how many, not which."""
    TEXT = "text"
    """Its length."""


_KINDS: Final[Mapping[str, Kind]] = (
    dict.fromkeys(("number", "called", "target", "extension", "sip_user", "auth_user", "handle", "slot"), Kind.NUMBER)
    | dict.fromkeys(("own", "peer", "sender", "recipient"), Kind.NUMBER)
    | dict.fromkeys(("name", "given_name", "family_name", "company", "display_name", "username", "label"), Kind.NAME)
    | dict.fromkeys(("uri", "url", "emails"), Kind.ADDRESS)
    | dict.fromkeys(("server", "host", "realm"), Kind.HOST)
    | dict.fromkeys(("id", "call_id", "account_id", "message_id", "contact_id", "source_id", "transport_id"), Kind.ID)
    | dict.fromkeys(("remote_id", "lot", "channel", "context", "folder", "folders"), Kind.ID)
    | dict.fromkeys(("digits", "digit"), Kind.DIGITS)
    | dict.fromkeys(("plugin_id", "owner", "section_id", "field", "codec", "kind", "method", "ice", "dtls"), Kind.KEEP)
)
_ANONYMOUS: Final = frozenset({"anonymous", "unknown", "private", "restricted", "unavailable", "withheld"})
"""What networks say instead of a number or a name; screening depends on it, and it identifies nobody."""
_NOTATION: Final = frozenset("+*#().-/ \u00a0")
_LONGEST_NUMBER: Final = 20
_LONG_INTEGER: Final = 1_000_000
_ADDRESS: Final = re.compile(r"(?i)(sips?|tel|callto|https?|wss?|stuns?|turns?):(?://)?(?:([^@/]*)@)?([^;?/@]*)")


class Masker:
    """Masks the values of one session. The same number, name, host or id gets the same mask each time.

    A masked number has the notation and the length of the original, but no three digits in a row of it; it is never an
    emergency number. `since` is the moment that times are told relative to.
    """

    def __init__(self, *, since: datetime, choice: Callable[[str], str] | None = None) -> None:
        self._since = since
        self._choice = choice or random.SystemRandom().choice
        self._numbers: dict[str, str] = {}
        self._words: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}

    def value(self, value: object, *, omit_defaults: bool = False) -> Any:
        """A value of the model as JSON values: attrs classes as objects, times as seconds since the start, all else masked."""
        return self._plain(value, Kind.TEXT, prefix="", omit_defaults=omit_defaults)

    def text(self, value: str, kind: Kind, *, prefix: str = "id") -> str:
        """One text, masked as what it is; an empty one stays empty."""
        if not value or kind is Kind.KEEP:
            return value
        masks: dict[Kind, Callable[[str], str]] = {
            Kind.NUMBER: self._number,
            Kind.NAME: self._name,
            Kind.ADDRESS: self._address,
            Kind.HOST: self._host,
            Kind.DIGITS: lambda text: "".join("0" if _is_digit(character) else "x" for character in text),
            Kind.ID: lambda text: self._word(text, "id", prefix),
            Kind.TEXT: lambda text: "x" * len(text),
        }
        return masks[kind](value)

    # -------------------------------------------------------------------------------------------------------------- shapes

    def _plain(self, value: object, kind: Kind, *, prefix: str, omit_defaults: bool) -> Any:
        cls: Any = type(value)
        if attrs.has(cls):
            return self._attributes(value, cls, omit_defaults=omit_defaults)
        match value:
            case Enum():
                return value.value
            case None | bool() | float():
                return value
            case int():
                return int(self._number(str(value))) if kind is Kind.NUMBER or abs(value) >= _LONG_INTEGER else value
            case str():
                return self.text(value, kind, prefix=prefix)
            case datetime():
                return round((value - self._since).total_seconds(), 3)
            case Path():
                return self.text(str(value), Kind.TEXT)
            case bytes():
                return "x" * len(value)
            case Mapping():
                return {
                    self.text(str(key), Kind.ID, prefix="key"): self._plain(
                        item, Kind.TEXT, prefix="", omit_defaults=omit_defaults
                    )
                    for key, item in value.items()
                }
            case tuple() | list() | set() | frozenset():
                return [self._plain(item, kind, prefix=prefix, omit_defaults=omit_defaults) for item in value]
        return f"({cls.__name__})"

    def _attributes(self, value: object, cls: Any, *, omit_defaults: bool) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for attribute in attrs.fields(cls):
            held = getattr(value, attribute.name)
            if omit_defaults and held == attribute.default:
                continue
            if not attribute.repr:  # declared as secret
                held = "" if isinstance(held, str) else None
            kind = _KINDS.get(attribute.name, Kind.TEXT)
            prefix = cls.__name__.lower() if attribute.name == "id" else attribute.name.removesuffix("_id")
            found[attribute.name] = self._plain(held, kind, prefix=prefix, omit_defaults=omit_defaults)
        return found

    # --------------------------------------------------------------------------------------------------------------- texts

    def _number(self, text: str) -> str:
        if "@" in text or _ADDRESS.match(text):
            return self._address(text)
        if text.casefold() in _ANONYMOUS:
            return text
        if not all(_is_digit(character) or character in _NOTATION for character in text):
            return self._word(text, "user", "user")
        digits = [character for character in text if _is_digit(character)]
        if len(digits) < 3:
            return text
        if len(digits) > _LONGEST_NUMBER:
            return "x" * len(text)
        masked = iter(self._digits("".join(digits)))
        return "".join(next(masked) if _is_digit(character) else character for character in text) + "".join(masked)

    def _digits(self, digits: str) -> str:
        """North American numbers keep the 1 in front of the rest, so that both notations get the same mask."""
        if len(digits) == 11 and digits.startswith("1"):
            return "1" + self._digits(digits[1:])
        if digits not in self._numbers:
            self._numbers[digits] = self._invent("1" + digits)
        return self._numbers[digits]

    def _invent(self, forbidden: str) -> str:
        taken = set(self._numbers.values())
        present = {forbidden[start : start + 3] for start in range(len(forbidden) - 2)}
        length = len(forbidden) - 1
        for attempt in range(2000):
            if attempt and attempt % 500 == 0:
                length += 1  # so many short numbers that all are taken
            made = "1"
            while len(made) <= length:
                fitting = [digit for digit in "23456789" if made[-2:] + digit not in present]
                if not fitting:
                    break
                made += self._choice("".join(fitting))
            made = made[1:]
            if len(made) == length and made not in taken and made not in EMERGENCY:
                return made
        raise RuntimeError("no mask was found for a number")

    def _name(self, text: str) -> str:
        if all(_is_digit(character) or character in _NOTATION for character in text):
            return self._number(text)  # a caller without a name is often named by the number
        if text.casefold() in _ANONYMOUS:
            return text
        return self._word(text, "name", "Name", between=" ").title()

    def _host(self, text: str) -> str:
        return f"{self._word(text, 'host', 'host')}.example"

    def _address(self, text: str) -> str:
        match = _ADDRESS.match(text)
        if match is None:
            user, at, host = text.rpartition("@")
            return f"{self._number(user)}@{self._host(host)}" if at and user and host else "x" * len(text)
        scheme, user, host = match[1].lower(), match[2], match[3]
        if scheme in {"tel", "callto"} and not user:
            return f"{scheme}:{self._number(host)}" if host and not _ADDRESS.match(host) else "x" * len(text)
        slashes = "//" if scheme.startswith(("http", "ws")) else ""
        known = self._number(user) + "@" if user and not _ADDRESS.match(user) else ""
        return f"{scheme}:{slashes}{known}{self._host(host)}" if host else "x" * len(text)

    def _word(self, text: str, space: str, prefix: str, *, between: str = "-") -> str:
        """A word for a text that means nothing: letters count, so that no digits of an original can come about."""
        key = space, " ".join(text.casefold().split())
        if key not in self._words:
            self._counts[space] = self._counts.get(space, 0) + 1
            self._words[key] = f"{prefix}{between}{_letters(self._counts[space])}"
        return self._words[key]


def _is_digit(character: str) -> bool:
    return character.isdigit() or character.isdecimal()


def _letters(number: int) -> str:
    """1 is a, 26 is z, 27 is aa."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("a") + rest) + letters
    return letters

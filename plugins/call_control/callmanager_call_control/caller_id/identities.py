"""The numbers a call can be placed with, and the rules which of them is for whom: text of Settings into values."""

from __future__ import annotations

import re
from typing import Final

import attrs
from callmanager.api import Account, Header, UserError, clean_target, format_number, is_emergency, plain

from callmanager_call_control.patterns import Pattern, PatternReader
from callmanager_call_control.patterns import complaint as pattern_complaint

LABEL_LIMIT: Final = 40
DEFAULT_WORD: Final = "default"
"""What a rule says for the extension's own number; no label can be that."""
_LINE: Final = re.compile(r"(?P<label>[^<>=]+?)\s*<(?P<number>[^<>]+)>")
_NUMBER: Final = re.compile(r"\+?[0-9]{2,20}")


@attrs.frozen(kw_only=True)
class Identity:
    """A number of the company under its label."""

    label: str
    number: str
    """As the PBX is told: digits, perhaps with a + in front."""

    @property
    def shown(self) -> str:
        return format_number(self.number)

    @property
    def line(self) -> str:
        """As Settings keep it."""
        return f"{self.label} <{self.number}>"


@attrs.frozen(kw_only=True)
class Rule:
    """Calls to whoever is meant by the pattern go out under this label; an empty one is the extension's own number."""

    pattern: Pattern
    label: str


def identity(label: str, number: str) -> Identity:
    """Raises `UserError` for what can't be one."""
    label = plain(label, limit=LABEL_LIMIT)
    if not label or any(sign in label for sign in "<>="):
        raise UserError("the label is missing" if not label else "a label has none of the signs < > =")
    if label.casefold() == DEFAULT_WORD:
        raise UserError(f"“{label}” is the word for the extension's own number")
    cleaned = clean_target(number)
    if not _NUMBER.fullmatch(cleaned) or is_emergency(cleaned):
        raise UserError(f"“{plain(number, limit=40)}” is not a number that can be shown to others")
    return Identity(label=label, number=cleaned)


def read_identity(line: str) -> Identity:
    """One line of the setting `numbers`, such as `Main office <+1 555 010 0100>`. Raises `UserError`."""
    match = _LINE.fullmatch(line.strip())
    if match is None:
        raise UserError("must look like Main office <+1 555 010 0100>")
    return identity(match["label"], match["number"])


def read_identities(lines: tuple[str, ...]) -> tuple[Identity, ...]:
    """Those that can be read, each label once: the first one counts."""
    found: dict[str, Identity] = {}
    for line in lines:
        try:
            one = read_identity(line)
        except UserError:
            continue
        found.setdefault(one.label.casefold(), one)
    return tuple(found.values())


def read_rules(lines: tuple[str, ...], reader: PatternReader) -> tuple[Rule, ...]:
    """The rules that can be read in this country."""
    found = []
    for line in lines:
        left, _, right = line.rpartition("=")
        label = plain(right, limit=LABEL_LIMIT)
        try:
            pattern = reader.pattern(left)
        except UserError:
            continue
        found.append(Rule(pattern=pattern, label="" if label.casefold() == DEFAULT_WORD else label))
    return tuple(found)


def line_complaint(line: str) -> str:
    """For the check of the setting `numbers`."""
    try:
        read_identity(line)
    except UserError as error:
        return error.text
    return ""


def rule_complaint(line: str) -> str:
    """For the check of the setting `rules`."""
    left, sign, right = line.rpartition("=")
    if not sign or not plain(right, limit=LABEL_LIMIT) or not left.strip():
        return "must look like +44* = London office, or 2001 = default"
    return pattern_complaint(left)


def header(chosen: Identity, *, account: Account, name: str) -> Header:
    """P-Asserted-Identity (RFC 3325 section 9.1) with this number at the PBX's domain."""
    host = f"[{account.server}]" if ":" in account.server else account.server
    address = f"<sip:{chosen.number}@{host}>"
    name = plain(name, limit=64).replace("\\", "\\\\").replace('"', '\\"')
    return Header(name="P-Asserted-Identity", value=f'"{name}" {address}' if name else address)

"""What the examination of a plugin found: each piece of evidence with the one thing to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

import attrs


class Level(Enum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@attrs.frozen(kw_only=True)
class Evidence:
    """`check` names what was looked at, `text` says what was seen, `action` what to do; lower-case clauses."""

    check: str
    level: Level
    text: str
    action: str = ""


def worst(evidence: Iterable[Evidence]) -> Level:
    """The level of the whole."""
    levels = {piece.level for piece in evidence}
    return next((level for level in (Level.FAILED, Level.WARNING) if level in levels), Level.OK)


def warning(check: str, text: str, action: str) -> Evidence:
    return Evidence(check=check, level=Level.WARNING, text=text, action=action)


def failed(check: str, text: str, action: str) -> Evidence:
    return Evidence(check=check, level=Level.FAILED, text=text, action=action)

"""Numbers of messages in one notation, so that one person's messages come into one conversation."""

import re
from typing import Final

from callmanager.texts import plain

_FORMATTING: Final = re.compile(r"[\s().\-/\u2010-\u2015\u2212]")
_NUMBER: Final = re.compile(r"\+?[0-9]{3,17}")
_NORTH_AMERICAN: Final = re.compile(r"(?:\+?1)?([2-9][0-9]{2}[2-9][0-9]{6})")
_LONGEST: Final = 40


def simple_notation(number: str) -> str:
    """E.164 notation for what can be told without knowing the country: what has a +, and ten digits of North America.

    Short codes stay as they are. What is no number at all (a sender's name) comes back as plain text.
    """
    shown = plain(number, limit=_LONGEST)
    bare = _FORMATTING.sub("", shown)
    if not _NUMBER.fullmatch(bare):
        return shown
    north_american = _NORTH_AMERICAN.fullmatch(bare)
    return f"+1{north_american.group(1)}" if north_american else bare


def can_be_texted(number: str) -> bool:
    """Whether messages can go to this normalised number; a sender's name has no way back."""
    return _NUMBER.fullmatch(number) is not None

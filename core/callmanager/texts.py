"""Make text from outside fit to be shown: plain, bounded, on one line or on several."""

import re
import unicodedata

_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def plain(text: str, *, limit: int = 120) -> str:
    """One line without control, format and direction-changing characters, at most `limit` characters.

    Bidirectional overrides are format characters (Unicode category Cf): dropping them keeps a caller from making one number
    look like another.
    """
    kept = "".join(
        " " if character in "\t\r\n" else character
        for character in text[: limit * 4]
        if character in "\t\r\n" or unicodedata.category(character) not in _INVISIBLE
    )
    kept = " ".join(kept.split())
    return kept if len(kept) <= limit else kept[: limit - 1] + "…"


_BREAKS = "\r\n|[\r\x0b\x0c\x85\u2028\u2029]"
_UNWANTED = (
    "[\x00-\x08\x0e-\x1f\x7f-\x9f"  # control characters but tab and newline
    "\xad\u200b\u2060-\u2064\ufeff"  # what can't be seen: soft hyphen, zero-width space, word joiner, byte order mark
    "\u202a-\u202e\u2066-\u206f"  # embedding, override and isolation of directions, and deprecated format characters
    "\ufff9-\ufffb\U000e0000-\U000e0fff"  # annotations, tags
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"  # halves of surrogate pairs, noncharacters
)
"""Compiled at first use, and kept by `re`: the start of the app does not need them."""


def plain_lines(text: str, *, limit: int = 4000) -> str:
    """Several lines without control and direction-changing characters, at most `limit` characters (a cut ends in "…").

    For what people write to each other, so unlike `plain` it keeps what their scripts and emoji are made of: joiners (U+200C,
    U+200D), direction marks (U+200E, U+200F), and characters younger than this Python's tables. Every notation of a line
    break becomes a newline, a tab a blank; blanks at the ends are dropped.
    """
    kept = re.sub(_UNWANTED, "", re.sub(_BREAKS, "\n", text[: limit * 4])).replace("\t", " ").strip()
    return kept if len(kept) <= limit else kept[: limit - 1] + "…"

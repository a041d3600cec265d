"""Make text from outside fit to be shown: plain, bounded, on one line."""

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

"""Numbers in any notation brought to one, so that two of them can be compared."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import attrs

SHORT: Final = 6
"""A bare number of at most so many digits is an extension or a service of the PBX: it is what it is, in every country."""
LAST_DIGITS: Final = 7
"""So many digits at the end must agree where one side has no country or area code."""

_KEPT = re.compile(r"[^0-9*#+]+")
_EXTENSION = re.compile(r"(?:;ext=|(?<![^\W\d_])(?:extension|extn?|x|poste|anexo|int)\.?[\s:]*)\d{1,7}\s*$", re.IGNORECASE)
_LABEL = re.compile(r"^[^\W\d]+[.:]?\s+|\s+\(?[^\W\d]+\)?$")
_LETTER = re.compile(r"[^\W\d_]")
_LINK = re.compile(r"^\s*(?:tel|callto|sips?):(?://)?", re.IGNORECASE)


@attrs.frozen
class NumberKey:
    """A number made comparable: `+` and the digits of ITU-T E.164 where the country is known, else the bare digits.

    `direct` is false for a number with an extension behind it: that is a switchboard's, which many people share.
    """

    text: str
    direct: bool = True

    @property
    def digits(self) -> str:
        return self.text.lstrip("+")

    @property
    def short(self) -> bool:
        return not self.text.startswith("+") and len(self.text) <= SHORT


class NumberReader:
    """Reads numbers as they are written in one country (ISO 3166 code); any thread. Takes about 30 us a number."""

    def __init__(self, region: str) -> None:
        import phonenumbers

        self.region = region if region in phonenumbers.SUPPORTED_REGIONS else "US"
        self.calling_code = str(phonenumbers.country_code_for_region(self.region))
        self._library = phonenumbers

    def read(self, text: str) -> NumberKey | None:
        """None for what has no digits. Never raises, whatever the text."""
        text = _LINK.sub("", text[:128]).partition("@")[0]
        if not text.isascii():  # digits of other scripts
            text = "".join(str(unicodedata.digit(one)) if one.isdigit() else one for one in unicodedata.normalize("NFKC", text))
        main = _EXTENSION.sub("", text)
        direct = main == text
        main = _LABEL.sub("", main.strip())
        if _LETTER.search(main):  # 1-800-FLOWERS, or the user part of a SIP address, which is no number
            key = self._international(main, self.region)
            return NumberKey(key, direct) if key else None
        bare = _KEPT.sub("", main)
        if not any(character.isdigit() for character in bare):
            return NumberKey(bare, direct) if bare and set(bare) <= set("*#") else None
        if "*" in bare or "#" in bare or ("+" not in bare and len(bare) <= SHORT):
            return NumberKey(bare.lstrip("+"), direct)
        digits = bare.lstrip("+").replace("+", "")
        international = bare.startswith("+")
        key = self._international(main, self.region)
        if key is None and not international and len(digits) >= 10:
            key = self._international(f"+{digits}", None)  # some PBXes drop the plus
        return NumberKey(key or (f"+{digits}" if international and len(digits) > SHORT else digits), direct)

    def _international(self, text: str, region: str | None) -> str | None:
        library = self._library
        try:
            number = library.parse(text, region)
        except library.NumberParseException:
            return None
        if library.is_possible_number_with_reason(number) != library.ValidationResult.IS_POSSIBLE:
            return None
        return str(library.format_number(number, library.PhoneNumberFormat.E164))


def end_agrees(one: str, other: str) -> bool:
    """Whether the shorter of two strings of digits is the end of the longer, and long enough to tell something."""
    one, other = one.lstrip("0"), other.lstrip("0")
    if len(one) > len(other):
        one, other = other, one
    return len(one) >= LAST_DIGITS and other.endswith(one)


def bare_digits(text: str) -> str:
    """The digits alone, as they were written."""
    return "".join(character for character in text if character.isascii() and character.isdigit())

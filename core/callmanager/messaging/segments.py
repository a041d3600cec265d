"""How many segments a text costs: the alphabets of SMS and their limits.

Source: 3GPP TS 23.038 section 6.2.1 (alphabets), 3GPP TS 23.040 section 9.2.3.24 (parts of a long message).
"""

from enum import Enum
from typing import Final

import attrs

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("\f^{}\\[~]|€")
"""Sent as an escape and a second septet, which never stand in two segments."""


class SmsEncoding(Enum):
    GSM_7 = "gsm-7"
    UCS_2 = "ucs-2"


_LIMITS: Final = {SmsEncoding.GSM_7: (160, 153), SmsEncoding.UCS_2: (70, 67)}
"""Units in a single message, and in each part of a longer one (a header of six octets joins the parts)."""


@attrs.frozen(kw_only=True)
class SegmentCount:
    """What a text costs. `characters` are units of the encoding: septets (€ counts two) or UTF-16 units (😀 counts two).

    `left_in_segment` is how many units still fit into the last segment. An empty text has no segment.
    """

    encoding: SmsEncoding
    characters: int
    segments: int
    left_in_segment: int


def segments(text: str) -> SegmentCount:
    """Count as a carrier does that uses the GSM alphabet where it can, and keeps escapes and surrogate pairs in one segment.

    National shift tables are not counted with, as carriers in North America don't use them.
    """
    encoding = SmsEncoding.GSM_7 if all(one in _BASIC or one in _EXTENDED for one in text) else SmsEncoding.UCS_2
    if encoding is SmsEncoding.GSM_7:
        widths = [2 if one in _EXTENDED else 1 for one in text]
    else:
        widths = [2 if ord(one) > 0xFFFF else 1 for one in text]
    single, part = _LIMITS[encoding]
    total = sum(widths)
    if total <= single:
        return SegmentCount(
            encoding=encoding, characters=total, segments=1 if text else 0, left_in_segment=single - total if text else single
        )
    count, used = 1, 0
    for width in widths:
        if used + width > part:
            count, used = count + 1, 0
        used += width
    return SegmentCount(encoding=encoding, characters=total, segments=count, left_in_segment=part - used)

"""G.711 mu-law and A-law by table (ITU-T G.711); samples are 16 bit, in `array("h")`."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def _expand_mulaw(code: int) -> int:
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84) << (code >> 4 & 0x07)
    return 0x84 - magnitude if code & 0x80 else magnitude - 0x84


def _expand_alaw(code: int) -> int:
    code ^= 0x55
    segment, magnitude = code >> 4 & 0x07, (code & 0x0F) << 4
    magnitude = magnitude + 8 if segment == 0 else (magnitude + 0x108) << (segment - 1)
    return magnitude if code & 0x80 else -magnitude


@attrs.frozen
class Law:
    """One companding law. `encode` takes the code whose value is nearest."""

    name: str
    payload_type: int
    silence: int
    """The code of zero."""
    _values: tuple[int, ...] = attrs.field(repr=False)
    _codes: bytes = attrs.field(repr=False)

    def encode(self, samples: Iterable[int]) -> bytes:
        # A negative index counts from the end, which is just where two's complement puts the negative samples.
        return bytes(map(self._codes.__getitem__, samples))

    def decode(self, payload: bytes) -> array[int]:
        return array("h", map(self._values.__getitem__, payload))


def _law(name: str, payload_type: int, expand: Callable[[int], int]) -> Law:
    values = tuple(expand(code) for code in range(256))
    by_value = sorted((value, code) for code, value in enumerate(values))
    codes = bytearray(65536)
    position = 0
    for sample in range(-32768, 32768):
        while position + 1 < 256 and by_value[position + 1][0] - sample <= sample - by_value[position][0]:
            position += 1
        codes[sample & 0xFFFF] = by_value[position][1]
    return Law(name, payload_type, codes[0], values, bytes(codes))


PCMU = _law("PCMU", 0, _expand_mulaw)
PCMA = _law("PCMA", 8, _expand_alaw)
LAWS = (PCMU, PCMA)
"""In the order in which the office offers them; the payload types are static (RFC 3551 section 6)."""

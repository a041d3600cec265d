"""Recognising tones in what was heard."""

from __future__ import annotations

import math
from collections.abc import Sequence


def share_of(frequency: float, samples: Sequence[int], *, rate: int = 8000) -> float:
    """How much of the energy is at one frequency, 0 to 1 (Goertzel)."""
    energy = sum(sample * sample for sample in samples)
    if energy == 0:
        return 0.0
    coefficient = 2 * math.cos(2 * math.pi * frequency / rate)
    before = last = 0.0
    for sample in samples:
        before, last = last, sample + coefficient * last - before
    power = last * last + before * before - coefficient * last * before
    return 2 * power / (len(samples) * energy)


def level_of(samples: Sequence[int]) -> float:
    """Root mean square in dBFS."""
    mean = sum(sample * sample for sample in samples) / max(1, len(samples))
    return 10 * math.log10(mean / 32768**2) if mean else -127.0

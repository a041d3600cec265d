"""Shorten or lengthen a stretch of sound by a few milliseconds without a click.

A cut of one pitch period between two places that look alike is not heard (the idea of overlap-add time scaling,
Verhelst and Roelands 1993). `find_lag` looks for such a place, `shortened` and `lengthened` do the cross-fade.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from callmanager_sip_engine.audio.frames import Samples, clipped

OVERLAP: Final = 64
"""Samples of cross-fade (4 ms)."""
MIN_LAG: Final = 40
MAX_LAG: Final = 160
"""Shortest and longest cut: 2.5 ms to 10 ms covers the pitch of voices from 100 to 400 Hz."""

_QUIET_RMS: Final = 100.0  # -50 dBFS: a cut in such background noise is inaudible wherever it is made
_FADE_IN: Final = ((np.arange(OVERLAP, dtype=np.float32) + 0.5) / OVERLAP).astype(np.float32)
_FADE_OUT: Final = (1.0 - _FADE_IN).astype(np.float32)


class Lag(NamedTuple):
    """A distance between two alike places; `score` is their normalised correlation, 1 is equal."""

    samples: int
    score: float


def find_lag(sound: Samples, *, longest: int = MAX_LAG, shortest: int = MIN_LAG) -> Lag | None:
    """The best lag at the beginning of `sound`; none when there is too little of it to look at."""
    longest = min(longest, len(sound) - OVERLAP)
    if longest < shortest:
        return None
    values = sound[: longest + OVERLAP].astype(np.float32)
    squares = np.cumsum(np.square(values), dtype=np.float64)
    if squares[-1] < _QUIET_RMS * _QUIET_RMS * len(values):
        return Lag(samples=longest, score=1.0)
    template = values[:OVERLAP]
    products = np.correlate(values[shortest:], template, "valid")
    ends = squares[shortest + OVERLAP - 1 :]
    energies = ends - squares[shortest - 1 : shortest - 1 + len(ends)]
    scores = products / np.sqrt(np.maximum(energies * squares[OVERLAP - 1], 1.0))
    best = int(np.argmax(scores))
    return Lag(samples=shortest + best, score=float(scores[best]))


def shortened(sound: Samples, lag: int) -> Samples:
    """`sound` without `lag` samples at its beginning; needs `lag + OVERLAP` samples."""
    joint = cross_faded(sound[:OVERLAP], sound[lag : lag + OVERLAP])
    return np.concatenate((joint, sound[lag + OVERLAP :]))


def lengthened(sound: Samples, lag: int) -> Samples:
    """`sound` with its first `lag` samples played twice; needs `lag + OVERLAP` samples."""
    joint = cross_faded(sound[lag : lag + OVERLAP], sound[:OVERLAP])
    return np.concatenate((sound[:lag], joint, sound[OVERLAP:]))


def cross_faded(before: Samples, after: Samples) -> Samples:
    count = min(len(before), len(after), OVERLAP)
    if count < OVERLAP:
        ramp: npt.NDArray[np.float32] = ((np.arange(count, dtype=np.float32) + 0.5) / max(count, 1)).astype(np.float32)
        return clipped(before[:count] * (1.0 - ramp) + after[:count] * ramp)
    return clipped(before[:OVERLAP] * _FADE_OUT + after[:OVERLAP] * _FADE_IN)

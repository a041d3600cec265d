"""The delay between two recordings of the same clock: chirps in, chirps out."""

import numpy as np
import numpy.typing as npt

RATE = 16_000
PERIOD = 1.0
"""Seconds from chirp to chirp; longer than any delay that is looked for, so none is taken for its neighbour."""
_LENGTH = 0.18
_CLEAR = 0.25

Samples = npt.NDArray[np.float64]


def chirp() -> Samples:
    """A sweep through the middle of the voice band; its autocorrelation has one sharp peak."""
    times = np.arange(round(_LENGTH * RATE)) / RATE
    sweep = np.sin(2 * np.pi * (500 * times + (2500 - 500) / (2 * _LENGTH) * times**2))
    shaped: Samples = 0.4 * sweep * np.hanning(len(times))
    return shaped


def chirps(seconds: float) -> Samples:
    one = chirp()
    track = np.zeros(round(seconds * RATE))
    for start in np.arange(0.2, seconds - _LENGTH, PERIOD):
        place = round(float(start) * RATE)
        track[place : place + len(one)] += one
    return track


def delays_ms(said: Samples, heard: Samples) -> list[float]:
    """For each chirp that was said, after how long it was heard; chirps that came out unclear are left out."""
    pattern = chirp()
    spoken, echoed = _matches(said, pattern), _matches(heard, pattern)
    delays = []
    step = round(PERIOD * RATE)
    for start in range(0, len(spoken) - step, step):
        place = start + int(spoken[start : start + step].argmax())
        window = echoed[place : place + step - len(pattern)]
        if spoken[place] < _CLEAR or len(window) < step // 2:
            continue
        found = int(window.argmax())
        if window[found] >= _CLEAR:
            delays.append(1000 * found / RATE)
    return delays


def _matches(sound: Samples, pattern: Samples) -> Samples:
    """Normalised correlation with the pattern at each place, 0 to 1, whatever the level."""
    size = 1 << (len(sound) + len(pattern)).bit_length()
    product = np.fft.rfft(sound, size) * np.conj(np.fft.rfft(pattern, size))
    raw = np.fft.irfft(product, size)[: len(sound)]
    squares = np.concatenate(([0.0], np.cumsum(sound**2)))
    ends = np.minimum(np.arange(len(sound)) + len(pattern), len(sound))
    energy = squares[ends] - squares[np.arange(len(sound))]
    floor = 1e-4 * len(pattern)  # silence matches nothing
    matches: Samples = np.abs(raw) / np.sqrt(np.maximum(energy, floor) * float(np.dot(pattern, pattern)))
    return matches

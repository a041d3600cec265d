"""What the office can play: clips, tones and silence, 8 kHz, 16 bit."""

from __future__ import annotations

import math
from array import array
from typing import Protocol

import attrs

from callmanager_demo.office.rtp import CLOCK_RATE

FULL_SCALE = 32767


class Sound(Protocol):
    """Something that plays once. `read` gives the next samples, fewer than asked for at the end, and none after it."""

    def read(self, count: int) -> array[int]: ...


class Clip:
    """Recorded samples."""

    def __init__(self, samples: array[int]) -> None:
        self._samples = samples
        self._position = 0

    def read(self, count: int) -> array[int]:
        start, self._position = self._position, self._position + count
        return self._samples[start : self._position]


class Silence:
    def __init__(self, seconds: float) -> None:
        self._left = int(seconds * CLOCK_RATE)

    def read(self, count: int) -> array[int]:
        taken = min(count, self._left)
        self._left -= taken
        return array("h", bytes(2 * taken))


class Tone:
    """One or more sines together, each at `level` dBFS; without `seconds` it does not end. Faded in and out over 5 ms, so
    that it doesn't click."""

    def __init__(self, *frequencies: float, level: float = -12.0, seconds: float | None = None) -> None:
        self._steps = [2 * math.pi * frequency / CLOCK_RATE for frequency in frequencies]
        self._amplitude = FULL_SCALE * 10 ** (level / 20)
        self._length = None if seconds is None else int(seconds * CLOCK_RATE)
        self._position = 0

    def read(self, count: int) -> array[int]:
        start, end = self._position, self._position + count
        if self._length is not None:
            end = min(end, self._length)
        self._position = end
        return array("h", (self._sample(index) for index in range(start, end)))

    def _sample(self, index: int) -> int:
        value = self._amplitude * sum(math.sin(step * index) for step in self._steps)
        fade = index if self._length is None else min(index, self._length - index)
        return round(max(-FULL_SCALE, min(FULL_SCALE, value * min(1.0, fade / 40))))


@attrs.define
class Sequence:
    """One sound after the other."""

    _sounds: list[Sound]

    def read(self, count: int) -> array[int]:
        samples: array[int] = array("h")
        while self._sounds and len(samples) < count:
            part = self._sounds[0].read(count - len(samples))
            if part:
                samples += part
            else:
                self._sounds.pop(0)
        return samples

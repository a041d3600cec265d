"""The music of the office: a small waltz, made note by note while it plays; composed for this product."""

from __future__ import annotations

import math
from array import array

import attrs

from callmanager_demo.office.rtp import CLOCK_RATE
from callmanager_demo.office.sounds import FULL_SCALE

_BEAT = CLOCK_RATE * 2 // 5
"""Samples to a beat: 150 beats a minute."""
_TABLE_SIZE = 1024
_CHORDS = (
    (48, 64, 67),  # C
    (45, 60, 64),  # A minor
    (41, 57, 60),  # F
    (43, 59, 62),  # G
    (48, 64, 67),  # C
    (52, 59, 64),  # E minor
    (41, 57, 60),  # F
    (43, 59, 65),  # G seventh
)
_MELODY = (
    (76, None, 79), (72, None, None), (69, 72, 77), (74, None, 71),
    (76, 79, 84), (83, None, 79), (81, 77, 72), (74, None, None),
)  # fmt: skip
"""One bar of three beats per chord; MIDI note numbers (69 is A at 440 Hz)."""


@attrs.define
class _Voice:
    step: float
    gain: float
    decay: float
    phase: float = 0.0


class Tune:
    """Plays without end. Each note is struck and dies away, like a music box; costs about 0.2 ms for 20 ms of music."""

    def __init__(self) -> None:
        partials = ((1, 1.0), (2, 0.35), (3, 0.12))
        self._table = [
            sum(level * math.sin(2 * math.pi * part * index / _TABLE_SIZE) for part, level in partials)
            for index in range(_TABLE_SIZE)
        ]
        self._voices: list[_Voice] = []
        self._beat = 0
        self._until_beat = 0

    def read(self, count: int) -> array[int]:
        mixed = array("h")
        while len(mixed) < count:
            if self._until_beat == 0:
                self._strike()
                self._until_beat = _BEAT
            taken = min(count - len(mixed), self._until_beat)
            self._until_beat -= taken
            mixed.extend(self._mix(taken))
        return mixed

    def _strike(self) -> None:
        bar, beat = divmod(self._beat, 3)
        bass, *upper = _CHORDS[bar % len(_CHORDS)]
        notes = [(bass, 0.16, 0.7)] if beat == 0 else [(note, 0.07, 0.35) for note in upper]
        melody = _MELODY[bar % len(_MELODY)][beat]
        if melody is not None:
            notes.append((melody, 0.18, 1.0))
        for note, gain, seconds in notes:
            frequency = 440.0 * 2 ** ((note - 69) / 12)
            # Down to a thousandth in so many seconds.
            decay = 0.001 ** (1 / (seconds * CLOCK_RATE))
            self._voices.append(_Voice(frequency * _TABLE_SIZE / CLOCK_RATE, gain * FULL_SCALE, decay))
        self._beat += 1

    def _mix(self, count: int) -> array[int]:
        total = [0.0] * count
        table = self._table
        for voice in self._voices:
            phase, gain, step, decay = voice.phase, voice.gain, voice.step, voice.decay
            for index in range(count):
                total[index] += gain * table[int(phase) % _TABLE_SIZE]
                phase += step
                gain *= decay
            voice.phase, voice.gain = phase % _TABLE_SIZE, gain
        self._voices = [voice for voice in self._voices if voice.gain > 20]
        return array("h", (round(max(-FULL_SCALE, min(FULL_SCALE, value))) for value in total))

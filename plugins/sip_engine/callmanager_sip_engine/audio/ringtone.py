"""The product's own ringtone: two soft notes in turn, in the American rhythm of two seconds on and four off."""

from typing import Final

import numpy as np

from callmanager_sip_engine.audio.frames import FULL_SCALE, RATE, Samples, clipped
from callmanager_sip_engine.audio.tones import SoundPlayer

RINGING_SECONDS: Final = 2.0
PAUSE_SECONDS: Final = 4.0

# A fifth apart (D5, A5), struck in turn like a marimba: few high partials, so it carries through an office
# without being shrill, and most of it is above 500 Hz, where small laptop speakers still sound.
_NOTES: Final = (587.33, 880.0)
_PARTIALS: Final = ((1.0, 1.0), (2.0, 0.22), (4.0, 0.08))
_STROKES: Final = 8
_DECAY_SECONDS: Final = 0.28
_ATTACK_SECONDS: Final = 0.006
_PEAK: Final = 0.5


def ringtone_sound() -> Samples:
    """One ring of two seconds; each note rings on under the next one."""
    total = round(RINGING_SECONDS * RATE)
    wave = np.zeros(total)
    for stroke in range(_STROKES):
        start = stroke * total // _STROKES
        note = _struck(_NOTES[stroke % len(_NOTES)], total - start)
        wave[start:] += note
    fade = round(0.03 * RATE)
    wave[-fade:] *= np.linspace(1.0, 0.0, fade)
    return clipped(wave * (_PEAK * FULL_SCALE / np.max(np.abs(wave))))


def _struck(frequency: float, count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    times = np.arange(count) / RATE
    wave = np.zeros(count)
    for multiple, weight in _PARTIALS:
        # Higher partials die sooner, as in wood.
        decay = np.exp(-times * multiple / _DECAY_SECONDS)
        wave += weight * decay * np.sin(2.0 * np.pi * frequency * multiple * times)
    return wave * np.minimum(1.0, times / _ATTACK_SECONDS)


def ringtone_player() -> SoundPlayer:
    return SoundPlayer(ringtone_sound(), pause=PAUSE_SECONDS)


def preview_player() -> SoundPlayer:
    return SoundPlayer(ringtone_sound(), pause=None)

"""Call progress tones and the feedback of the dial pad, as sound."""

from typing import Final

import attrs
import numpy as np

from callmanager_sip_engine.audio.frames import FULL_SCALE, RATE, Samples, clipped, silence
from callmanager_sip_engine.audio.values import Tone

_RAMP_SECONDS: Final = 0.004  # a tone that starts or ends abruptly clicks


@attrs.frozen(kw_only=True)
class Cadence:
    """Frequencies in Hz that sound together, level of each in dBFS, seconds on and off."""

    frequencies: tuple[float, ...]
    level: float
    on: float
    off: float


# ITU-T E.180 supplement 2 (United States). The plan says -19 dBm per ringback frequency and -24 for busy; on a
# headset -24 dBFS for each is the same impression next to speech at its usual -20.
CADENCES: Final[dict[Tone, Cadence]] = {
    Tone.RINGBACK: Cadence(frequencies=(440.0, 480.0), level=-24.0, on=2.0, off=4.0),
    Tone.BUSY: Cadence(frequencies=(480.0, 620.0), level=-24.0, on=0.5, off=0.5),
    Tone.CONGESTION: Cadence(frequencies=(480.0, 620.0), level=-24.0, on=0.25, off=0.25),
    Tone.CALL_WAITING: Cadence(frequencies=(440.0,), level=-18.0, on=0.3, off=9.7),
}

# ITU-T Q.23: row and column frequency of each key.
_ROWS: Final = (697.0, 770.0, 852.0, 941.0)
_COLUMNS: Final = (1209.0, 1336.0, 1477.0, 1633.0)
_KEYS: Final = "123A456B789C*0#D"
_DIGIT_SECONDS: Final = 0.12
_DIGIT_LEVEL: Final = -22.0


def sound_of(frequencies: tuple[float, ...], *, level: float, seconds: float) -> Samples:
    """Sines sounding together, each at `level` dBFS, with soft edges."""
    times = np.arange(round(seconds * RATE)) / RATE
    amplitude = FULL_SCALE * 10.0 ** (level / 20.0)
    wave = sum((np.sin(2.0 * np.pi * frequency * times) for frequency in frequencies), start=np.zeros(len(times)))
    wave *= amplitude * edges(len(times), ramp=round(_RAMP_SECONDS * RATE))
    return clipped(wave)


def edges(count: int, *, ramp: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """An envelope that rises and falls within `ramp` samples, along a raised cosine."""
    envelope = np.ones(count)
    ramp = min(ramp, count // 2)
    rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(ramp) + 0.5) / max(ramp, 1))
    envelope[:ramp] = rise
    envelope[count - ramp :] = rise[::-1]
    return envelope


def digit_sound(digit: str) -> Samples:
    """The two tones of a key; `ValueError` for what is no key."""
    place = _KEYS.find(digit.upper()) if len(digit) == 1 else -1
    if place < 0:
        raise ValueError(f"{digit!r:.20} is no DTMF digit, use 0-9, *, # or A-D")
    pair = (_ROWS[place // 4], _COLUMNS[place % 4])
    return sound_of(pair, level=_DIGIT_LEVEL, seconds=_DIGIT_SECONDS)


class SoundPlayer:
    """Hands out a sound piece by piece, repeated with a pause or once. Used by one thread at a time."""

    def __init__(self, sound: Samples, *, pause: float | None) -> None:
        self._sound = sound
        self._length = len(sound) + round((pause or 0.0) * RATE)
        self._repeats = pause is not None
        self._position = 0

    @property
    def ended(self) -> bool:
        return not self._repeats and self._position >= self._length

    def next(self, count: int) -> Samples:
        result = silence(count)
        done = 0
        while done < count and not self.ended:
            step = min(count - done, self._length - self._position)
            piece = self._sound[self._position : self._position + step]
            result[done : done + len(piece)] = piece
            done += step
            self._position += step
            if self._repeats and self._position == self._length:
                self._position = 0
        return result


def tone_player(tone: Tone) -> SoundPlayer:
    cadence = CADENCES[tone]
    sound = sound_of(cadence.frequencies, level=cadence.level, seconds=cadence.on)
    return SoundPlayer(sound, pause=cadence.off)


def digit_player(digit: str) -> SoundPlayer:
    return SoundPlayer(digit_sound(digit), pause=None)

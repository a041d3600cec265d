"""What is heard while no sound arrives: the last period of the voice, fading out, instead of a hole with two clicks."""

from collections import deque
from typing import Final

import numpy as np

from callmanager_sip_engine.audio.frames import Samples, clipped, silence
from callmanager_sip_engine.audio.splice import OVERLAP, cross_faded, find_lag

_MEMORY: Final = 320
_FADE_SAMPLES: Final = 480  # 30 ms; longer repetition sounds metallic


class Concealment:
    """Continues the sound that was last heard and joins it to what comes next. Confined to its owner's lock."""

    def __init__(self) -> None:
        self._heard: deque[Samples] = deque((silence(_MEMORY),))
        self._heard_count = _MEMORY
        self._period: Samples | None = None
        self._position = 0

    @property
    def audible(self) -> bool:
        return self._period is not None and self._position < _FADE_SAMPLES

    def heard(self, sound: Samples) -> None:
        """Remember sound that went out; it must not be changed afterwards. Put together only when a gap comes."""
        self._heard.append(sound)
        self._heard_count += len(sound)
        while self._heard_count - len(self._heard[0]) >= _MEMORY:
            self._heard_count -= len(self._heard.popleft())

    def make(self, count: int) -> Samples:
        """The next `count` samples of the continuation; silence once it has faded."""
        if self._period is None:
            # Time runs backwards here: the period is looked for at the end of what was heard.
            heard = np.concatenate(self._heard)[-_MEMORY:]
            lag = find_lag(heard[::-1])
            self._period = heard[-(lag.samples if lag else OVERLAP) :]
            self._position = 0
        if self._position >= _FADE_SAMPLES:
            return silence(count)
        places = np.arange(self._position, self._position + count)
        gains = np.maximum(0.0, 1.0 - places / _FADE_SAMPLES)
        self._position += count
        return clipped(self._period[places % len(self._period)].astype(np.float64) * gains)

    def joined(self, sound: Samples) -> Samples:
        """`sound` with its beginning faded in over the continuation, which ends with this."""
        if self._period is None:
            return sound
        count = min(OVERLAP, len(sound))
        start = cross_faded(self.make(count), sound[:count])
        self._period = None
        return np.concatenate((start, sound[count:]))

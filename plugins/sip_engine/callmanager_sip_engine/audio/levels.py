"""Loudness for the level bars and for `doctor`."""

import math
from collections import deque

import numpy as np

from callmanager_sip_engine.audio.frames import FRAME_SECONDS, FULL_SCALE, Samples

FLOOR_DBFS = -96.0
_WINDOW_SECONDS = 0.2


class LevelMeter:
    """RMS level of the last 200 ms. One thread feeds, any thread reads (a deque is copied under the interpreter lock)."""

    def __init__(self) -> None:
        self._powers: deque[float] = deque(maxlen=round(_WINDOW_SECONDS / FRAME_SECONDS))

    def feed(self, frame: Samples) -> None:
        if len(frame):
            values = frame.astype(np.float32)
            self._powers.append(float(np.dot(values, values)) / len(frame))

    def silent(self) -> None:
        self._powers.append(0.0)

    def dbfs(self) -> float:
        powers = self._powers.copy()
        power = sum(powers) / len(powers) if powers else 0.0
        if power <= 0.0:
            return FLOOR_DBFS
        return max(FLOOR_DBFS, 10.0 * math.log10(power / (FULL_SCALE * FULL_SCALE)))

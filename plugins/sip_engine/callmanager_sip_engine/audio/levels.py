"""Loudness for the level bars and for `doctor`."""

import math
from collections import deque

import numpy as np

from callmanager_sip_engine.audio.frames import FRAME_SECONDS, FULL_SCALE, Samples, silence

FLOOR_DBFS = -96.0
_WINDOW_SECONDS = 0.2
_SILENCE = silence(1)


class LevelMeter:
    """RMS level of the last 200 ms. One thread feeds, any thread reads (a deque is copied under the interpreter lock).

    Frames are kept as they come and looked at only when somebody asks; nobody may change them afterwards.
    """

    def __init__(self) -> None:
        self._frames: deque[Samples] = deque(maxlen=round(_WINDOW_SECONDS / FRAME_SECONDS))

    def feed(self, frame: Samples) -> None:
        if len(frame):
            self._frames.append(frame)

    def silent(self) -> None:
        self._frames.append(_SILENCE)

    def dbfs(self) -> float:
        frames = self._frames.copy()
        power = sum(map(_power, frames)) / len(frames) if frames else 0.0
        if power <= 0.0:
            return FLOOR_DBFS
        return max(FLOOR_DBFS, 10.0 * math.log10(power / (FULL_SCALE * FULL_SCALE)))


def _power(frame: Samples) -> float:
    values = frame.astype(np.float32)
    return float(np.dot(values, values)) / len(frame)

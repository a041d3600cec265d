"""The buffer between two clocks: a sound card's and the conference bridge's.

Both run at 16 kHz in name only; crystals differ by up to 200 ppm and threads are late now and then. A plain queue
would run empty or grow without end. This one watches the least it ever holds after being read: that floor is delay
that nobody needs. Above its target the buffer drops a pitch period, below it repeats one, at a place where it is not heard.
"""

import threading
from collections import deque
from typing import Final

import attrs
import numpy as np

from callmanager_sip_engine.audio.concealment import Concealment
from callmanager_sip_engine.audio.frames import RATE, Samples, silence
from callmanager_sip_engine.audio.splice import MAX_LAG, MIN_LAG, OVERLAP, find_lag, lengthened, shortened

_MILLISECOND: Final = RATE // 1000
_MARGIN: Final = 5 * _MILLISECOND
_SLACK: Final = _MARGIN // 2
_MAX_MARGIN: Final = 60 * _MILLISECOND
_HIGHEST_LEVEL: Final = 250 * _MILLISECOND
_LARGE_EXCESS: Final = 40 * _MILLISECOND
_STORE: Final = 4 * _HIGHEST_LEVEL
_BUCKET: Final = 100 * _MILLISECOND
_BUCKETS: Final = 20
_PATIENCE: Final = 300 * _MILLISECOND
_GOOD_SCORE: Final = 0.85


@attrs.frozen(kw_only=True)
class BufferStatistics:
    """Counts since the buffer was made; `level` and `margin` are samples."""

    level: int
    margin: int
    inserted: int
    removed: int
    underruns: int
    overruns: int

    @property
    def splices(self) -> int:
        return self.inserted + self.removed


class ElasticBuffer:
    """Joins a producer and a consumer whose clocks differ; delay stays near 5 ms above what their jitter needs.

    One thread puts, another gets; both only hold a short lock, neither waits for sound. `get` always returns as many samples as
    it was asked for: at the start silence until there is enough, after an underrun a concealed gap. An underrun raises the
    target level by what was missing (up to 60 ms); calm lowers it again, 60 ms in about a minute and a half.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._store: Samples = silence(_STORE)
        self._head = 0
        self._tail = 0
        self._priming = True
        self._margin = _MARGIN
        self._floors: deque[int] = deque(maxlen=_BUCKETS)
        self._floor = _STORE
        self._bucket_filled = 0
        self._waited = 0
        self._conceal = Concealment()
        self._largest_put = 0
        self._inserted = 0
        self._removed = 0
        self._underruns = 0
        self._overruns = 0

    def put(self, sound: Samples) -> None:
        with self._lock:
            sound = sound[-_HIGHEST_LEVEL:]
            self._append(sound)
            self._largest_put = max(self._largest_put, len(sound))
            if self._tail - self._head > _HIGHEST_LEVEL:
                # Nobody read for a long time; what piled up is history, the newest sound is what matters.
                self._overruns += 1
                self._keep_newest(self._margin + len(sound))

    def get(self, count: int) -> Samples:
        with self._lock:
            level = self._tail - self._head
            if self._priming:
                if level < count + self._margin:
                    return self._conceal.make(count)
                self._priming = False
                self._forget_floors()
                if level > count + self._margin + self._largest_put:
                    self._keep_newest(count + self._margin)
            elif level < count:
                return self._run_dry(count, level)
            else:
                self._control(count, level)
            sound = self._conceal.joined(self._take(count))
            self._conceal.heard(sound)
            return sound

    def statistics(self) -> BufferStatistics:
        with self._lock:
            return BufferStatistics(
                level=self._tail - self._head,
                margin=self._margin,
                inserted=self._inserted,
                removed=self._removed,
                underruns=self._underruns,
                overruns=self._overruns,
            )

    def _run_dry(self, count: int, level: int) -> Samples:
        self._underruns += 1
        self._margin = min(_MAX_MARGIN, self._margin + count - level)
        self._priming = True
        rest = self._take(level)
        if level:
            rest = self._conceal.joined(rest)
            self._conceal.heard(rest)
        return np.concatenate((rest, self._conceal.make(count - level)))

    def _control(self, count: int, level: int) -> None:
        spare = level - count
        self._floor = min(self._floor, spare)
        self._bucket_filled += count
        if self._bucket_filled >= _BUCKET:
            self._floors.append(self._floor)
            self._floor = spare
            self._bucket_filled = 0
            self._margin = max(_MARGIN, self._margin - 1)
        lowest = min(self._floor, min(self._floors, default=spare))
        calm = max(self._floors, default=self._margin)
        if calm < self._margin - _SLACK:
            self._splice(count, level, change=1)  # the consumer's clock is faster
        elif lowest < _SLACK:
            self._margin = min(_MAX_MARGIN, self._margin + _SLACK)  # jitter nearly emptied it: aim higher
        elif lowest > self._margin + _MARGIN and len(self._floors) >= _BUCKETS // 2:
            excess = lowest - self._margin
            if excess > _LARGE_EXCESS:
                self._jump(excess)
            else:
                self._splice(count, level, change=-1, longest=excess)
        else:
            self._waited = 0

    def _splice(self, count: int, level: int, *, change: int, longest: int = MAX_LAG) -> None:
        """Drop (-1) or repeat (+1) one period at the reading end, now if it is not heard there, else at the next good place."""
        sound = self._store[self._head : self._tail]
        lag = find_lag(sound[: MAX_LAG + OVERLAP], longest=max(MIN_LAG, min(longest, MAX_LAG)))
        if lag is None or (change < 0 and level - lag.samples < count):
            return
        self._waited += count
        if lag.score < _GOOD_SCORE and self._waited < _PATIENCE:
            return
        self._waited = 0
        reach = lag.samples + OVERLAP
        head = self._store[self._head : self._head + reach]
        changed = shortened(head, lag.samples) if change < 0 else lengthened(head, lag.samples)
        self._prepend(changed, replacing=reach)
        self._shift_floors(change * lag.samples)
        if change < 0:
            self._removed += 1
        else:
            self._inserted += 1

    def _jump(self, excess: int) -> None:
        reach = excess + OVERLAP
        self._prepend(shortened(self._store[self._head : self._head + reach], excess), replacing=reach)
        self._shift_floors(-excess)
        self._removed += 1

    def _shift_floors(self, change: int) -> None:
        """What the splice changed must not be seen as the clocks' doing."""
        self._floor += change
        self._floors = deque((floor + change for floor in self._floors), maxlen=_BUCKETS)

    def _forget_floors(self) -> None:
        self._floors.clear()
        self._floor = _STORE
        self._bucket_filled = 0
        self._waited = 0

    def _append(self, sound: Samples) -> None:
        if self._tail + len(sound) > _STORE:
            self._move_to(_STORE // 4)
        self._store[self._tail : self._tail + len(sound)] = sound
        self._tail += len(sound)

    def _prepend(self, sound: Samples, *, replacing: int) -> None:
        start = self._head + replacing - len(sound)
        if start < 0:
            self._move_to(_STORE // 4)
            start = self._head + replacing - len(sound)
        self._store[start : start + len(sound)] = sound
        self._head = start

    def _move_to(self, start: int) -> None:
        kept = self._store[self._head : self._tail].copy()
        self._head, self._tail = start, start + len(kept)
        self._store[self._head : self._tail] = kept

    def _take(self, count: int) -> Samples:
        sound = self._store[self._head : self._head + count].copy()
        self._head += count
        return sound

    def _keep_newest(self, count: int) -> None:
        reach = self._tail - self._head - count + OVERLAP
        self._prepend(shortened(self._store[self._head : self._head + reach], reach - OVERLAP), replacing=reach)
        self._forget_floors()

"""The buffer between two clocks: a sound card's and the conference bridge's.

Both run at 16 kHz in name only; crystals differ by up to 200 ppm and threads are late now and then. A plain queue
would run empty or grow without end. This one watches how much slack it has at least: how late the next sound could come
before a reader finds too little. Slack above the target is delay that nobody needs, and the buffer drops a pitch
period; below the target it repeats one; both at a place where it is not heard.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Final

import attrs
import numpy as np

from callmanager_sip_engine.audio.concealment import Concealment
from callmanager_sip_engine.audio.frames import RATE, Samples, silence
from callmanager_sip_engine.audio.splice import MAX_LAG, MIN_LAG, OVERLAP, find_lag, lengthened, shortened

_MILLISECOND: Final = RATE // 1000
_FIRST_MARGIN: Final = 3 * _MILLISECOND
_LEAST_MARGIN: Final = 2 * _MILLISECOND
_TOLERANCE: Final = _MILLISECOND
_MAX_MARGIN: Final = 60 * _MILLISECOND
_HIGHEST_LEVEL: Final = 250 * _MILLISECOND
_LARGE_EXCESS: Final = 40 * _MILLISECOND
_STORE: Final = 4 * _HIGHEST_LEVEL
_BUCKET: Final = 100 * _MILLISECOND
_BUCKETS: Final = 20
_CALM_BUCKETS: Final = 3  # a dip that is shorter is jitter, a longer one is drift
_DECAY_BUCKETS: Final = 4
_MAX_LESSON: Final = 20 * _MILLISECOND
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
    """Joins a producer and a consumer whose clocks differ; delay stays 2 to 5 ms above what their jitter needs.

    One thread puts, another gets; both only hold a short lock, neither waits for sound. `get` always returns as many samples as
    it was asked for: at the start silence until there is enough, after an underrun a concealed gap, which ends with the next
    sound. An underrun raises the target by how much too late that sound was and 2 ms (20 ms at once, 60 ms in all); calm
    lowers it again, 10 ms in a minute.
    """

    def __init__(self, *, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._store: Samples = silence(_STORE)
        self._head = 0
        self._tail = 0
        self._priming = True
        self._margin = _FIRST_MARGIN
        self._floors: deque[int] = deque(maxlen=_BUCKETS)
        self._floor = _STORE
        self._lowest = _STORE
        self._calm: int | None = None
        self._bucket_filled = 0
        self._waited = 0
        self._conceal = Concealment()
        self._gap = 0
        self._missing = 0
        self._dry_at = 0.0
        self._served = 0
        self._calm_buckets = 0
        self._last_put = 0
        self._put_at = 0.0
        self._inserted = 0
        self._removed = 0
        self._underruns = 0
        self._overruns = 0

    def put(self, sound: Samples) -> None:
        if not len(sound):
            return
        with self._lock:
            sound = sound[-_HIGHEST_LEVEL:]
            self._append(sound)
            self._last_put = len(sound)
            self._put_at = self._clock()
            if self._missing and self._tail - self._head >= self._missing:
                self._learn_from_gap()
            if self._tail - self._head > _HIGHEST_LEVEL:
                # Nobody read for a long time; what piled up is history, the newest sound is what matters.
                self._overruns += 1
                self._keep_newest(self._margin + len(sound))

    def get(self, count: int) -> Samples:
        with self._lock:
            self._served += count
            level = self._tail - self._head
            if self._priming:
                # What was concealed is slack already: a short gap need not be made longer to get some.
                late = 0 < self._gap <= _MAX_MARGIN
                level_wanted = count + self._margin + self._outstanding()
                if level < (count if late else level_wanted):
                    self._gap += count
                    return self._conceal.make(count)
                self._priming = False
                self._gap = self._missing = 0
                self._forget_floors()
                if level > level_wanted + MIN_LAG:
                    self._keep_newest(level_wanted)
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
        self._gap = self._missing = count - level
        self._dry_at = self._clock()
        self._priming = True
        rest = self._take(level)
        if level:
            rest = self._conceal.joined(rest)
            self._conceal.heard(rest)
        return np.concatenate((rest, self._conceal.make(count - level)))

    def _learn_from_gap(self) -> None:
        """What was missing is here: had it been allowed to come that late, nothing would have been heard of it."""
        late = round((self._clock() - self._dry_at) * RATE)
        # Not from the first second: a device fills its own buffer at the start, in one greedy gulp.
        if self._served > RATE and late <= _MAX_MARGIN:
            self._margin = min(_MAX_MARGIN, self._margin + min(late + _TOLERANCE * 2, _MAX_LESSON))
        self._missing = 0

    def _outstanding(self) -> int:
        """How much of the next lump is still to come.

        Sound comes in lumps. What of the next one should be there by now counts as present, the whole lump as missing; so
        drift shows sample by sample, and not as a lump that is suddenly not there.
        """
        return max(0, self._last_put - round((self._clock() - self._put_at) * RATE))

    def _control(self, count: int, level: int) -> None:
        slack = level - count - self._outstanding()
        self._floor = min(self._floor, slack)
        self._bucket_filled += count
        if self._bucket_filled >= _BUCKET:
            self._end_bucket()
        lowest = min(self._floor, self._lowest)
        if self._calm is not None and self._calm < self._margin - _TOLERANCE:
            self._splice(count, level, change=1)
        elif lowest > self._margin + 3 * _TOLERANCE and len(self._floors) >= _BUCKETS // 2:
            excess = lowest - self._margin
            if excess > _LARGE_EXCESS:
                self._jump(excess)
            else:
                self._splice(count, level, change=-1, longest=excess)
        else:
            self._waited = 0

    def _end_bucket(self) -> None:
        self._floors.append(self._floor)
        self._sum_up()
        self._calm_buckets += 1
        if self._calm_buckets % _DECAY_BUCKETS == 0:
            self._margin = max(_LEAST_MARGIN, self._margin - 1)
        self._floor = _STORE
        self._bucket_filled = 0

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
        self._sum_up()

    def _forget_floors(self) -> None:
        self._floors.clear()
        self._sum_up()
        self._floor = _STORE
        self._bucket_filled = 0
        self._waited = 0

    def _sum_up(self) -> None:
        self._lowest = min(self._floors, default=_STORE)
        self._calm = max(islice(reversed(self._floors), _CALM_BUCKETS), default=None)

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

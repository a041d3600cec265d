"""What a soak found, in figures."""

import math
from collections.abc import Sequence

import attrs

MEMORY_BUDGET_PERCENT = 1.0
REACHABLE_BUDGET_SECONDS = 3.0
_WARM_UP_SHARE = 0.2


@attrs.frozen(kw_only=True)
class Sample:
    """One process between two calls. Memory in MB (10^6 bytes); USS is what ends with the process alone."""

    pss_mb: float
    uss_mb: float
    files: int
    threads: int


@attrs.frozen(kw_only=True)
class Growth:
    """Memory after warm-up: where a straight line through all samples begins and ends."""

    begin_mb: float
    end_mb: float

    @property
    def percent(self) -> float:
        return 100 * (self.end_mb - self.begin_mb) / self.begin_mb if self.begin_mb else 0.0

    def as_json(self) -> dict[str, float]:
        return {"begin_mb": round(self.begin_mb, 3), "end_mb": round(self.end_mb, 3), "percent": round(self.percent, 3)}


@attrs.frozen(kw_only=True)
class CallFailure:
    """A call that went wrong: its number from one on, its kind, and what was waited for in vain."""

    number: int
    kind: str
    detail: str


@attrs.frozen(kw_only=True)
class Held:
    """The phase of simultaneous calls: how many were wanted, how many stood held, and why there were no more."""

    wanted: int
    held: int
    refusal: str


@attrs.frozen(kw_only=True)
class Cut:
    """Seconds from the plugged-in cable on; none for what did not come within the bound."""

    registered: float | None
    reached: float | None


@attrs.define(kw_only=True)
class Found:
    """Everything that one soak found, collected while it runs."""

    calls: int = 0
    failures: list[CallFailure] = attrs.field(factory=list)
    samples: dict[str, list[Sample]] = attrs.field(factory=dict)
    """By process; the first is from before the first call."""
    warm: dict[str, Sample] = attrs.field(factory=dict)
    """After one of everything: what is open then stays."""
    after: dict[str, Sample] = attrs.field(factory=dict)
    """When all was over and what fades had had its time."""
    held: Held | None = None
    cuts: list[Cut] = attrs.field(factory=list)
    channels_left: list[str] = attrs.field(factory=list)
    seconds: float = 0.0

    @property
    def well(self) -> bool:
        """No call and no cut failed, and no descriptor, thread or channel is left. Memory and times are reported only."""
        return not (self.failures or self.channels_left or self.left) and all(cut.reached is not None for cut in self.cuts)

    @property
    def left(self) -> list[str]:
        """Descriptors and threads that are there now and were not once warmed up."""
        found = []
        for process, now in self.after.items():
            warm = self.warm[process]
            found += [
                f"{now_count - before} {what} of the {process} process"
                for what, before, now_count in (("files", warm.files, now.files), ("threads", warm.threads, now.threads))
                if now_count > before
            ]
        return found

    def growth(self, process: str, kind: str) -> Growth:
        """`kind` is ``pss_mb`` or ``uss_mb``."""
        return fitted([getattr(sample, kind) for sample in warm_part(self.samples[process])])

    def p95(self, kind: str) -> float | None:
        """Of the cuts that were come back from; `kind` is ``registered`` or ``reached``."""
        times = [time for cut in self.cuts if (time := getattr(cut, kind)) is not None]
        return percentile(times, 95) if times else None


def warm_part(samples: Sequence[Sample]) -> Sequence[Sample]:
    """The last 80 %."""
    return samples[min(round(len(samples) * _WARM_UP_SHARE), len(samples) - 1) :]


def fitted(values: Sequence[float]) -> Growth:
    """The least-squares line through equally spaced values, at its two ends."""
    count = len(values)
    middle, mean = (count - 1) / 2, sum(values) / count
    spread = sum((i - middle) ** 2 for i in range(count))
    slope = sum((i - middle) * (value - mean) for i, value in enumerate(values)) / spread if spread else 0.0
    return Growth(begin_mb=mean - slope * middle, end_mb=mean + slope * middle)


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest rank: a value that was measured, never one in between."""
    return sorted(values)[max(math.ceil(len(values) * percent / 100) - 1, 0)]

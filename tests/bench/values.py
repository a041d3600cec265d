"""Measured figures: a series per key, and what it is compared with."""

import statistics

import attrs


@attrs.frozen(kw_only=True)
class Row:
    """One key of the table. `budget` is the design's own figure; `what` is for people who read the table."""

    key: str
    what: str
    budget: float


ROWS = (
    Row(key="launch_to_window_ms", what="launch to painted window, ms", budget=400),
    Row(key="launch_to_registered_ms", what="launch to registered, ms", budget=500),
    Row(key="memory_pss_mb", what="memory idle, all processes (PSS), MB", budget=150),
    Row(key="cpu_idle_percent", what="CPU idle, % of a core", budget=0.5),
    Row(key="cpu_call_percent", what="CPU in a call, % of a core", budget=5),
    Row(key="click_to_invite_ms", what="click to INVITE on the wire, ms", budget=10),
    Row(key="click_to_media_ms", what="click to media both ways, ms", budget=80),
    Row(key="invite_to_pop_ms", what="INVITE received to pop painted, ms", budget=100),
    Row(key="mouth_to_ear_ms", what="own part of mouth to ear, ms", budget=80),
    # The platform. A plugin of ours must not be felt at start, a round of screening not before the phone rings, and an event
    # not in a frame (16 ms) that brings a hundred of them; fifty foreign plugins may cost half of what is left of the 400 ms.
    Row(key="plugin_import_ms", what="import of the slowest built-in plugin, ms", budget=20),
    Row(key="foreign_plugins_ms", what="start with 50 foreign plugins, more than without, ms", budget=150),
    Row(key="event_us", what="one event to 100 subscribers, us", budget=100),
    Row(key="hook_us", what="one hook call with 20 plugins, us", budget=100),
)


@attrs.frozen(kw_only=True)
class Series:
    """The runs of one figure, in order."""

    values: tuple[float, ...]

    def as_json(self) -> dict[str, object] | None:
        """Median, extremes and each run; none where the side has no such figure."""
        if not self.values:
            return None
        rounded = [round(value, 3) for value in self.values]
        return {"median": round(self.median, 3), "min": min(rounded), "max": max(rounded), "runs": rounded}

    @property
    def median(self) -> float:
        return statistics.median(self.values)


@attrs.define
class Results:
    """The figures of one side, collected run by run."""

    name: str
    note: str = ""
    series: dict[str, list[float]] = attrs.field(factory=dict)

    def add(self, key: str, value: float | None) -> None:
        """One figure of one run; none is left out (the side has no window, say)."""
        if key not in {row.key for row in ROWS}:
            raise KeyError(key)
        if value is not None:
            self.series.setdefault(key, []).append(value)

    def get(self, key: str) -> Series:
        return Series(values=tuple(self.series.get(key, ())))

    def as_json(self) -> dict[str, object]:
        return {row.key: self.get(row.key).as_json() for row in ROWS}

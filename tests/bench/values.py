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
    # The platform. A round of screening must not be felt before the phone rings, nor an event in a frame (16 ms) that brings a
    # hundred of them. Fifty foreign plugins, more than any office will have, may cost 3 ms each, on top of the 400 ms
    # that a start with the window may take.
    Row(key="start_50_plugins_ms", what="start of the headless phone with 50 foreign plugins, ms", budget=550),
    Row(key="foreign_plugins_ms", what="of which for the 50 plugins, ms", budget=150),
    Row(key="event_us", what="one event to 100 subscribers, us", budget=100),
    Row(key="hook_us", what="one hook call with 20 plugins, us", budget=100),
)


PER_PLUGIN = Row(key="plugin_start_ms", what="import and activation of the plugin, ms", budget=20)
"""One row for each built-in plugin that was measured, `plugin_start_ms.<id>`: not to be felt in the 400 ms to the window."""


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
        if key not in {row.key for row in ROWS} and key.partition(".")[0] != PER_PLUGIN.key:
            raise KeyError(key)
        if value is not None:
            self.series.setdefault(key, []).append(value)

    def get(self, key: str) -> Series:
        return Series(values=tuple(self.series.get(key, ())))

    def rows(self) -> tuple[Row, ...]:
        """All rows, then one for each plugin that was measured."""
        measured = sorted(key for key in self.series if key.startswith(f"{PER_PLUGIN.key}."))
        plugins = (
            attrs.evolve(PER_PLUGIN, key=key, what=f"{PER_PLUGIN.what[:-4]} {key.partition('.')[2]}, ms") for key in measured
        )
        return (*ROWS, *plugins)

    def as_json(self) -> dict[str, object]:
        """Each figure by its key; `plugin_start_ms.<id>` for each plugin that was measured."""
        return {row.key: self.get(row.key).as_json() for row in self.rows()}

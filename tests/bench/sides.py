"""What every measured side is given: the PBX, the ears on its cable, and how long to watch."""

from pathlib import Path

import attrs
from pbx.bench import AsteriskPbx

from bench.values import Results
from bench.wire import Wire

ECHO = "600"
"""Answers at once and sends back what it hears."""
SETTLE_SECONDS = 3.0
"""After start and after an answer, before memory and processor time are read."""


@attrs.frozen(kw_only=True)
class Scene:
    """One benchmark: `folder` is scratch space, `cpu_seconds` how long processor time is counted."""

    pbx: AsteriskPbx
    wire: Wire
    folder: Path
    cpu_seconds: float


@attrs.frozen(kw_only=True)
class Run:
    """One run of one side. A figure of a warm-up is thrown away."""

    number: int
    results: Results
    counts: bool

    def add(self, key: str, value: float | None) -> None:
        if self.counts:
            self.results.add(key, value)

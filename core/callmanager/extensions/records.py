"""What is known about each plugin: its candidate, its state with the reason, and what belongs to it while it is active."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs

from callmanager.model.plugins import PluginRecord, PluginState

if TYPE_CHECKING:
    from callmanager.context import PluginContext
    from callmanager.extensions.discovery import Candidate


@attrs.define(eq=False, kw_only=True)
class PluginEntry:
    """The host's working copy; everybody else sees `record()`."""

    candidate: Candidate
    state: PluginState = PluginState.FOUND
    reason: str = ""
    error: str = ""
    final: bool = False
    faults: int = 0
    instance: Any = None
    context: PluginContext | None = None
    undos: list[Callable[[], None]] = attrs.Factory(list)

    @property
    def id(self) -> str:
        return self.candidate.id

    def record(self) -> PluginRecord:
        return PluginRecord(
            id=self.candidate.id,
            distribution=self.candidate.distribution,
            version=self.candidate.version,
            state=self.state,
            reason=self.reason,
            error=self.error,
        )

"""What is known about each plugin: its candidate, its state with the reason, and what belongs to it while it is active."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import attrs

from callmanager.extensions.declarations import Declaration, of_source
from callmanager.extensions.leftovers import Leftover, Package
from callmanager.extensions.permissions import Restrictions
from callmanager.model.plugins import PluginRecord, PluginState

if TYPE_CHECKING:
    import asyncio

    from callmanager.context import PluginContext
    from callmanager.extensions.discovery import Candidate

ADMINISTRATOR: Final = "Set by your administrator"
_WORKING: Final = frozenset({PluginState.FOUND, PluginState.ACTIVE, PluginState.FAILED})


@attrs.define(eq=False, kw_only=True)
class PluginEntry:
    """The host's working copy; everybody else sees `record()`."""

    candidate: Candidate
    restrictions: Restrictions = attrs.Factory(Restrictions)
    state: PluginState = PluginState.FOUND
    reason: str = ""
    decided: str = ""
    """Why it is on or off, whatever happened to it since."""
    error: str = ""
    final: bool = False
    """The site decided about it."""
    double: bool = False
    """Another plugin with this id was found before it."""
    faults: int = 0
    declaration: Declaration | None = None
    package: Package | None = None
    instance: Any = None
    context: PluginContext | None = None
    retired: list[PluginContext] = attrs.Factory(list)
    """Undone already, but not yet waited for."""
    switched_off: list[object] = attrs.Factory(list)
    """What it was, until what it left running has been looked for: a task that only it knows must not be collected first."""
    undos: list[Callable[[], None]] = attrs.Factory(list)
    left: list[Leftover] = attrs.Factory(list)
    threads_before: weakref.WeakSet[threading.Thread] = attrs.Factory(weakref.WeakSet)
    turn: asyncio.Lock | None = None

    @property
    def id(self) -> str:
        return self.candidate.id

    @property
    def installed(self) -> bool:
        """From a distribution with code of its own; not a class that a test has at hand."""
        return ":" in self.candidate.source

    def still_left(self) -> tuple[Leftover, ...]:
        """What it left, without what has ended by itself meanwhile."""
        self.left = [leftover for leftover in self.left if leftover.alive()]
        return tuple(self.left)

    def record(self) -> PluginRecord:
        if self.declaration is None:
            self.declaration = of_source(self.candidate.source, path=self.candidate.path)
        told, described = self.declaration, self.candidate.describe()
        declared, left = told.permissions, self.still_left()
        return PluginRecord(
            id=self.id,
            title=told.title or _title(self.id),
            summary=told.summary or described.summary,
            icon=told.icon,
            distribution=described.distribution,
            version=described.version,
            author=described.author,
            home_page=described.home_page,
            built_in=self.candidate.built_in,
            state=self.state,
            reason=self.reason,
            error=self.error,
            left=tuple(leftover.words for leftover in left if not leftover.ended),
            ended=tuple(leftover.words for leftover in left if leftover.ended),
            declared=declared,
            granted=None if declared is None else self.restrictions.apply(self.id, declared, built_in=self.candidate.built_in),
            wanted=not self.double and self.state in _WORKING,
            switch_note=ADMINISTRATOR if self.final else "Another plugin has the same name" if self.double else "",
        )


def _title(plugin_id: str) -> str:
    words = plugin_id.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]

"""Who wants to know of each change of something, such as a list that is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from callmanager.api import Unsubscribe


class Watchers:
    """Called in the order in which they came; one may come or go meanwhile. Loop thread only."""

    def __init__(self) -> None:
        self._watchers: list[Callable[[], None]] = []

    def add(self, watcher: Callable[[], None]) -> Unsubscribe:
        """Call it after each change; the undo may be called twice."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher) if watcher in self._watchers else None

    def tell(self) -> None:
        for watcher in tuple(self._watchers):
            watcher()

"""The place of the call engine while plugins come and go: it is never pulled away under a call."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from callmanager.errors import UserError

if TYPE_CHECKING:
    from callmanager.contributions import Owned
    from callmanager.engine.driver import EngineDriver
    from callmanager.engine.protocol import CallEngine


class EngineSeat:
    """Asked by the plugin host whenever it switches a plugin. Loop thread only.

    `in_call` says whether a call is under way.
    """

    def __init__(self, driver: EngineDriver, *, in_call: Callable[[], bool]) -> None:
        self._driver = driver
        self._in_call = in_call

    def check(self, plugin_id: str) -> None:
        """Raises `UserError` if this plugin's engine carries a call now."""
        if self._driver.owner == plugin_id and self._in_call():
            raise UserError(f"the plugin {plugin_id} carries the calls under way", "Hang up first, then try again.")

    async def leave(self, plugin_id: str) -> None:
        """End this plugin's engine in order: unregister, stop, and say that there is none. Nothing happens for the others."""
        if self._driver.owner == plugin_id:
            await self._driver.release()

    async def fill(self, find: Callable[[], Owned[CallEngine] | None]) -> None:
        """Take and start the engine that the plugins offer now, if there is none."""
        if self._driver.occupied:
            return
        provided = find()
        if provided is not None:
            self._driver.use(provided.value, owner=provided.plugin_id)
            await self._driver.start()

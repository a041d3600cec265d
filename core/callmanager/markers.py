"""The pluggy project name and the two markers; a leaf, so that the contract and every plugin can import it.

The smallest plugin is a class built with one argument, and one entry-point line in the group `callmanager.plugins`:

    class Hello:
        def __init__(self, ctx: PluginContext) -> None:
            self._ctx = ctx

        @hookimpl
        def callmanager_started(self) -> None:
            self._ctx.notices.post("hello")
"""

from typing import Final

import pluggy

PROJECT: Final = "callmanager"

hookspec: Final = pluggy.HookspecMarker(PROJECT)
hookimpl: Final = pluggy.HookimplMarker(PROJECT)

API_VERSION: Final = 1
"""Raised when something is added to `callmanager.api`; a plugin may state the lowest it needs as `requires_api`."""

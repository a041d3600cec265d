"""`CallEngine`: the seam. The app is tested against a fake of it, without Qt and without pjsua2."""

from collections.abc import Callable
from typing import Protocol

from callmanager.engine.commands import Command
from callmanager.engine.facts import Fact


class CallEngine(Protocol):
    """Makes calls for the app. All methods are called on the loop thread, and facts are delivered there.

    Facts are delivered in order. After `EngineStarted` the engine knows nothing: who drives it registers the accounts and
    configures the audio again; that is how a restarted engine heals.
    """

    def prepare(self) -> None:
        """Begin whatever takes time and needs no loop (a process, libraries), before the window is made. Must not block."""
        ...

    async def start(self, report: Callable[[Fact], None]) -> None:
        """Connect; `report` is called with every fact from now on, the first of them `EngineStarted`. Returns at once:
        an engine that can't start says so with `EngineStopped`."""
        ...

    def submit(self, command: Command) -> None:
        """Hand over a command. Never blocks, never raises for a command that can't be done: that is `CommandRefused`."""
        ...

    async def stop(self) -> None:
        """Hang up, unregister, end; returns when everything is gone. Idempotent."""
        ...

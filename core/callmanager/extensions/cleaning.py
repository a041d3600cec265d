"""Closing what belongs to a plugin that goes, and naming what it left running; always within a bounded time."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from callmanager.extensions.leftovers import Leftover, describe_task, tasks_of, threads_of, timers_of
from callmanager.tasks import LONGEST_WAIT

if TYPE_CHECKING:
    import asyncio

    from callmanager.extensions.records import PluginEntry

_log = logging.getLogger(__name__)

_THREAD_GRACE: Final = 1.0
_THREAD_GRACE_LAST: Final = 0.3
_LOOK_EVERY: Final = 0.02


class Cleaner:
    """Used by the host on the loop thread, while the loop runs."""

    def __init__(self) -> None:
        self._deadline: float | None = None

    def begin_last(self) -> None:
        """The phone ends: from now on all plugins share one time for their last words."""
        import asyncio

        self._deadline = asyncio.get_running_loop().time() + LONGEST_WAIT

    async def close(self, entry: PluginEntry) -> None:
        """Close all contexts of the plugin; a task that does not end is named and left behind."""
        import asyncio

        loop = asyncio.get_running_loop()
        while entry.retired:
            context = entry.retired.pop()
            wait = LONGEST_WAIT if self._deadline is None else max(0.0, self._deadline - loop.time())
            try:
                stubborn = await context.close(wait_seconds=wait)
            except Exception:  # noqa: BLE001 - the plugin goes all the same
                _log.exception("closing the plugin %s failed", entry.id, extra={"plugin": entry.id})
                continue
            self._keep(entry, [_of_task(task) for task in stubborn])

    async def look_for(self, entry: PluginEntry, *, shared: bool) -> None:
        """Look for what the plugin left running beside its context, after everything else was undone.

        Tasks and timers are ended, threads get a moment to end by themselves. Nothing is looked for while another active
        plugin has the same code.
        """
        if entry.package is not None and not shared:
            found = await self._end_in_loop(entry)
            self._keep(entry, [*found, *await self._threads([entry], grace=_THREAD_GRACE)])
        entry.switched_off.clear()

    async def look_for_all(self, entries: Iterable[PluginEntry]) -> None:
        """The same for all plugins at the end of the phone, within one moment for all."""
        everybody = list(entries)
        entries = [entry for entry in everybody if entry.package is not None]
        for entry in entries:
            self._keep(entry, await self._end_in_loop(entry))
        for entry in everybody:
            entry.switched_off.clear()
        await self._threads(entries, grace=_THREAD_GRACE_LAST)
        for entry in entries:
            self._keep(entry, _threads_left(entry))

    async def _end_in_loop(self, entry: PluginEntry) -> list[Leftover]:
        import asyncio

        assert entry.package is not None
        loop = asyncio.get_running_loop()
        known = {leftover.words for leftover in entry.left}
        found: list[Leftover] = []
        for handle, words in timers_of(entry.package, loop):
            handle.cancel()
            found.append(Leftover(words=words, ended=True))
        tasks = {task: words for task in tasks_of(entry.package, loop) if (words := describe_task(task)) not in known}
        for task in tasks:
            task.cancel()
        if tasks:
            ended, stubborn = await asyncio.wait(tasks, timeout=_THREAD_GRACE)
            found.extend(Leftover(words=tasks[task], ended=True) for task in ended)
            found.extend(_of_task(task) for task in stubborn)
        return found

    async def _threads(self, entries: list[PluginEntry], *, grace: float) -> list[Leftover]:
        """Wait until none is left or the time is over."""
        import asyncio

        loop = asyncio.get_running_loop()
        deadline = loop.time() + grace
        left = [leftover for entry in entries for leftover in _threads_left(entry)]
        while left and loop.time() < deadline:
            await asyncio.sleep(_LOOK_EVERY)
            left = [leftover for entry in entries for leftover in _threads_left(entry)]
        return left

    @staticmethod
    def _keep(entry: PluginEntry, found: Iterable[Leftover]) -> None:
        known = {leftover.words for leftover in entry.left}
        for leftover in found:
            if leftover.words not in known:
                entry.left.append(leftover)
                how = "; it was ended" if leftover.ended else " running"
                _log.warning("the plugin %s left %s%s", entry.id, leftover.words, how, extra={"plugin": entry.id})


def _threads_left(entry: PluginEntry) -> list[Leftover]:
    return [] if entry.package is None else threads_of(entry.package, known=entry.threads_before)


def _of_task(task: asyncio.Task[None]) -> Leftover:
    # a runner that ends waits for every task, so a task that ignores its cancellation holds the exit as well
    return Leftover(words=describe_task(task), alive=lambda: not task.done(), holds_exit=True)

"""The check for sources that tell of changes as they happen: presence, parking, voicemail."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from callmanager.errors import Unreachable
from callmanager.sources import ParkingSource, PresenceSource, VoicemailStore

LiveSource = PresenceSource | ParkingSource | VoicemailStore


async def check_live_source(
    source: LiveSource, *, told: Callable[[], Awaitable[None]], cut: Callable[[], Awaitable[None]], seconds: float = 10.0
) -> list[str]:
    """What is wrong with a presence source, a parking source or a voicemail store, in words; an empty list is a pass.

    The other end is in the caller's hands: `told` makes it tell of something new (and returns when it has been sent), `cut`
    breaks the connection. Checked: id and label are steady texts; the first run publishes by itself or after `told`; a cut
    ends the run with `Unreachable`, which is what lets the core retry; a second run works; cancelling ends a run at once and
    nothing is published afterwards.
    """
    complaints = _identity(source)
    first = _Run(source)
    await told()
    if not await first.published(seconds):
        complaints.append("nothing was published, though the other end has told of something")
    await cut()
    error = await first.ended(seconds)
    if not isinstance(error, Unreachable):
        complaints.append(f"a cut connection must raise Unreachable, not {error!r}: only then does the core try again")
    second = _Run(source)
    await told()
    if not await second.published(seconds):
        complaints.append("the run after a cut published nothing")
    if not await second.cancel(seconds):
        complaints.append("a cancelled run did not end")
    before = second.count
    await told()
    await asyncio.sleep(0)
    if second.count != before:
        complaints.append("something was published after the run was cancelled")
    return complaints


def _identity(source: LiveSource) -> list[str]:
    texts: list[object] = [source.id, source.label, source.id, source.label]
    fine = all(isinstance(text, str) and text for text in texts) and texts[:2] == texts[2:]
    return [] if fine else ["id and label must be steady texts that are not empty"]


class _Run:
    """One run of a source under observation."""

    def __init__(self, source: LiveSource) -> None:
        self.count = 0
        self._seen = asyncio.Event()
        self._task = asyncio.ensure_future(source.run(self._publish))

    def _publish(self, *_: object) -> None:
        self.count += 1
        self._seen.set()

    async def published(self, seconds: float) -> bool:
        seen = asyncio.ensure_future(self._seen.wait())
        await asyncio.wait([seen, self._task], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        seen.cancel()
        return self._seen.is_set()

    async def ended(self, seconds: float) -> BaseException | None:
        done, _ = await asyncio.wait([self._task], timeout=seconds)
        if not done:
            await self.cancel(seconds)
            return TimeoutError("it went on")
        return self._task.exception()

    async def cancel(self, seconds: float) -> bool:
        self._task.cancel()
        done, _ = await asyncio.wait([self._task], timeout=seconds)
        return bool(done)

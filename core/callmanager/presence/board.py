"""The last known presence of every handle; what a lost source said counts as unknown."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import attrs

from callmanager.events import PresenceChanged
from callmanager.model.presence import Handle, Presence, PresenceStatus
from callmanager.model.sources import SourceKind, SourceState
from callmanager.parties import checked_party
from callmanager.source_set import Collect, SourceGround, SourceSet
from callmanager.sources import PresenceSource
from callmanager.texts import plain

if TYPE_CHECKING:
    import asyncio

_log = logging.getLogger(__name__)

FLUSH_SECONDS: Final = 0.03
"""Changes of this long are told at once: twice a frame, so that a storm of a thousand a second costs thirty paints."""
_MOST_HANDLES: Final = 20_000
_HANDLE: Final = re.compile(r"[0-9A-Za-z*#+._\-]{1,64}")


class PresenceBoard:
    """Presence of all handles (protocol `Presences`). Loop thread only.

    Where several sources know a handle, the one that was there first is believed, unless it says unknown. Every change is
    published, many of them as one `PresenceChanged` after at most 30 ms; of several changes of one handle only the last counts,
    and none where the handle is back at what it was.
    """

    def __init__(self, ground: SourceGround, *, collect: Collect[PresenceSource]) -> None:
        self._bus = ground.bus
        self._sources: SourceSet[PresenceSource] = SourceSet(
            ground, kind=SourceKind.PRESENCE, collect=collect, work=self._follow, lost=self._forget
        )
        self._told: dict[str, dict[Handle, Presence]] = {}
        self._shown: dict[Handle, Presence] = {}
        self._touched: dict[Handle, None] = {}
        self._flush_timer: asyncio.TimerHandle | None = None
        self._refused: set[str] = set()

    # -------------------------------------------------------------------------------------------------------------- life

    def start(self) -> None:
        """Ask the sources of all active plugins from now on."""
        self._sources.start()

    async def close(self) -> None:
        """Give up all sources. Idempotent."""
        await self._sources.close()
        if self._flush_timer is not None:
            self._flush_timer.cancel()
            self._flush_timer = None

    # ------------------------------------------------------------------------------------------------------- what is known

    def get(self, handle: str) -> Presence:
        """The presence of an extension; unknown when nobody tells."""
        known = Handle(handle)
        return self._shown.get(known) or Presence(handle=known, status=PresenceStatus.UNKNOWN)

    def all(self) -> tuple[Presence, ...]:
        """All handles that are known now."""
        return tuple(self._shown.values())

    def sources(self) -> tuple[SourceState, ...]:
        """How each source is doing."""
        return self._sources.states()

    # ---------------------------------------------------------------------------------------------------------- internal

    async def _follow(self, source: PresenceSource) -> None:
        def publish(changes: Sequence[Presence]) -> None:
            self._take(source.id, changes)

        await source.run(publish)

    def _take(self, source_id: str, changes: Sequence[Presence]) -> None:
        table = self._told.setdefault(source_id, {})
        for change in changes:
            presence = _checked(change)
            if presence is None or (presence.handle not in table and len(table) >= _MOST_HANDLES):
                self._refuse(source_id)
                continue
            table[presence.handle] = presence
            self._touched[presence.handle] = None
        self._sources.succeeded(source_id)
        self._flush_soon()

    def _refuse(self, source_id: str) -> None:
        if source_id not in self._refused:
            self._refused.add(source_id)
            _log.warning("the source %s tells of handles that can't be used; they are left out, said once", source_id)

    def _forget(self, source_id: str) -> None:
        for handle in self._told.pop(source_id, {}):
            self._touched[handle] = None
        self._flush_soon()

    def _flush_soon(self) -> None:
        if self._touched and self._flush_timer is None:
            import asyncio

            self._flush_timer = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self._flush)

    def _flush(self) -> None:
        self._flush_timer = None
        touched, self._touched = self._touched, {}
        changed = []
        for handle in touched:
            before, after = self._shown.get(handle), self._believed(handle)
            if after is None:
                after = Presence(handle=handle, status=PresenceStatus.UNKNOWN)
                if before is None:
                    continue
                del self._shown[handle]
            elif after != before:
                self._shown[handle] = after
            if after != before:
                changed.append(after)
        if changed:
            self._bus.publish(PresenceChanged(changed=tuple(changed)))

    def _believed(self, handle: Handle) -> Presence | None:
        told = [table[handle] for table in self._told.values() if handle in table]
        return next((presence for presence in told if presence.status is not PresenceStatus.UNKNOWN), told[0] if told else None)


def _checked(presence: Presence) -> Presence | None:
    """The same with its text made plain and bounded; none for a handle that nobody can dial."""
    if not _HANDLE.fullmatch(presence.handle):
        return None
    party = presence.with_party
    if party is None and not presence.note:
        return presence
    return attrs.evolve(presence, note=plain(presence.note), with_party=None if party is None else checked_party(party))

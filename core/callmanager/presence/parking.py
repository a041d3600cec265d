"""The parked calls of every lot, as far as somebody tells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from callmanager.events import ParkingChanged
from callmanager.model.presence import ParkedCall
from callmanager.model.sources import SourceKind, SourceState
from callmanager.parties import checked_party
from callmanager.source_set import Collect, SourceGround, SourceSet
from callmanager.sources import ParkingSource
from callmanager.texts import plain

_MOST_LOTS: Final = 100
_MOST_CALLS: Final = 1000


class ParkingBoard:
    """Parked calls (protocol `Parking`). Loop thread only.

    A lot belongs to the source that told of it first. While that source is lost the lot is not known: its calls are shown to
    nobody, because they may be gone long since.
    """

    def __init__(self, ground: SourceGround, *, collect: Collect[ParkingSource]) -> None:
        self._bus = ground.bus
        self._sources: SourceSet[ParkingSource] = SourceSet(
            ground, kind=SourceKind.PARKING, collect=collect, work=self._follow, lost=self._forget
        )
        self._lots: dict[str, tuple[ParkedCall, ...]] = {}
        self._owners: dict[str, str] = {}

    def start(self) -> None:
        """Ask the sources of all active plugins from now on."""
        self._sources.start()

    async def close(self) -> None:
        """Give up all sources. Idempotent."""
        await self._sources.close()

    def lots(self) -> tuple[str, ...]:
        """The lots that somebody tells us about now, by name."""
        return tuple(sorted(self._lots))

    def calls(self) -> tuple[ParkedCall, ...]:
        """All parked calls, by lot and slot."""
        return tuple(call for lot in self.lots() for call in self._lots[lot])

    def sources(self) -> tuple[SourceState, ...]:
        """How each source is doing."""
        return self._sources.states()

    async def _follow(self, source: ParkingSource) -> None:
        def publish(lot: str, calls: Sequence[ParkedCall]) -> None:
            self._take(source.id, plain(lot, limit=80), calls)

        await source.run(publish)

    def _take(self, source_id: str, lot: str, calls: Sequence[ParkedCall]) -> None:
        if self._owners.get(lot, source_id) != source_id or (lot not in self._lots and len(self._lots) >= _MOST_LOTS):
            return
        self._owners[lot] = source_id
        checked = tuple(sorted((_checked(call, lot) for call in calls[:_MOST_CALLS]), key=_by_slot))
        self._sources.succeeded(source_id)
        if self._lots.get(lot) != checked:
            self._lots[lot] = checked
            self._bus.publish(ParkingChanged(lot=lot, calls=checked))

    def _forget(self, source_id: str) -> None:
        for lot in [lot for lot, owner in self._owners.items() if owner == source_id]:
            del self._owners[lot]
            del self._lots[lot]
            self._bus.publish(ParkingChanged(lot=lot, calls=(), known=False))


def _checked(call: ParkedCall, lot: str) -> ParkedCall:
    return attrs.evolve(
        call,
        lot=lot,
        slot=plain(call.slot, limit=20),
        caller=checked_party(call.caller),
        parked_by=None if call.parked_by is None else checked_party(call.parked_by),
        channel=plain(call.channel, limit=200),
    )


def _by_slot(call: ParkedCall) -> tuple[int, str]:
    return (int(call.slot), "") if call.slot.isascii() and call.slot.isdigit() else (0, call.slot)

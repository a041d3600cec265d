"""Calls of ours that ended by being parked, for as long as somebody may still tell what becomes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from callmanager.events import CallRemoved, ParkedCallChanged
from callmanager.model.calls import Call, CallId, EndCause, ParkedIn
from callmanager.texts import plain

if TYPE_CHECKING:
    from callmanager.bus import EventBus

_MOST: Final = 100


class ParkedCalls:
    """Remembers the last snapshots. Loop thread only. Made before all others who subscribe to `CallRemoved`, so that they can
    already tell more of the call."""

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self._ended: dict[CallId, Call] = {}
        bus.subscribe(CallRemoved, lambda event: self._removed(event.call))

    def show(self, call_id: CallId, parked: ParkedIn | None) -> bool:
        """Publish what has become of it; false for a call that is not one of these."""
        before = self._ended.get(call_id)
        if before is None:
            return False
        if parked != before.parked:
            call = self._ended[call_id] = attrs.evolve(before, parked=parked)
            if parked is None:
                del self._ended[call_id]
            self._bus.publish(ParkedCallChanged(call=call))
        return True

    def _removed(self, call: Call) -> None:
        if call.end is None or call.end.cause is not EndCause.PARKED:
            return
        while len(self._ended) >= _MOST:
            del self._ended[next(iter(self._ended))]
        self._ended[call.id] = call


def cleaned(parked: ParkedIn | None) -> ParkedIn | None:
    """The same as plain, bounded text."""
    return None if parked is None else ParkedIn(slot=plain(parked.slot, limit=20), lot=plain(parked.lot, limit=80))

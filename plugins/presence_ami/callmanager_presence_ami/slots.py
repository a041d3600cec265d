"""Which calls are parked where, followed through the events of the PBX. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Final

import attrs
from callmanager.api import ParkedCall, Party

from callmanager_presence_ami.fields import Parked
from callmanager_presence_ami.naming import Naming

_MOST: Final = 2000


@attrs.frozen(kw_only=True)
class _Slot:
    parked: Parked
    call: ParkedCall


class SlotTable:
    """Rows and events alike, the last one wins; a call that left is forgotten only if it is the one that is there."""

    def __init__(self, naming: Naming, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._naming = naming
        self._clock = clock
        self._slots: dict[tuple[str, str], _Slot] = {}

    def take(self, parked: Parked) -> None:
        """It is parked there."""
        key = parked.lot, parked.slot
        before = self._slots.get(key)
        if before is None and len(self._slots) >= _MOST:
            return
        if before is not None and before.parked.unique_id == parked.unique_id:
            return  # the row of a list and the event of the same call: the times of the first are as good
        self._slots[key] = _Slot(parked=parked, call=self._call(parked))

    def swap(self, parked: Parked) -> None:
        """Another channel has taken its place, with the same caller behind it: the times go on."""
        key = parked.lot, parked.slot
        before = self._slots.get(key)
        if before is None:
            self.take(parked)
            return
        call = attrs.evolve(self._call(parked), parked_at=before.call.parked_at, returns_at=before.call.returns_at)
        self._slots[key] = _Slot(parked=parked, call=call)

    def leave(self, parked: Parked) -> None:
        """It was fetched, gave up, or rings back."""
        key = parked.lot, parked.slot
        there = self._slots.get(key)
        if there is not None and there.parked.unique_id == parked.unique_id:
            del self._slots[key]

    def lots(self) -> set[str]:
        return {lot for lot, _ in self._slots}

    def calls(self, lot: str) -> tuple[ParkedCall, ...]:
        return tuple(slot.call for (name, _), slot in self._slots.items() if name == lot)

    def ours(self, lots: Collection[str]) -> tuple[str, ...]:
        return self._naming.our_lots(lots)

    def _call(self, parked: Parked) -> ParkedCall:
        now = self._clock()
        return ParkedCall(
            slot=parked.slot,
            lot=parked.lot,
            caller=parked.caller,
            parked_by=self._parker(parked.parker),
            parked_at=now - timedelta(seconds=parked.seconds),
            returns_at=None if parked.left is None else now + timedelta(seconds=parked.left),
            channel=parked.channel,
        )

    def _parker(self, device: str) -> Party | None:
        if not device:
            return None
        extension = self._naming.extension_of(device)
        return Party(number=extension) if extension else Party(number="", name=device)

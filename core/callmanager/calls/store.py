"""The calls there are now, as immutable snapshots; whoever looks reads once and then follows the events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from callmanager.events import CallAdded, CallChanged, CallRemoved
from callmanager.model.calls import Call, CallId, CallState

if TYPE_CHECKING:
    from callmanager.bus import EventBus


class CallStore:
    """Holds live calls, oldest first, and publishes every change of them. An ended call leaves at once."""

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self._calls: dict[CallId, Call] = {}

    def current(self) -> tuple[Call, ...]:
        return tuple(self._calls.values())

    def get(self, call_id: CallId) -> Call | None:
        return self._calls.get(call_id)

    def add(self, call: Call) -> None:
        """Raises `ValueError` for an id that is in use."""
        if call.id in self._calls:
            raise ValueError(f"the call {call.id} exists already")
        self._calls[call.id] = call
        self._bus.publish(CallAdded(call=call))

    def change(self, call_id: CallId, **changes: Any) -> Call | None:
        """Replace the snapshot and publish; none if the call is gone. Nothing is published when nothing differs."""
        before = self._calls.get(call_id)
        if before is None:
            return None
        after = attrs.evolve(before, **changes)
        if after == before:
            return before
        if after.state is CallState.ENDED:
            del self._calls[call_id]
        else:
            self._calls[call_id] = after
        self._bus.publish(CallChanged(before=before, after=after))
        if after.state is CallState.ENDED:
            self._bus.publish(CallRemoved(call=after))
        return after

"""The Park button of a call card, as a value."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from callmanager.api import Call, CallAction, CallState, TransferStage

if TYPE_CHECKING:
    from callmanager_call_control.parking.desk import ParkingDesk


def park_action(desk: "Callable[[], ParkingDesk]") -> CallAction:
    """Park the call in the next free slot, where anybody can fetch it."""

    async def run(call: Call) -> None:
        desk().park(call)

    return CallAction(
        id="parking.park",
        label="Park",
        icon="park",
        shortcut="Ctrl+P",
        order=50,
        run=run,
        available=_can_be_parked,
    )


def _can_be_parked(call: Call) -> bool:
    if call.state is not CallState.CONNECTED or call.conference or call.parked is not None:
        return False
    return call.transfer is None or call.transfer.stage is TransferStage.FAILED

"""The call actions as values: when each is offered, when it looks pressed, and what it asks of the core."""

from callmanager.api import Call, CallAction, Calls, CallState


def hold_action(calls: Calls) -> CallAction:
    """Hold and resume. Other calls are put on hold by the core when one is resumed."""

    async def run(call: Call) -> None:
        calls.set_held(call.id, held=not _now(calls, call).held)

    return CallAction(
        id="call_control.hold",
        label="Hold",
        checked_label="Resume",
        icon="pause",
        shortcut="Ctrl+H",
        order=10,
        run=run,
        available=_connected,
        checked=lambda call: call.held,
    )


def mute_action(calls: Calls) -> CallAction:
    """Mute and unmute the microphone for this call."""

    async def run(call: Call) -> None:
        calls.set_muted(call.id, muted=not _now(calls, call).muted)

    return CallAction(
        id="call_control.mute",
        label="Mute",
        checked_label="Unmute",
        icon="mic-off",
        shortcut="Ctrl+M",
        order=20,
        run=run,
        available=_connected,
        checked=lambda call: call.muted,
    )


def _connected(call: Call) -> bool:
    return call.state is CallState.CONNECTED


def _now(calls: Calls, call: Call) -> Call:
    """The present snapshot: the one that was clicked may be older than the last fact."""
    return calls.get(call.id) or call

"""The call actions as values: when each is offered, when it looks pressed, and what it asks of the core."""

from callmanager.api import ActionScope, Call, CallAction, CallPairAction, Calls, CallState


def call_actions(calls: Calls) -> list[CallAction]:
    """Hold, mute and swap; in a conference hold and mute are for all of it, or somebody would go on hearing us."""
    return [
        _hold(calls, ActionScope.CALL),
        _hold(calls, ActionScope.CONFERENCE),
        _mute(calls, ActionScope.CALL),
        _mute(calls, ActionScope.CONFERENCE),
        _swap(calls),
    ]


def pair_actions(calls: Calls) -> list[CallPairAction]:
    """Swap, for one card dropped on the other."""

    async def run(call: Call, other: Call) -> None:
        held = call if _now(calls, call).held else other
        calls.set_held(held.id, held=False)

    return [
        CallPairAction(
            id="call_control.swap",
            label=lambda call, other: f"Talk to {(call if call.held else other).remote.label}",
            icon="swap",
            order=30,
            run=run,
            available=lambda call, other: _connected(call) and _connected(other) and call.held != other.held,
        )
    ]


def _hold(calls: Calls, scope: ActionScope) -> CallAction:
    """Hold and resume. Other calls are put on hold by the core when one is resumed."""
    joint = scope is ActionScope.CONFERENCE

    async def run(call: Call) -> None:
        held = not _now(calls, call).held
        for each in _meant(calls, call, joint=joint):
            calls.set_held(each.id, held=held)

    return CallAction(
        id="call_control.hold_all" if joint else "call_control.hold",
        label="Hold all" if joint else "Hold",
        checked_label="Resume all" if joint else "Resume",
        icon="pause",
        shortcut="Ctrl+H",
        scope=scope,
        order=10,
        run=run,
        available=lambda call: _connected(call) and (joint or not call.conference) and not being_watched(call),
        checked=lambda call: call.held,
    )


def _mute(calls: Calls, scope: ActionScope) -> CallAction:
    """Mute and unmute the microphone for this call, or for the conference."""
    joint = scope is ActionScope.CONFERENCE

    async def run(call: Call) -> None:
        muted = not _now(calls, call).muted
        for each in _meant(calls, call, joint=joint):
            calls.set_muted(each.id, muted=muted)

    return CallAction(
        id="call_control.mute_all" if joint else "call_control.mute",
        label="Mute",
        checked_label="Unmute",
        icon="mic-off",
        shortcut="Ctrl+M",
        scope=scope,
        order=20,
        run=run,
        available=lambda call: _connected(call) and (joint or not call.conference),
        checked=lambda call: call.muted,
    )


def _swap(calls: Calls) -> CallAction:
    """Go on with the held call; with several of them, with the next one after this, so that all get their turn."""

    def following(call: Call) -> Call | None:
        there = [each for each in calls.current() if _connected(each) and not each.background]
        held = [each for each in there if each.held and each.id != call.id and not being_watched(each)]
        after = [each for each in held if each.created_at > call.created_at]
        return next(iter((*after, *held)), None)

    async def run(call: Call) -> None:
        other = following(_now(calls, call))
        if other is not None:
            calls.set_held(other.id, held=False)

    return CallAction(
        id="call_control.swap",
        label="Swap",
        icon="swap",
        shortcut="Ctrl+J",
        order=25,
        run=run,
        available=lambda call: call.talking and not call.conference and following(call) is not None,
    )


def _meant(calls: Calls, call: Call, *, joint: bool) -> list[Call]:
    return [each for each in calls.current() if each.conference] if joint else [call]


def _connected(call: Call) -> bool:
    return call.state is CallState.CONNECTED


def being_watched(call: Call) -> bool:
    """Its caller waits for somebody else just now; "Take back" is the way to resume it."""
    return call.transfer is not None and call.transfer.watched and call.transfer.under_way


def _now(calls: Calls, call: Call) -> Call:
    """The present snapshot: the one that was clicked may be older than the last fact."""
    return calls.get(call.id) or call

"""The buttons of a conference, as values: when each is offered and what it does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from callmanager.api import (
    ActionScope,
    Call,
    CallAction,
    CallPairAction,
    CallPurpose,
    CallState,
    Choice,
    Emphasis,
)

from callmanager_call_control.words import label_of

if TYPE_CHECKING:
    from callmanager.api import UiKit
    from PySide6.QtWidgets import QWidget

    from callmanager_call_control.conference.desk import ConferenceDesk

CONNECT, END = "connect", "end"


def call_actions(desk: Callable[[], ConferenceDesk]) -> list[CallAction]:
    """In the order of the card, then those of the conference's head. `desk` is asked for when there is a call."""

    async def show(kit: UiKit, card: QWidget, call: Call) -> None:
        from callmanager_call_control.panel import pick_target

        title = f"Call somebody to join {label_of(call)}"
        choices = (Choice(id="call", label="Call to join", icon="conference"),)
        picked = await pick_target(kit, card, title=title, targets=desk().targets(call), choices=choices)
        if picked is not None:
            desk().invite(call, picked[0])

    async def merge(call: Call) -> None:
        desk().merge(call)

    async def split(call: Call) -> None:
        desk().split(call)

    async def leave(kit: UiKit, card: QWidget, _call: Call) -> None:
        members = desk().members()
        if len(members) != 2:
            if await kit.confirm(
                card,
                title="End the conference for everybody?",
                text="More than two calls can't be connected without you: all of them end.",
                action="End all calls",
                destructive=True,
            ):
                desk().end()
            return
        one, other = members
        answer = await kit.choose(
            card,
            title="Leave the conference",
            text=f"{label_of(one)} and {label_of(other)} can go on without you.",
            choices=(
                Choice(id=CONNECT, label="Connect the other two", icon="transfer"),
                Choice(id=END, label="End both calls", icon="phone-down", destructive=True),
            ),
        )
        if answer == CONNECT:
            desk().connect(one, other)
        elif answer == END:
            desk().end()

    def invited(call: Call) -> bool:
        return call.purpose is CallPurpose.CONFERENCE and call.talking

    def alone(call: Call) -> bool:
        free = desk().ready(call) and not call.conference
        return free and not desk().can_merge(call) and not desk().waiting_for(call)

    return [
        CallAction(
            id="conference.merge_invited",
            label="Merge",
            icon="conference",
            shortcut="Ctrl+Shift+M",
            order=6,
            emphasis=Emphasis.MAIN,
            run=merge,
            available=lambda call: invited(call) and desk().can_merge(call),
        ),
        CallAction(
            id="conference.merge",
            label="Merge",
            icon="conference",
            shortcut="Ctrl+Shift+M",
            order=40,
            run=merge,
            available=lambda call: not invited(call) and desk().can_merge(call),
        ),
        CallAction(
            id="conference.invite",
            label="Conference",
            icon="conference",
            shortcut="Ctrl+Shift+M",
            order=40,
            show=show,
            available=alone,
        ),
        CallAction(
            id="conference.split",
            label="Talk in private",
            icon="split",
            order=30,
            run=split,
            available=lambda call: call.conference and call.state is CallState.CONNECTED,
        ),
        CallAction(
            id="conference.add",
            label="Add",
            icon="plus",
            shortcut="Ctrl+Shift+M",
            scope=ActionScope.CONFERENCE,
            order=30,
            show=show,
            available=lambda call: not call.held and not desk().outsiders(),
        ),
        CallAction(
            id="conference.part",
            label="Split",
            icon="split",
            scope=ActionScope.CONFERENCE,
            order=40,
            run=split,
            available=lambda _call: True,
        ),
        CallAction(
            id="conference.leave",
            label="Leave",
            icon="phone-down",
            scope=ActionScope.CONFERENCE,
            emphasis=Emphasis.ENDING,
            order=90,
            show=leave,
            available=lambda _call: True,
        ),
    ]


def pair_actions(desk: Callable[[], ConferenceDesk]) -> list[CallPairAction]:
    """For one card dropped on another."""

    async def join(call: Call, other: Call) -> None:
        desk().join(call, other)

    def possible(call: Call, other: Call) -> bool:
        return desk().ready(call) and desk().ready(other) and not (call.conference and other.conference)

    return [
        CallPairAction(
            id="conference.join",
            label=lambda call, other: f"Merge {label_of(call)} and {label_of(other)} into a conference",
            icon="conference",
            order=20,
            run=join,
            available=possible,
        )
    ]

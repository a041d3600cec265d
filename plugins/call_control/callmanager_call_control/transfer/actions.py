"""The buttons of a transfer, as values: when each is offered and what it does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from callmanager.api import (
    Call,
    CallAction,
    CallPairAction,
    CallPurpose,
    CallState,
    Choice,
    Contact,
    ContactAction,
    Emphasis,
    UserError,
)

from callmanager_call_control.actions import being_watched
from callmanager_call_control.words import label_of

if TYPE_CHECKING:
    from callmanager.api import Calls, UiKit
    from PySide6.QtWidgets import QWidget

    from callmanager_call_control.transfer.desk import TransferDesk

NOW, ASK = "now", "ask"
CHOICES = (
    Choice(id=NOW, label="Transfer now", icon="transfer"),
    Choice(id=ASK, label="Ask first", icon="phone"),
)


def call_actions(desk: Callable[[], TransferDesk]) -> list[CallAction]:
    """In the order of the card. `desk` is asked for when there is a call, so that launching need not wait for it."""

    def transferable(call: Call) -> bool:
        consulting = call.purpose is CallPurpose.CONSULTATION and desk().pair(call) is not None
        return call.state is CallState.CONNECTED and not call.transferring and not call.conference and not consulting

    def consultation(call: Call) -> bool:
        pair = desk().pair(call)
        return pair is not None and not pair[0].transferring and not call.conference

    def answered(call: Call) -> bool:
        pair = desk().pair(call)
        return consultation(call) and pair is not None and pair[1].state is CallState.CONNECTED

    async def show(kit: UiKit, card: QWidget, call: Call) -> None:
        from callmanager_call_control.panel import pick_target

        title = f"Transfer {label_of(call)}"
        picked = await pick_target(kit, card, title=title, targets=desk().targets(call), choices=CHOICES)
        if picked is not None:
            target, choice = picked
            (desk().now if choice == NOW else desk().ask_first)(call, target)

    async def take_back(call: Call) -> None:
        desk().take_back(call)

    async def complete(call: Call) -> None:
        desk().complete(call)

    async def back(call: Call) -> None:
        desk().back(call)

    return [
        CallAction(
            id="transfer.complete",
            label="Complete transfer",
            icon="transfer",
            shortcut="Ctrl+T",
            order=5,
            emphasis=Emphasis.MAIN,
            run=complete,
            available=lambda call: answered(call) and call.purpose is CallPurpose.CONSULTATION,
        ),
        CallAction(
            id="transfer.complete_from_caller",
            label="Complete transfer",
            icon="transfer",
            order=31,
            run=complete,
            available=lambda call: answered(call) and call.purpose is not CallPurpose.CONSULTATION,
        ),
        CallAction(
            id="transfer.take_back",
            label="Take back",
            icon="arrow-left",
            shortcut="Ctrl+T",
            order=5,
            emphasis=Emphasis.MAIN,
            run=take_back,
            available=being_watched,
        ),
        CallAction(
            id="transfer.back",
            label="Back to caller",
            icon="arrow-left",
            order=7,
            run=back,
            available=lambda call: consultation(call) and call.purpose is CallPurpose.CONSULTATION,
        ),
        CallAction(
            id="transfer.transfer",
            label="Transfer",
            icon="transfer",
            shortcut="Ctrl+T",
            order=30,
            show=show,
            available=transferable,
        ),
    ]


def pair_actions(calls: Calls) -> list[CallPairAction]:
    """For one card dropped on another."""

    def possible(call: Call, other: Call) -> bool:
        connected = call.state is CallState.CONNECTED and other.state is CallState.CONNECTED
        return connected and not call.transferring and not other.transferring and not (call.conference or other.conference)

    async def connect(call: Call, other: Call) -> None:
        calls.transfer_to(call.id, other.id)

    return [
        CallPairAction(
            id="transfer.connect",
            label=lambda call, other: f"Connect {label_of(call)} with {label_of(other)}",
            icon="transfer",
            order=10,
            run=connect,
            available=possible,
        )
    ]


def contact_actions(calls: Calls) -> list[ContactAction]:
    """In a person's menu, while there is a call to hand over."""

    def active() -> Call | None:
        fit = [call for call in calls.current() if call.state is CallState.CONNECTED and not call.transferring]
        fit = [call for call in fit if not call.background and not call.conference]
        talking = [call for call in fit if call.talking]
        return next(iter((*talking, *(fit if len(fit) == 1 else ()))), None)

    async def transfer_here(contact: Contact) -> None:
        call = active()
        number = number_of(contact)
        if call is None or not number:
            raise UserError("there is no call to transfer")
        calls.hand_over(call.id, number, name=contact.name)

    return [
        ContactAction(
            id="transfer.here",
            label="Transfer the call here",
            icon="transfer",
            order=30,
            run=transfer_here,
            available=lambda contact: active() is not None and bool(number_of(contact)),
        )
    ]


def number_of(contact: Contact) -> str:
    """What is called for a person: the extension, else the first number."""
    return contact.extension or next((number.number for number in contact.numbers), "")

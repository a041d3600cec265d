"""The dialog in which somebody is chosen to take a call, or to join one: its rows, made of targets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from callmanager.api import CallAdded, CallRemoved, Choice, ContactsChanged, PickRow, PresenceChanged, format_number

if TYPE_CHECKING:
    from callmanager.api import UiKit
    from PySide6.QtWidgets import QWidget

    from callmanager_call_control.targets import Target, Targets


async def pick_target(
    kit: UiKit, card: QWidget, *, title: str, targets: Targets, choices: Sequence[Choice]
) -> tuple[Target, str] | None:
    """The target and the id of the choice; none when the dialog was closed."""
    found: dict[str, Target] = {}

    def search(query: str) -> list[PickRow]:
        rows = targets.find(query)
        found.update((target.key, target) for target in rows)
        return [_row(target) for target in rows]

    picked = await kit.pick(
        card,
        title=title,
        placeholder="Name or number",
        search=search,
        choices=choices,
        nothing="Nobody fits. A whole number can be called even if nobody here knows it.",
        follow=(PresenceChanged, CallAdded, CallRemoved, ContactsChanged),
    )
    return None if picked is None else (found[picked.row.key], picked.choice)


def _row(target: Target) -> PickRow:
    number = format_number(target.number) if target.name else ""
    return PickRow(
        key=target.key,
        title=target.label,
        detail=" · ".join(filter(None, (number, target.kind, target.company))),
        note="as typed" if target.typed and target.status is None else target.note,
        icon="keypad" if target.typed else "",
        person=target.person or target.number,
        status=target.status,
    )

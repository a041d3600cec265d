"""Call actions that plugins contribute, made safe for the cards: sorted, contained, with their owner's name."""

from collections.abc import Callable, Sequence
from typing import Protocol

import attrs
from callmanager.api import Call, CallAction

from callmanager_shell.slots import ReportFault


class OwnedAction(Protocol):
    """As `Application.call_actions()` gives them."""

    @property
    def plugin_id(self) -> str: ...
    @property
    def value(self) -> CallAction: ...


@attrs.frozen(kw_only=True)
class ActionState:
    """What to show for one action and one snapshot."""

    key: str
    plugin_id: str
    action: CallAction
    checked: bool

    @property
    def label(self) -> str:
        return self.action.checked_label if self.checked and self.action.checked_label else self.action.label


class CallActions:
    """Asks `available` and `checked`; one that raises counts as not available and is reported once."""

    def __init__(self, source: Callable[[], Sequence[OwnedAction]], *, report_fault: ReportFault) -> None:
        self._source = source
        self._report_fault = report_fault
        self._blamed: set[str] = set()
        self._actions: list[OwnedAction] = []
        self.reload()

    def reload(self) -> None:
        """After `ContributionsChanged`."""
        self._actions = sorted(self._source(), key=lambda owned: (owned.value.order, owned.value.id))
        self._blamed &= {f"{owned.plugin_id}/{owned.value.id}" for owned in self._actions}

    def all(self) -> tuple[OwnedAction, ...]:
        return tuple(self._actions)

    def states(self, call: Call) -> list[ActionState]:
        """The actions that make sense for the call now, in order."""
        states = []
        for owned in self._actions:
            key = f"{owned.plugin_id}/{owned.value.id}"
            try:
                if not owned.value.available(call):
                    continue
                checked = bool(owned.value.checked(call))
            except Exception as error:  # noqa: BLE001 - a foreign plugin's bug must not empty the card
                if key not in self._blamed:
                    self._blamed.add(key)
                    self._report_fault(error, owner=owned.plugin_id, doing=f"asking whether “{owned.value.label}” is available")
                continue
            states.append(ActionState(key=key, plugin_id=owned.plugin_id, action=owned.value, checked=checked))
        return states

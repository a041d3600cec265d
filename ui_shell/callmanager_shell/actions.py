"""Call actions that plugins contribute, made safe for the cards: sorted, contained, with their owner's name."""

from collections.abc import Callable, Sequence
from typing import Protocol

import attrs
from callmanager.api import Call, CallAction

from callmanager_shell.asking import Asking


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
    """Asks `available` and `checked` of every action."""

    def __init__(self, source: Callable[[], Sequence[OwnedAction]], *, asking: Asking) -> None:
        self._source = source
        self._asking = asking
        self._actions: list[OwnedAction] = []
        self.reload()

    def reload(self) -> None:
        """After `ContributionsChanged`."""
        self._actions = sorted(self._source(), key=lambda owned: (owned.value.order, owned.value.id))

    def all(self) -> tuple[OwnedAction, ...]:
        return tuple(self._actions)

    def states(self, call: Call) -> list[ActionState]:
        """The actions that make sense for the call now, in order."""
        states = []
        for owned in self._actions:
            checked: list[bool] = []

            def ask(owned: OwnedAction = owned, checked: list[bool] = checked) -> bool:
                if not owned.value.available(call):
                    return False
                checked.append(bool(owned.value.checked(call)))
                return True

            key = f"{owned.plugin_id}/{owned.value.id}"
            if self._asking.yes(ask, key=key, owner=owned.plugin_id, label=owned.value.label):
                states.append(ActionState(key=key, plugin_id=owned.plugin_id, action=owned.value, checked=checked[0]))
        return states

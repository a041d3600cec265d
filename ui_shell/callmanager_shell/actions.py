"""Call actions that plugins contribute, made safe for the cards: sorted, contained, with their owner's name."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

import attrs
from callmanager.api import ActionScope, Call, CallAction, CallPairAction, Owned, plain

from callmanager_shell.asking import Asking

T = TypeVar("T", bound=CallAction | CallPairAction)


class ActionSource(Protocol):
    """The part of the application that is asked."""

    def call_actions(self) -> Sequence[Owned[CallAction]]: ...
    def call_pair_actions(self) -> Sequence[Owned[CallPairAction]]: ...


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


@attrs.frozen(kw_only=True)
class PairState:
    """What can be done with two calls now, in words."""

    plugin_id: str
    action: CallPairAction
    label: str


class CallActions:
    """Asks `available` and `checked` of every action."""

    def __init__(self, source: ActionSource, *, asking: Asking) -> None:
        self._source = source
        self._asking = asking
        self._actions: list[Owned[CallAction]] = []
        self._pairs: list[Owned[CallPairAction]] = []
        self.reload()

    def reload(self) -> None:
        """After `ContributionsChanged`."""
        self._actions = _sorted(self._source.call_actions())
        self._pairs = _sorted(self._source.call_pair_actions())

    def all(self) -> tuple[Owned[CallAction], ...]:
        return tuple(self._actions)

    def states(self, call: Call, scope: ActionScope = ActionScope.CALL) -> list[ActionState]:
        """The actions that make sense for the call now, in order; with the other scope, those for its conference."""
        states = []
        for owned in self._actions:
            if owned.value.scope is not scope:
                continue
            checked: list[bool] = []

            def ask(owned: Owned[CallAction] = owned, checked: list[bool] = checked) -> bool:
                if not owned.value.available(call):
                    return False
                checked.append(bool(owned.value.checked(call)))
                return True

            key = f"{owned.plugin_id}/{owned.value.id}"
            if self._asking.yes(ask, key=key, owner=owned.plugin_id, label=owned.value.label):
                states.append(ActionState(key=key, plugin_id=owned.plugin_id, action=owned.value, checked=checked[0]))
        return states

    def pairs(self, call: Call, other: Call) -> list[PairState]:
        """What can be done with the two now, in order."""
        states = []
        for owned in self._pairs:
            words: list[str] = []

            def ask(owned: Owned[CallPairAction] = owned, words: list[str] = words) -> bool:
                if not owned.value.available(call, other):
                    return False
                words.append(plain(owned.value.label(call, other), limit=100))
                return True

            key = f"{owned.plugin_id}/{owned.value.id}"
            if self._asking.yes(ask, key=key, owner=owned.plugin_id, label=owned.value.id):
                states.append(PairState(plugin_id=owned.plugin_id, action=owned.value, label=words[0]))
        return states


def _sorted(owned: Sequence[Owned[T]]) -> list[Owned[T]]:
    return sorted(owned, key=lambda each: (each.value.order, each.value.id))

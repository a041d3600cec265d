"""The pluggy project name, the two markers and the kinds of hooks; a leaf, so that the contract and every plugin can import it.

The smallest plugin is a class built with one argument, and one entry-point line in the group `callmanager.plugins`:

    class Hello:
        def __init__(self, ctx: PluginContext) -> None:
            self._ctx = ctx

        @hookimpl
        def callmanager_started(self) -> None:
            self._ctx.notices.post("hello")
"""

from collections.abc import Callable
from enum import Enum
from typing import Any, Final, TypeVar

import attrs
import pluggy

F = TypeVar("F", bound=Callable[..., Any])

PROJECT: Final = "callmanager"
_RULE: Final = "callmanager_rule"
_pluggy_hookspec: Final = pluggy.HookspecMarker(PROJECT)


class HookKind(Enum):
    """How the answers of several plugins become one."""

    NOTIFY = "notify"
    """Everybody is told; answers are ignored."""
    DECIDE = "decide"
    """The first answer that is not none wins, and nobody else is asked."""
    FOLD = "fold"
    """Each gets the previous one's result and may return a changed one."""
    COLLECT = "collect"
    """Everybody's lists are joined, in the order of their entries."""


@attrs.frozen
class HookRule:
    """What a specification demands: its kind, and the seconds that one implementation may take."""

    kind: HookKind
    budget: float


def hookspec(kind: HookKind, *, budget_ms: float) -> Callable[[F], F]:
    """Mark a function of the contract with its rule."""

    def mark(function: F) -> F:
        setattr(function, _RULE, HookRule(kind, budget_ms / 1000))
        return _pluggy_hookspec(function)

    return mark


def rule_of(specification: Callable[..., Any]) -> HookRule:
    """The rule of a specification of the contract."""
    rule: HookRule = getattr(specification, _RULE)
    return rule


hookimpl: Final = pluggy.HookimplMarker(PROJECT)

API_VERSION: Final = 1
"""Raised when something is added to `callmanager.api`; a plugin may state the lowest it needs as `requires_api`."""

"""Who decides whether a plugin runs: the site, then the user, then the product's own default; always with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from callmanager.extensions.discovery import OWN_DISTRIBUTION, Candidate
from callmanager.model.plugins import PluginState

OFF_BY_DEFAULT: Final = frozenset({"demo"})


@attrs.frozen(kw_only=True)
class Decision:
    """`FOUND` means: load it. `final` decisions are the site's and can't be changed by the user."""

    state: PluginState
    reason: str = ""
    final: bool = False


@attrs.frozen(kw_only=True)
class SitePolicy:
    """What the `[plugins]` table of the site file says.

    `third_party` lists the distributions that are allowed beside our own; none means: all of them.
    """

    forced: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    third_party: frozenset[str] | None = None
    extra_paths: tuple[Path, ...] = ()


def read_policy(table: Mapping[str, Any]) -> tuple[SitePolicy, tuple[str, ...]]:
    """The policy of a `[plugins]` table and every complaint about it; what can't be understood refuses nothing.

    Keys: `enabled` (always on), `disabled` (never imported), `allow_third_party` (true, false or a list of distribution
    names), `extra_paths` (folders that are searched for plugins as well).
    """
    complaints: list[str] = []

    def names(key: str) -> frozenset[str]:
        value = table.get(key, [])
        if isinstance(value, list) and all(isinstance(name, str) for name in value):
            return frozenset(value)
        complaints.append(f"plugins.{key}: must be a list of texts")
        return frozenset()

    allowed = table.get("allow_third_party", True)
    third_party: frozenset[str] | None = None
    if allowed is False:
        third_party = frozenset()
    elif allowed is not True:
        third_party = frozenset(_normal(name) for name in names("allow_third_party"))
    complaints.extend(
        f"plugins.{key}: there is no such setting"
        for key in table
        if key not in {"enabled", "disabled", "allow_third_party", "extra_paths"}
    )
    policy = SitePolicy(
        forced=names("enabled"),
        refused=names("disabled"),
        third_party=third_party,
        extra_paths=tuple(Path(name) for name in sorted(names("extra_paths"))),
    )
    return policy, tuple(complaints)


def decide(
    candidate: Candidate,
    *,
    policy: SitePolicy,
    user_enabled: frozenset[str] = frozenset(),
    user_disabled: frozenset[str] = frozenset(),
    demo: bool = False,
) -> Decision:
    """Refused by the site, forced by the site, the demo's own switch, the user's choice, on by default; in this order."""
    if candidate.id in policy.refused:
        return Decision(state=PluginState.REFUSED, reason="switched off by your administrator", final=True)
    if policy.third_party is not None and _normal(candidate.distribution) not in {OWN_DISTRIBUTION, *policy.third_party}:
        return Decision(
            state=PluginState.REFUSED, reason="your administrator does not allow plugins of this distribution", final=True
        )
    if candidate.id in policy.forced:
        return Decision(state=PluginState.FOUND, reason="switched on by your administrator", final=True)
    if candidate.id == "demo" and demo:
        return Decision(state=PluginState.FOUND, reason="switched on for this demo")
    if candidate.id in user_disabled:
        return Decision(state=PluginState.DISABLED, reason="switched off by you")
    if candidate.id in OFF_BY_DEFAULT and candidate.id not in user_enabled:
        return Decision(state=PluginState.DISABLED, reason="off unless it is asked for")
    return Decision(state=PluginState.FOUND)


def _normal(distribution: str) -> str:
    return distribution.lower().replace("_", "-").replace(".", "-")

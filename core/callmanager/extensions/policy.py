"""Who decides whether a plugin runs: the site, then the user, then the product's own default; always with a reason.

The `[plugins]` table of the site file, in the order in which it counts:

- `refused`: never imported, and nobody can switch it on;
- `allow_third_party`: `true`, `false`, or a list of distribution names; plugins of other distributions than ours and these
  are refused, whatever the other keys say;
- `forced`: always on, and nobody can switch it off;
- `disabled`, `enabled`: off or on unless the user chose otherwise;
- `default`: what holds for plugins that none of these lists names: `"enabled"`, `"disabled"` or `"refused"`;
- `extra_paths`: folders that are searched for plugins as well, for packaged builds;
- `permissions`: a table for each plugin, read elsewhere.

An entry that can't be understood is told and has no effect; a restriction that can't be understood restricts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from callmanager.extensions.discovery import OWN_DISTRIBUTION, Candidate
from callmanager.model.plugins import PluginState
from callmanager.settings.mistakes import Finding, KeyPath, did_you_mean

OFF_BY_DEFAULT: Final = frozenset({"demo"})
LISTS: Final = ("refused", "forced", "disabled", "enabled")
"""The lists of plugin ids, the one that counts first."""
DEFAULTS: Final = ("enabled", "disabled", "refused")
POLICY_KEYS: Final = (*LISTS, "default", "allow_third_party", "extra_paths", "permissions")

POLICY_HELP: Final[Mapping[str, str]] = {
    "refused": "Plugins that are never imported. Nobody can switch them on.",
    "forced": "Plugins that are always on. Nobody can switch them off.",
    "disabled": "Plugins that are off until a user switches them on.",
    "enabled": "Plugins that are on until a user switches them off.",
    "default": "What holds for plugins that no list names, our own included. `refused` means: only those that a list names.",
    "allow_third_party": "Whether plugins of other makers may run: `true`, `false`, or a list of distribution names.",
    "extra_paths": "Folders, as whole paths, that are searched for plugins as well; for packaged builds.",
    "permissions": "A table for each plugin with what it may do of what it declares.",
}
"""Each key in a sentence, for the reference page, the schema and `explain`."""

BY_ADMINISTRATOR_OFF: Final = "switched off by your administrator"
BY_ADMINISTRATOR_ON: Final = "switched on by your administrator"


@attrs.frozen(kw_only=True)
class Decision:
    """`FOUND` means: load it. `final` decisions are the site's and can't be changed by the user.

    `rule` names the key that decided (`plugins.refused`), with the file it is in for people: `the site file`, `your settings`
    or `built in`.
    """

    state: PluginState
    reason: str = ""
    final: bool = False
    rule: str = ""
    by: str = "built in"


@attrs.frozen(kw_only=True)
class SitePolicy:
    """What the `[plugins]` table of the site file says.

    `third_party` lists the distributions that are allowed beside our own; none means: all of them. `default` is one of
    `DEFAULTS`.
    """

    forced: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    enabled: frozenset[str] = frozenset()
    disabled: frozenset[str] = frozenset()
    default: str = "enabled"
    third_party: frozenset[str] | None = None
    extra_paths: tuple[Path, ...] = ()

    def names(self, plugin_id: str) -> bool:
        """Whether one of the lists speaks of this plugin."""
        return any(plugin_id in plugins for plugins in (self.refused, self.forced, self.disabled, self.enabled))


def read_policy(table: Mapping[str, Any]) -> tuple[SitePolicy, tuple[Finding, ...]]:
    """The policy of a `[plugins]` table and everything that is wrong with it."""
    findings = [
        _finding(key, f"there is no such setting{did_you_mean(key, POLICY_KEYS)}") for key in table if key not in POLICY_KEYS
    ]
    lists = {key: frozenset(_plugin_ids(table, key, findings)) for key in LISTS}
    _contradictions(table, findings)
    policy = SitePolicy(
        **lists,
        default=_default(table, findings),
        third_party=_third_party(table, findings),
        extra_paths=_extra_paths(table, findings),
    )
    permissions = table.get("permissions", {})
    if not isinstance(permissions, Mapping) or not all(isinstance(value, Mapping) for value in permissions.values()):
        findings.append(_finding("permissions", "must hold one table for each plugin, like [plugins.permissions.acme_crm]"))
    return policy, tuple(findings)


def decide(
    candidate: Candidate,
    *,
    policy: SitePolicy,
    user_enabled: frozenset[str] = frozenset(),
    user_disabled: frozenset[str] = frozenset(),
    demo: bool = False,
) -> Decision:
    """The site's final words, the demo's own switch, the user's choice, the site's default, on by default; in this order."""
    final = _final(candidate, policy)
    if final is not None:
        return final
    if candidate.id == "demo" and demo:
        return Decision(state=PluginState.FOUND, reason="switched on for this demo", rule="--demo", by="the command line")
    if candidate.id in user_disabled:
        return Decision(state=PluginState.DISABLED, reason="switched off by you", rule="plugins.disabled", by="your settings")
    if candidate.id in user_enabled:
        return Decision(state=PluginState.FOUND, reason="switched on by you", rule="plugins.enabled", by="your settings")
    return _by_default(candidate, policy)


def _final(candidate: Candidate, policy: SitePolicy) -> Decision | None:
    def refused(reason: str, rule: str) -> Decision:
        return Decision(state=PluginState.REFUSED, reason=reason, final=True, rule=f"plugins.{rule}", by="the site file")

    if candidate.id in policy.refused:
        return refused(BY_ADMINISTRATOR_OFF, "refused")
    if policy.third_party is not None and normal(candidate.distribution) not in {OWN_DISTRIBUTION, *policy.third_party}:
        return refused("your administrator does not allow plugins of this distribution", "allow_third_party")
    if candidate.id in policy.forced:
        return Decision(
            state=PluginState.FOUND, reason=BY_ADMINISTRATOR_ON, final=True, rule="plugins.forced", by="the site file"
        )
    if policy.default == "refused" and not policy.names(candidate.id):
        return refused("your administrator allows only plugins that he names", "default")
    return None


def _by_default(candidate: Candidate, policy: SitePolicy) -> Decision:
    off = "off by your administrator's choice; you may switch it on"
    if candidate.id in policy.disabled:
        return Decision(state=PluginState.DISABLED, reason=off, rule="plugins.disabled", by="the site file")
    if candidate.id in policy.enabled:
        return Decision(state=PluginState.FOUND, rule="plugins.enabled", by="the site file")
    if policy.default == "disabled":
        return Decision(state=PluginState.DISABLED, reason=off, rule="plugins.default", by="the site file")
    if candidate.id in OFF_BY_DEFAULT:
        return Decision(state=PluginState.DISABLED, reason="off unless it is asked for")
    return Decision(state=PluginState.FOUND)


def normal(distribution: str) -> str:
    """The name as package indexes compare it (PyPA specification "Names and normalization")."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


# -------------------------------------------------------------------------------------------------------------- reading


def _finding(key: str, text: str, index: int | None = None) -> Finding:
    path: KeyPath = ("plugins", key) if index is None else ("plugins", key, index)
    return Finding(path=path, text=text)


def _texts(value: object, key: str, findings: list[Finding]) -> Iterator[tuple[int, str]]:
    """The texts of a list with their places; a text that stands alone is told and counts as a list of one."""
    if isinstance(value, str):
        findings.append(_finding(key, f'must be a list, like ["{value[:60]}"]'))
        value = [value]
    if not isinstance(value, list):
        findings.append(_finding(key, "must be a list of texts"))
        return
    for index, entry in enumerate(value):
        if isinstance(entry, str) and entry.strip():
            yield index, entry
        else:
            findings.append(_finding(key, "must be a text in quotes", index))


def _plugin_ids(table: Mapping[str, Any], key: str, findings: list[Finding]) -> Iterator[str]:
    for _, plugin_id in _texts(table.get(key, []), key, findings):
        yield plugin_id


def _contradictions(table: Mapping[str, Any], findings: list[Finding]) -> None:
    """A plugin in two lists: the list that counts first is obeyed, and the other mention is told."""
    seen: dict[str, str] = {}
    for key in LISTS:
        value = table.get(key, [])
        for index, plugin_id in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(plugin_id, str):
                continue
            first = seen.setdefault(plugin_id, key)
            if first != key:
                findings.append(_finding(key, f"{plugin_id[:60]} is in plugins.{first} too, and that is what counts", index))


def _default(table: Mapping[str, Any], findings: list[Finding]) -> str:
    value = table.get("default", "enabled")
    if value in DEFAULTS:
        return str(value)
    near = did_you_mean(value, DEFAULTS) if isinstance(value, str) else ""
    findings.append(_finding("default", f"must be one of {', '.join(DEFAULTS)}{near}"))
    return "enabled"


def _third_party(table: Mapping[str, Any], findings: list[Finding]) -> frozenset[str] | None:
    value = table.get("allow_third_party", True)
    if isinstance(value, bool):
        return None if value else frozenset()
    if not isinstance(value, (list, str)):
        findings.append(
            _finding("allow_third_party", "must be true, false, or a list of distribution names; now none is allowed")
        )
        return frozenset()
    return frozenset(normal(name) for _, name in _texts(value, "allow_third_party", findings))


def _extra_paths(table: Mapping[str, Any], findings: list[Finding]) -> tuple[Path, ...]:
    paths = []
    for index, name in _texts(table.get("extra_paths", []), "extra_paths", findings):
        if Path(name).is_absolute():
            paths.append(Path(name))
        else:
            findings.append(_finding("extra_paths", f"{name[:100]!r} must be a whole path from the root", index))
    return tuple(paths)

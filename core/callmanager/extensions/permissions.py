"""Who may do what: what a plugin declared, less what the site took away, asked by the context each time.

The site file restricts by plugin id, and `"*"` stands for every plugin that is not ours:

    [plugins.permissions."*"]
    secrets = false                      # nobody from outside keeps passwords

    [plugins.permissions.acme_crm]
    network = ["api.acme.example"]       # of the hosts it declared, only these
    call_control = false
    secrets = true                       # in spite of the rule for all

A site takes away and never adds: `true` only lifts the rule of `"*"`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from callmanager.errors import PermissionRefused
from callmanager.model.permissions import ANY_HOST, Permission, Permissions, host_complaint
from callmanager.settings.mistakes import Finding, did_you_mean

EVERY_FOREIGN: Final = "*"
_KEYS: Final = {permission.value: permission for permission in Permission}


@attrs.frozen(kw_only=True)
class Restrictions:
    """What the site takes away: per plugin id a permission and what is left of it (true, false, or hosts)."""

    rules: Mapping[str, Mapping[Permission, bool | tuple[str, ...]]] = attrs.field(factory=dict)

    def apply(self, plugin_id: str, declared: Permissions, *, built_in: bool) -> Permissions:
        """What of the declared permissions is granted."""
        rules = dict(self.rules.get(EVERY_FOREIGN, {})) if not built_in else {}
        rules |= self.rules.get(plugin_id, {})
        changes: dict[str, Any] = {}
        for permission, left in rules.items():
            if permission is Permission.NETWORK:
                if left is not True:
                    changes["network"] = _common(declared.network, left or ())
            elif left is False:
                changes[permission.value] = False
        return attrs.evolve(declared, **changes)


def read_restrictions(table: Mapping[str, Any]) -> tuple[Restrictions, tuple[Finding, ...]]:
    """The restrictions of a `[plugins]` table and everything that is wrong inside of the plugins' tables; that they are
    tables is `read_policy`'s business.

    What can't be understood takes the permission away: a slip of the pen in a restriction must not lift it.
    """
    findings: list[Finding] = []
    plugins = table.get("permissions", {})
    if not isinstance(plugins, Mapping):
        return Restrictions(), ()
    rules = {
        plugin_id: _read_rules(("plugins", "permissions", str(plugin_id)), wanted, findings)
        for plugin_id, wanted in plugins.items()
        if isinstance(wanted, Mapping)
    }
    return Restrictions(rules=rules), tuple(findings)


def _read_rules(
    path: tuple[str, ...], wanted: Mapping[str, Any], findings: list[Finding]
) -> dict[Permission, bool | tuple[str, ...]]:
    rules: dict[Permission, bool | tuple[str, ...]] = {}
    for key, value in wanted.items():
        permission = _KEYS.get(key)
        if permission is None:
            text = f"there is no such permission{did_you_mean(key, _KEYS)}; known are {', '.join(_KEYS)}"
            findings.append(Finding(path=(*path, key), text=text))
        elif isinstance(value, bool):
            rules[permission] = value
        elif permission is Permission.NETWORK and isinstance(value, list):
            wrong = [complaint for host in value if (complaint := host_complaint(host))]
            findings.extend(Finding(path=(*path, key), text=complaint) for complaint in wrong)
            rules[permission] = tuple(host.lower() for host in value if not host_complaint(host))
        else:
            kind = "true, false or a list of hosts" if permission is Permission.NETWORK else "true or false"
            findings.append(Finding(path=(*path, key), text=f"must be {kind}"))
            rules[permission] = False
    return rules


def _common(declared: tuple[str, ...], allowed: tuple[str, ...]) -> tuple[str, ...]:
    """The hosts that both name, each in its narrower form."""
    both = [one for one in declared if any(_within(one, other) for other in allowed)]
    both += [other for other in allowed if other not in both and any(_within(other, one) for one in declared)]
    return tuple(both)


def _within(host: str, pattern: str) -> bool:
    if pattern in {ANY_HOST, host}:
        return True
    return pattern.startswith("*.") and host != ANY_HOST and host.removeprefix("*").endswith(pattern[1:])


class Grant:
    """What one plugin may do while it is active. Asked by its context before each service is used; loop thread only.

    Raises `PermissionRefused` with the one who decided; after `end` every question is a `RuntimeError`, as the plugin is
    switched off and only something that it left behind can still ask.
    """

    def __init__(self, *, plugin_id: str, declared: Permissions, granted: Permissions) -> None:
        self._plugin_id = plugin_id
        self.declared = declared
        self.granted = granted
        self._ended = False

    def require(self, permission: Permission) -> None:
        self.alive()
        if not self.granted.has(permission):
            raise PermissionRefused(self._plugin_id, permission, by_site=self.declared.has(permission))

    def alive(self) -> None:
        """For what needs no permission."""
        if self._ended:
            raise RuntimeError(f"the plugin {self._plugin_id} is switched off")

    def end(self) -> None:
        self._ended = True

"""Where a plugin stands, for the plugins page, the command line and the log."""

from enum import Enum

import attrs

from callmanager.model.permissions import Permission, Permissions


class PluginState(Enum):
    FOUND = "found"
    REFUSED = "refused"
    """By the site; its code was never imported."""
    DISABLED = "disabled"
    ACTIVE = "active"
    FAILED = "failed"
    PARKED = "parked"
    """It raised or stalled too often and is left out until it is enabled again."""


@attrs.frozen(kw_only=True)
class PluginRecord:
    """One plugin as found among the installed distributions; `reason` says who decided its state, and why.

    Texts are plain and bounded. `declared` is what the plugin says it needs (none: unknown until it is switched on), and
    `granted` what is left of it after the site's restrictions. `left` names what goes on running though the plugin was
    switched off, `ended` what it left and the host ended. `wanted`: it is meant to run, whether or not it does.
    `switch_note` says why the user can't switch it on or off, and is empty if that is possible.
    """

    id: str
    title: str = ""
    summary: str = ""
    icon: str = ""
    distribution: str
    version: str
    author: str = ""
    home_page: str = ""
    built_in: bool = False
    state: PluginState
    reason: str = ""
    error: str = ""
    left: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()
    declared: Permissions | None = None
    granted: Permissions | None = None
    wanted: bool = False
    switch_note: str = ""

    @property
    def switchable(self) -> bool:
        return not self.switch_note

    @property
    def withheld(self) -> tuple[Permission, ...]:
        """Declared, but taken away by the site; for the network also when only some of its hosts are left."""
        if self.declared is None or self.granted is None:
            return ()
        return tuple(
            permission
            for permission in self.declared.all()
            if getattr(self.declared, permission.value) != getattr(self.granted, permission.value)
        )

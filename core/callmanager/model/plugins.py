"""Where a plugin stands, for the plugins page, the command line and the log."""

from enum import Enum

import attrs


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
    """One plugin as found among the installed distributions; `reason` says who decided its state, and why."""

    id: str
    distribution: str
    version: str
    state: PluginState
    reason: str = ""
    error: str = ""

"""Ask the plugins whether an incoming call may ring; without a clear refusal it does."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import attrs

from callmanager.contributions import Owned
from callmanager.model.calls import Call, Verdict

if TYPE_CHECKING:
    from callmanager.extensions.hooks import Hooks

_log = logging.getLogger(__name__)


@attrs.frozen
class Screening:
    """Applies `callmanager_screen_incoming`. A verdict with a status that refuses nothing counts as no opinion."""

    hooks: Hooks

    def verdict(self, call: Call) -> Owned[Verdict] | None:
        found = self.hooks.screen_incoming(call)
        if found is None:
            return None
        if not 400 <= found.value.status <= 699:
            _log.error("the plugin %s refused a call with %s, which is not a refusal", found.plugin_id, found.value.status)
            return None
        _log.info("the plugin %s refused a call: %s", found.plugin_id, found.value.reason or "no reason given")
        return found

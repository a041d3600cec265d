"""Ask the plugins whether an incoming call may ring; without a clear refusal it does."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import attrs

from callmanager.contributions import Owned
from callmanager.model.calls import Call, Verdict
from callmanager.numbers import is_emergency

if TYPE_CHECKING:
    from callmanager.calls.emergency import EmergencyWatch
    from callmanager.extensions.hooks import Hooks

_log = logging.getLogger(__name__)


@attrs.frozen
class Screening:
    """Applies `callmanager_screen_incoming`. A verdict with a status that refuses nothing counts as no opinion.

    Nobody is asked about an emergency service that calls, nor about anybody while one may call back.
    """

    hooks: Hooks
    emergency: EmergencyWatch

    def verdict(self, call: Call) -> Owned[Verdict] | None:
        if is_emergency(call.remote.number) or self.emergency.may_call_back:
            return None
        found = self.hooks.screen_incoming(call)
        if found is None:
            return None
        if found.value.silent:
            _log.info("the plugin %s silenced a call: %s", found.plugin_id, found.value.reason or "no reason given")
            return found
        if not 400 <= found.value.status <= 699:
            _log.error("the plugin %s refused a call with %s, which is not a refusal", found.plugin_id, found.value.status)
            return None
        _log.info("the plugin %s refused a call: %s", found.plugin_id, found.value.reason or "no reason given")
        return found

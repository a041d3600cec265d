"""Conference: join calls, part them again, and leave without losing anybody."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from callmanager.api import CallAction, CallPairAction, Permissions, PluginContext, hookimpl

from callmanager_call_control.conference.actions import call_actions, pair_actions

if TYPE_CHECKING:
    from callmanager_call_control.conference.desk import ConferenceDesk


class Conference:
    """Contributes the buttons of a conference."""

    title = "Conference"
    summary = "Joins calls so that all hear each other, parts them again, and connects the others when you leave."
    icon = "conference"
    permissions = Permissions(call_information=True, call_control=True, contacts=True, presence=True)

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx

    @cached_property
    def desk(self) -> ConferenceDesk:
        """Made with the first call: the launch does not wait for it."""
        from callmanager_call_control.conference.desk import ConferenceDesk

        return ConferenceDesk(self._ctx)

    @hookimpl
    def callmanager_call_actions(self) -> list[CallAction]:
        return call_actions(lambda: self.desk)

    @hookimpl
    def callmanager_call_pair_actions(self) -> list[CallPairAction]:
        return pair_actions(lambda: self.desk)

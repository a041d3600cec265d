"""Conference: join calls, part them again, and leave without losing anybody."""

from callmanager.api import CallAction, CallPairAction, PluginContext, hookimpl

from callmanager_call_control.conference.actions import call_actions, pair_actions
from callmanager_call_control.conference.desk import ConferenceDesk


class Conference:
    """Contributes the buttons of a conference."""

    def __init__(self, ctx: PluginContext) -> None:
        self.desk = ConferenceDesk(ctx)

    @hookimpl
    def callmanager_call_actions(self) -> list[CallAction]:
        return call_actions(self.desk)

    @hookimpl
    def callmanager_call_pair_actions(self) -> list[CallPairAction]:
        return pair_actions(self.desk)

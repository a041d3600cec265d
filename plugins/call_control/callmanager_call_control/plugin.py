"""Call control: the buttons of a call card beyond keypad and hang-up."""

from callmanager.api import CallAction, CallPairAction, Permissions, PluginContext, hookimpl

from callmanager_call_control.actions import call_actions, pair_actions


class CallControl:
    """Contributes its call actions; keeps no state, the snapshots of the calls have it all."""

    title = "Call control"
    summary = "Hold, resume, mute and unmute on every call."
    icon = "phone"
    permissions = Permissions(call_information=True, call_control=True)

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx

    @hookimpl
    def callmanager_call_actions(self) -> list[CallAction]:
        return call_actions(self._ctx.calls)

    @hookimpl
    def callmanager_call_pair_actions(self) -> list[CallPairAction]:
        return pair_actions(self._ctx.calls)

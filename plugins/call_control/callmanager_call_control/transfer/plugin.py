"""Transfer: hand a call to somebody else, and have the caller back whenever that fails."""

from collections.abc import Callable

from callmanager.api import (
    Call,
    CallAction,
    CallPairAction,
    ContactAction,
    PluginContext,
    SettingsSection,
    hookimpl,
)

from callmanager_call_control.targets import Target
from callmanager_call_control.transfer.actions import call_actions, contact_actions, pair_actions
from callmanager_call_control.transfer.desk import TransferDesk
from callmanager_call_control.transfer.settings import TransferSettings


class Transfer:
    """Contributes the buttons of a transfer and carries out the watched ones."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self.desk = TransferDesk(ctx)

    @hookimpl
    def callmanager_call_actions(self) -> list[CallAction]:
        return call_actions(self.desk)

    @hookimpl
    def callmanager_call_pair_actions(self) -> list[CallPairAction]:
        return pair_actions(self._ctx.calls)

    @hookimpl
    def callmanager_hand_over(self, call: Call, target: str, name: str) -> Callable[[], None]:
        return lambda: self.desk.now(call, Target(name=name, number=target))

    @hookimpl
    def callmanager_contact_actions(self) -> list[ContactAction]:
        return contact_actions(self._ctx.calls)

    @hookimpl
    def callmanager_settings_sections(self) -> list[SettingsSection]:
        return [SettingsSection(id="transfer", title="Transfer", model=TransferSettings, icon="transfer", order=25)]

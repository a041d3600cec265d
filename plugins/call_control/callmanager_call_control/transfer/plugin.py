"""Transfer: hand a call to somebody else, and have the caller back whenever that fails."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from callmanager.api import (
    Call,
    CallAction,
    CallPairAction,
    ContactAction,
    Permissions,
    PluginContext,
    SettingsSection,
    hookimpl,
)

from callmanager_call_control.transfer.actions import call_actions, contact_actions, pair_actions
from callmanager_call_control.transfer.settings import TransferSettings

if TYPE_CHECKING:
    from callmanager_call_control.transfer.desk import TransferDesk


class Transfer:
    """Contributes the buttons of a transfer and carries out the watched ones."""

    title = "Transfer"
    summary = "Hands a call to somebody else, at once or after asking, and has the caller back when that fails."
    icon = "transfer"
    permissions = Permissions(call_information=True, call_control=True, contacts=True, presence=True)

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx

    @cached_property
    def desk(self) -> TransferDesk:
        """Made with the first call: the launch does not wait for it."""
        from callmanager_call_control.transfer.desk import TransferDesk

        return TransferDesk(self._ctx)

    @hookimpl
    def callmanager_call_actions(self) -> list[CallAction]:
        return call_actions(lambda: self.desk)

    @hookimpl
    def callmanager_call_pair_actions(self) -> list[CallPairAction]:
        return pair_actions(self._ctx.calls)

    @hookimpl
    def callmanager_hand_over(self, call: Call, target: str, name: str) -> Callable[[], None]:
        def begin() -> None:
            from callmanager_call_control.targets import Target

            self.desk.now(call, Target(name=name, number=target))

        return begin

    @hookimpl
    def callmanager_contact_actions(self) -> list[ContactAction]:
        return contact_actions(self._ctx.calls)

    @hookimpl
    def callmanager_settings_sections(self) -> list[SettingsSection]:
        return [SettingsSection(id="transfer", title="Transfer", model=TransferSettings, icon="transfer", order=25)]

"""To VM: hook implementations only."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from callmanager.api import (
    Call,
    CallAction,
    CallState,
    Direction,
    Emphasis,
    Permissions,
    PluginContext,
    SettingsSection,
    hookimpl,
)

from callmanager_call_control.voicemail_transfer.settings import VoicemailTransferSettings

if TYPE_CHECKING:
    from callmanager_call_control.voicemail_transfer.desk import VoicemailTransferDesk


class VoicemailTransfer:
    """The button To VM of a call that rings, on card and pop."""

    title = "Send to voicemail"
    summary = "Sends a caller to your voicemail without answering."
    icon = "voicemail"
    permissions = Permissions(call_information=True, call_control=True)

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx

    @cached_property
    def desk(self) -> VoicemailTransferDesk:
        """Made with the first caller who is sent: the launch does not wait for it."""
        from callmanager_call_control.voicemail_transfer.desk import VoicemailTransferDesk

        return VoicemailTransferDesk(self._ctx)

    @hookimpl
    def callmanager_call_actions(self) -> list[CallAction]:
        return [
            CallAction(
                id="voicemail_transfer.send",
                label="To VM",
                icon="voicemail",
                shortcut="Ctrl+Shift+V",
                emphasis=Emphasis.MAIN,
                order=5,
                run=self._send,
                available=lambda call: call.state is CallState.RINGING and call.direction is Direction.INCOMING,
            )
        ]

    @hookimpl
    def callmanager_settings_sections(self) -> list[SettingsSection]:
        return [
            SettingsSection(
                id="voicemail_transfer", title="Send to Voicemail", model=VoicemailTransferSettings, icon="voicemail", order=29
            )
        ]

    async def _send(self, call: Call) -> None:
        self.desk.send(call)

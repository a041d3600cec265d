"""Sends a waiting caller to the voicemail of the extension that was called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from callmanager.api import Call, UserError

from callmanager_call_control.voicemail_transfer.settings import EXTENSION, VoicemailTransferSettings, Way

if TYPE_CHECKING:
    from callmanager.api import PluginContext

_STATUS: Final = {Way.BUSY: 486, Way.DECLINE: 603}


class VoicemailTransferDesk:
    """Loop thread only; keeps nothing."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx

    def send(self, call: Call) -> None:
        """Raises `UserError` when the call is over or answered, or when there is no extension to speak of."""
        settings = self._ctx.settings.get(VoicemailTransferSettings)
        status = _STATUS.get(settings.way)
        if status is not None:
            self._ctx.calls.reject(call.id, status=status)
            return
        self._ctx.calls.redirect(call.id, self._number(settings.number, call), name="voicemail")

    def _number(self, pattern: str, call: Call) -> str:
        if EXTENSION not in pattern:
            return pattern
        account = self._ctx.accounts.current
        if account is None or account.id != call.account_id or not account.extension:
            raise UserError("your extension is not known", "Enter your voicemail number in Settings, Send to Voicemail.")
        return pattern.replace(EXTENSION, account.extension)

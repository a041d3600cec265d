"""What can be done with a call that is to be handed on: the verbs, without Qt."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from callmanager.api import (
    Call,
    CallChanged,
    CallPurpose,
    CallRemoved,
    CallRequest,
    CallState,
    SettingsError,
    TransferStage,
    TransferState,
    UserError,
)

from callmanager_call_control.targets import Target, Targets, remember, targets_for
from callmanager_call_control.timing import after_in
from callmanager_call_control.transfer.settings import BlindWay, TransferSettings
from callmanager_call_control.transfer.watched import WatchedTransfers
from callmanager_call_control.words import label_of

if TYPE_CHECKING:
    from callmanager.api import PluginContext


class TransferDesk:
    """Follows the calls; keeps nothing of them but the transfers that it watches."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self._calls = ctx.calls
        self.watched = WatchedTransfers(
            ctx.calls, after=after_in(ctx, name="watching a transfer"), options=self._options, server=self._server
        )
        ctx.events.subscribe(CallChanged, self.watched.follow)
        ctx.events.subscribe(CallRemoved, self._removed)
        ctx.on_deactivate(self.watched.close)

    # -------------------------------------------------------------------------------------------------------------- verbs

    def now(self, call: Call, target: Target) -> None:
        """Hand the call over without a word, in the way that the user prefers."""
        if target.call_id is not None:
            self._calls.transfer_to(call.id, target.call_id)
            return
        if self._options().blind is BlindWay.WATCHED:
            self.watched.begin(call.id, target.number, name=target.name)
        else:
            self._calls.transfer(call.id, target.number)
        self._remember(target)

    def ask_first(self, call: Call, target: Target) -> None:
        """Hold the caller and talk to the target, on a card of its own; another call is simply gone on with."""
        if target.call_id is not None:
            self._calls.set_held(target.call_id, held=False)
            return
        self._calls.dial(CallRequest(target=target.number, name=target.name, purpose=CallPurpose.CONSULTATION, about=call.id))
        self._remember(target)

    def take_back(self, call: Call) -> None:
        self.watched.take_back(call.id)

    def complete(self, call: Call) -> None:
        """Connect the two; `call` is the consultation or the caller's."""
        pair = self.pair(call)
        if pair is None:
            raise UserError("there is nobody to connect this call with any more")
        caller, asked = pair
        self._calls.transfer_to(caller.id, asked.id)

    def back(self, call: Call) -> None:
        """End the consultation and talk to the caller again."""
        pair = self.pair(call)
        if pair is None:
            raise UserError("the caller is gone")
        caller, asked = pair
        self._calls.hang_up(asked.id)
        self._calls.set_held(caller.id, held=False)

    def pair(self, call: Call) -> tuple[Call, Call] | None:
        """The caller and who is asked about it, whichever of the two `call` is; the last asked if there are several."""
        if call.purpose is CallPurpose.CONSULTATION:
            asked = self._calls.get(call.id)
            caller = self._calls.get(call.about) if call.about is not None else None
        else:
            caller = self._calls.get(call.id)
            consultations = [
                other for other in self._calls.current() if other.purpose is CallPurpose.CONSULTATION and other.about == call.id
            ]
            asked = consultations[-1] if consultations else None
        if caller is None or asked is None or caller.state is not CallState.CONNECTED:
            return None
        return caller, asked

    def targets(self, call: Call) -> Targets:
        """Where the dialog looks."""
        return targets_for(self._ctx, call, recent=lambda: self._options().recent)

    # ---------------------------------------------------------------------------------------------------------- internals

    def _removed(self, event: CallRemoved) -> None:
        self.watched.forget(event)
        call = event.call
        if call.purpose is CallPurpose.CONSULTATION and call.answered_at is None and call.end is not None and call.end.failure:
            caller = self._calls.get(call.about) if call.about is not None else None
            if caller is not None and caller.held:
                state = TransferState(target=label_of(call), stage=TransferStage.FAILED, failure=call.end.failure)
                self._calls.show_transfer(caller.id, state)

    def _remember(self, target: Target) -> None:
        recent = remember(target, self._options().recent)
        with contextlib.suppress(SettingsError):  # the administrator has locked it: then nothing is remembered
            self._ctx.settings.update(TransferSettings, recent=recent)

    def _options(self) -> TransferSettings:
        return self._ctx.settings.get(TransferSettings)

    def _server(self) -> str:
        account = self._ctx.accounts.current
        return account.server if account is not None else ""

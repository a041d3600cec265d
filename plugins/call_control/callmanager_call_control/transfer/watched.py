"""Watched transfers: the caller waits on hold here while the target is called in the background, so that nobody is lost.

Asterisk hangs up on us as soon as it has accepted a blind REFER, so what was handed over that way can't be taken back. Here the
target is called by us, and the two are connected by a REFER with Replaces (RFC 3891) at the moment when it answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Final

import attrs
from callmanager.api import (
    Call,
    CallChanged,
    CallId,
    CallPurpose,
    CallRemoved,
    CallRequest,
    CallState,
    EndCause,
    Failure,
    FailureKind,
    Header,
    TransferStage,
    TransferState,
    UserError,
    plain,
)

if TYPE_CHECKING:
    from callmanager.api import Calls

    from callmanager_call_control.timing import After, Cancel
    from callmanager_call_control.transfer.settings import TransferSettings

_CONNECT_SECONDS: Final = 20.0
"""The engine itself gives a REFER 15 s; this is for the case that nothing at all is heard of it."""
_GOODBYE_SECONDS: Final = 2.0
"""So long the PBX may take to end our leg to the target after it has connected the two."""
_FAILED_SECONDS: Final = 15.0
"""So long a failed transfer stands on the card of a call that goes on."""
_NUMBER: Final = re.compile(r"\+?[0-9*#]{1,32}")


class _Step(Enum):
    CALLING = "calling"
    CONNECTING = "connecting"


@attrs.define(eq=False, kw_only=True)
class _Watch:
    """One transfer: the caller's call, ours to the target, and how far it is."""

    caller: CallId
    target: CallId
    name: str
    step: _Step = _Step.CALLING
    stage: TransferStage = TransferStage.ASKED
    """What the card says of it."""
    reason: Failure | None = None
    """Why we ended the call to the target ourselves."""
    cancel_timer: Cancel = lambda: None


class WatchedTransfers:
    """At every step the caller is on hold with us, connected, or gone by own will. Loop thread only.

    `follow` and `forget` must be told of every call. `server` is the host part for the caller's identity.
    """

    def __init__(
        self, calls: Calls, *, after: After, options: Callable[[], TransferSettings], server: Callable[[], str]
    ) -> None:
        self._calls = calls
        self._after = after
        self._options = options
        self._server = server
        self._by_caller: dict[CallId, _Watch] = {}
        self._leaving: dict[CallId, Cancel] = {}
        """Legs to targets that are with their caller now, until the PBX has ended them."""

    def watching(self, call_id: CallId) -> bool:
        return call_id in self._by_caller

    def begin(self, call_id: CallId, number: str, *, name: str = "") -> None:
        """Call the target and hold the caller; raises `UserError` when that can't be, and then nothing has changed."""
        call = self._calls.get(call_id)
        if call is None or call.state is not CallState.CONNECTED:
            raise UserError("transfer works when the call is connected")
        if call_id in self._by_caller or call.transferring:
            raise UserError("this call is being transferred already", "Take it back first.")
        options = self._options()
        target = self._calls.dial(
            CallRequest(
                target=number,
                name=name,
                purpose=CallPurpose.TRANSFER,
                about=call_id,
                headers=self._identity(call) if options.show_caller else (),
            )
        )
        watch = _Watch(caller=call_id, target=target, name=name or number)
        self._by_caller[call_id] = watch
        watch.cancel_timer = self._after(options.ring_seconds, lambda: self._give_up(watch))
        self._show(watch, TransferStage.ASKED)
        if not call.held:
            self._quietly(lambda: self._calls.set_held(call_id, held=True))

    def take_back(self, call_id: CallId) -> None:
        """Stop calling the target and talk to the caller again; raises `UserError` when the target has just answered."""
        watch = self._by_caller.get(call_id)
        if watch is None:
            raise UserError("this call is not being transferred any more")
        if watch.step is not _Step.CALLING:
            raise UserError(f"{watch.name} has answered and is being connected")
        self._drop(watch)
        self._clear(call_id)
        self._quietly(lambda: self._calls.set_held(call_id, held=False))

    def close(self) -> None:
        """Give up all of them; the callers stay on hold."""
        for watch in tuple(self._by_caller.values()):
            self._drop(watch)
            self._clear(watch.caller)
        for call_id, cancel in tuple(self._leaving.items()):
            cancel()
            self._leave(call_id)

    # ---------------------------------------------------------------------------------------------------------- following

    def follow(self, event: CallChanged) -> None:
        before, call = event.before, event.after
        watch = self._by_caller.get(call.id)
        if watch is not None:
            self._caller_changed(watch, before, call)
        elif call.live:
            self._tidy(before, call)
        for other in tuple(self._by_caller.values()):
            if other.target == call.id and call.live:
                self._target_changed(other, before, call)

    def forget(self, event: CallRemoved) -> None:
        call = event.call
        cancel = self._leaving.pop(call.id, None)
        if cancel is not None:
            cancel()
        watch = self._by_caller.get(call.id)
        if watch is not None:
            self._caller_gone(watch, call)
            return
        for other in tuple(self._by_caller.values()):
            if other.target == call.id:
                self._target_gone(other, call)

    def _caller_changed(self, watch: _Watch, before: Call, call: Call) -> None:
        if watch.step is _Step.CONNECTING:
            transfer = call.transfer
            if transfer is not None and transfer != before.transfer and transfer.stage is TransferStage.FAILED:
                self._failed(watch, transfer.failure)
        elif before.held and not call.held and not call.remote_held:
            # resumed on the card, by a double click or by another command: that is taking it back
            self._drop(watch)
            self._clear(watch.caller)
        elif call.transfer is None or not call.transfer.watched or call.transfer.stage is not watch.stage:
            self._show(watch, watch.stage)  # something late about a transfer before this one

    def _caller_gone(self, watch: _Watch, call: Call) -> None:
        handed_on = watch.step is _Step.CONNECTING and call.end is not None and call.end.cause is EndCause.TRANSFERRED
        if not handed_on:
            self._drop(watch)
            return
        self._forget(watch)
        # The PBX ends our leg to the target itself; cutting it before the two are connected would part them again.
        target = watch.target
        if self._calls.get(target) is not None:
            self._leaving[target] = self._after(_GOODBYE_SECONDS, lambda: self._leave(target))

    def _target_changed(self, watch: _Watch, before: Call, call: Call) -> None:
        if watch.step is not _Step.CALLING or call.state is before.state:
            return
        if call.state is CallState.PROGRESS:
            self._show(watch, TransferStage.RINGING)
        elif call.state is CallState.CONNECTED:
            self._connect(watch)

    def _target_gone(self, watch: _Watch, call: Call) -> None:
        if watch.step is _Step.CONNECTING:
            return  # what the PBX says of the transfer decides
        end = call.end
        failure = watch.reason or (end.failure if end is not None else None) or Failure(kind=FailureKind.UNAVAILABLE)
        self._failed(watch, failure)

    def _connect(self, watch: _Watch) -> None:
        watch.cancel_timer()
        watch.step = _Step.CONNECTING
        watch.cancel_timer = self._after(_CONNECT_SECONDS, lambda: self._failed(watch, Failure(kind=FailureKind.TIMEOUT)))
        try:
            self._calls.transfer_to(watch.caller, watch.target)
        except UserError as error:
            self._failed(watch, Failure(kind=FailureKind.ENGINE, detail=error.text))

    def _give_up(self, watch: _Watch) -> None:
        """The target has rung long enough; should it answer in this very moment, it is hung up on, and the caller kept."""
        self._failed(watch, Failure(kind=FailureKind.NO_ANSWER))

    def _failed(self, watch: _Watch, failure: Failure | None) -> None:
        """The caller stays on hold with us, and the card says why."""
        self._drop(watch)
        caller = self._calls.get(watch.caller)
        if caller is not None:
            state = TransferState(target=watch.name, stage=TransferStage.FAILED, failure=failure)
            self._quietly(lambda: self._calls.show_transfer(watch.caller, state))

    def _tidy(self, before: Call, call: Call) -> None:
        """A failed transfer is said until the caller is talked to again, or for a while where the call just went on."""
        transfer = call.transfer
        if transfer is None or transfer.stage is not TransferStage.FAILED:
            return
        if before.held and not call.held:
            self._clear(call.id)
        elif transfer != before.transfer and not call.held:
            self._after(_FAILED_SECONDS, lambda: self._clear_if(call.id, transfer))

    # ----------------------------------------------------------------------------------------------------------- internals

    def _drop(self, watch: _Watch) -> None:
        """No transfer any more: nobody must be called in its name."""
        self._forget(watch)
        self._leave(watch.target)

    def _forget(self, watch: _Watch) -> None:
        watch.cancel_timer()
        if self._by_caller.get(watch.caller) is watch:
            del self._by_caller[watch.caller]

    def _leave(self, call_id: CallId) -> None:
        self._leaving.pop(call_id, None)
        if self._calls.get(call_id) is not None:
            self._quietly(lambda: self._calls.hang_up(call_id))

    def _show(self, watch: _Watch, stage: TransferStage) -> None:
        watch.stage = stage
        state = TransferState(target=watch.name, stage=stage, watched=True)
        self._quietly(lambda: self._calls.show_transfer(watch.caller, state))

    def _clear(self, call_id: CallId) -> None:
        self._quietly(lambda: self._calls.show_transfer(call_id, None))

    def _clear_if(self, call_id: CallId, transfer: TransferState) -> None:
        call = self._calls.get(call_id)
        if call is not None and call.transfer == transfer:
            self._clear(call_id)

    def _identity(self, call: Call) -> tuple[Header, ...]:
        """Who really calls, for a PBX that trusts us to say so (RFC 3325)."""
        number, server = call.remote.number, self._server()
        if not _NUMBER.fullmatch(number) or not server:
            return ()
        name = plain(call.remote.name, limit=60).replace("\\", "").replace('"', "")
        host = f"[{server}]" if ":" in server else server
        uri = f"<sip:{number.replace('#', '%23')}@{host}>"
        return (Header(name="P-Asserted-Identity", value=f'"{name}" {uri}' if name else uri),)

    @staticmethod
    def _quietly(command: Callable[[], object]) -> None:
        """Ask for what no longer can be done if the call has just ended, which its own event tells."""
        try:
            command()
        except UserError:
            return

"""Calls, from both sides: commands of people and plugins go to the engine, facts of the engine change the store."""

from __future__ import annotations

import logging
import os
import re
from typing import TYPE_CHECKING, Final, Protocol

import attrs

from callmanager.calls.parked import ParkedCalls, cleaned
from callmanager.clock import Clock, utc_now
from callmanager.engine import commands, facts
from callmanager.errors import UserError
from callmanager.events import CallScreened, ContactsChanged, DigitWasSent
from callmanager.explain import evidence, explain
from callmanager.model.accounts import Account, RegistrationState
from callmanager.model.calls import (
    Call,
    CallEnd,
    CallId,
    CallPurpose,
    CallRequest,
    CallState,
    Direction,
    EndCause,
    ParkedIn,
    Party,
    TransferStage,
    TransferState,
)
from callmanager.model.failures import Failure, FailureKind
from callmanager.model.history import CallRecord
from callmanager.model.media import CallStatistics
from callmanager.model.notices import Severity
from callmanager.numbers import clean_target, is_emergency
from callmanager.parties import checked_party
from callmanager.texts import plain

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from callmanager.bus import EventBus
    from callmanager.calls.screening import Screening
    from callmanager.calls.store import CallStore
    from callmanager.contributions import Owned
    from callmanager.engine.driver import EngineDriver
    from callmanager.extensions.hooks import Hooks
    from callmanager.model.calls import Verdict
    from callmanager.model.contacts import Match
    from callmanager.protocols import Accounts, Notices

_log = logging.getLogger(__name__)

_DIGITS: Final = re.compile(r"[0-9*#A-D]{1,64}")
_LONGEST_BEFORE_ANSWER: Final = 60.0
_HANDING_ON: Final = frozenset({CallPurpose.CONSULTATION, CallPurpose.TRANSFER})
"""Whoever is called for these gets somebody else's call; an emergency service must know whom it talks to."""
_ORDER: Final = {CallState.DIALING: 0, CallState.RINGING: 0, CallState.PROGRESS: 1, CallState.CONNECTED: 2}


class KnowsNumbers(Protocol):
    """Who a number belongs to, from memory."""

    def match(self, number: str) -> Match | None: ...


class CallService:
    """Commands for calls and their current snapshots (protocol `Calls`). Loop thread only.

    A command asks the engine and changes nothing by itself; only `dial` adds the call at once, so that the card stands before
    the network answers. `apply` follows the engine's facts; those about calls that are gone are ignored. A call knows its
    contact from its first snapshot on, and gets it later when contacts arrive meanwhile.
    """

    def __init__(
        self,
        *,
        bus: EventBus,
        store: CallStore,
        driver: EngineDriver,
        accounts: Accounts,
        hooks: Hooks,
        screening: Screening,
        notices: Notices,
        contacts: KnowsNumbers,
        clock: Clock = utc_now,
    ) -> None:
        self._bus = bus
        self._store = store
        self._driver = driver
        self._accounts = accounts
        self._hooks = hooks
        self._screening = screening
        self._notices = notices
        self._contacts = contacts
        self._clock = clock
        self._targets: dict[CallId, str] = {}
        """Where each call was last transferred to."""
        self._sent_to: dict[CallId, str] = {}
        """Where the callers of calls that we redirected go, in words."""
        self._asked: set[CallId] = set()
        """Calls with a transfer of which the engine has said nothing yet."""
        self._parked = ParkedCalls(bus)
        bus.subscribe(ContactsChanged, self._contacts_changed)

    # ---------------------------------------------------------------------------------------------------------- commands

    def current(self) -> tuple[Call, ...]:
        return self._store.current()

    def get(self, call_id: CallId) -> Call | None:
        return self._store.get(call_id)

    def dial(self, request: CallRequest | str) -> CallId:
        if isinstance(request, str):
            request = CallRequest(target=request)
        request = attrs.evolve(request, target=self._dialled(request.target))
        emergency = is_emergency(request.target)
        if request.purpose in _HANDING_ON:
            _refuse_emergency(request.target)
        account = self._account_for_call(emergency=emergency)
        placed = request if emergency else self._prepared(request)
        silent = request.purpose is CallPurpose.TRANSFER
        if not silent:
            self._hold_others()
        call = Call(
            id=CallId(os.urandom(8).hex()),
            account_id=account.id,
            direction=Direction.OUTGOING,
            state=CallState.DIALING,
            remote=(remote := attrs.evolve(_party_of(placed.target), name=plain(request.name))),
            match=self._contacts.match(remote.number),
            called=placed.target,
            created_at=self._clock(),
            muted=silent,
            purpose=request.purpose,
            about=request.about,
        )
        self._driver.submit(
            commands.PlaceCall(
                call_id=call.id, account_id=account.id, target=placed.target, headers=placed.headers, silent=silent
            )
        )
        self._store.add(call)
        if emergency:
            self._screening.emergency.called()
        return call.id

    def answer(self, call_id: CallId) -> None:
        call = self._live(call_id)
        if call.direction is not Direction.INCOMING or call.state is not CallState.RINGING:
            raise UserError("this call can't be answered any more")
        self._hold_others(keep=call_id)
        self._ask(commands.Answer(call_id=call_id))

    def reject(self, call_id: CallId, *, status: int = 486) -> None:
        call = self._live(call_id)
        if call.direction is not Direction.INCOMING or call.state is not CallState.RINGING:
            raise UserError("this call can't be rejected any more")
        if not 400 <= status <= 699:
            raise ValueError(f"{status} is not a SIP status that refuses a call")
        self._ask(commands.Reject(call_id=call_id, status=status))

    def redirect(self, call_id: CallId, target: str, *, name: str = "") -> None:
        call = self._live(call_id)
        if call.direction is not Direction.INCOMING or call.state is not CallState.RINGING:
            raise UserError("this call can't be sent on any more")
        target = clean_target(target)
        if is_emergency(target):
            raise UserError("a caller can't be sent to an emergency number")
        self._ask(commands.Redirect(call_id=call_id, target=target))
        self._sent_to[call_id] = plain(name) or target

    def hang_up(self, call_id: CallId) -> None:
        self._live(call_id)
        self._ask(commands.HangUp(call_id=call_id))

    def set_held(self, call_id: CallId, *, held: bool) -> None:
        self._connected(call_id, "hold")
        if not held:
            self._hold_others(keep=call_id)
        self._ask(commands.SetHeld(call_id=call_id, held=held))

    def set_muted(self, call_id: CallId, *, muted: bool) -> None:
        self._connected(call_id, "mute")
        self._ask(commands.SetMuted(call_id=call_id, muted=muted))

    def send_digits(self, call_id: CallId, digits: str) -> None:
        digits = digits.upper()
        if not _DIGITS.fullmatch(digits):
            raise UserError("only the digits 0-9, *, # and A-D can be sent")
        call = self._live(call_id)
        if call.state not in {CallState.CONNECTED, CallState.PROGRESS}:
            raise UserError("digits can be sent when the other side has answered")
        self._ask(commands.SendDigits(call_id=call_id, digits=digits))

    def transfer(self, call_id: CallId, target: str) -> None:
        self._transferable(call_id)
        target = self._dialled(target)
        _refuse_emergency(target)
        self._refer(commands.Transfer(call_id=call_id, target=target), target)

    def transfer_to(self, call_id: CallId, other_id: CallId) -> None:
        self._transferable(call_id)
        self._connected(other_id, "transfer")
        if call_id == other_id:
            raise UserError("a call can't be transferred to itself")
        _refuse_emergency(self._live(other_id).called)
        self._refer(commands.TransferTo(call_id=call_id, other_id=other_id), self._live(other_id).remote.label)

    def hand_over(self, call_id: CallId, target: str, *, name: str = "") -> None:
        call = self._transferable(call_id)
        target = clean_target(target)
        _refuse_emergency(target)
        chosen = self._hooks.hand_over(call, target, plain(name))
        if chosen is None:
            self.transfer(call_id, target)
        else:
            chosen.value()

    def show_transfer(self, call_id: CallId, transfer: TransferState | None) -> None:
        self._live(call_id)
        if transfer is not None:
            transfer = attrs.evolve(transfer, target=plain(transfer.target))
        self._store.change(call_id, transfer=transfer)

    def show_parked(self, call_id: CallId, parked: ParkedIn | None) -> None:
        parked = cleaned(parked)
        if not self._parked.show(call_id, parked):
            self._live(call_id)
            self._store.change(call_id, parked=parked)

    def confer(self, call_ids: Sequence[CallId]) -> None:
        members = tuple(dict.fromkeys(call_ids))
        if len(members) < 2:
            raise UserError("a conference needs two calls", "Call somebody else first.")
        for call_id in members:
            self._connected(call_id, "conference")
        for call in self._store.current():
            if call.id in members and call.held:
                self._driver.submit(commands.SetHeld(call_id=call.id, held=False))
        self._hold_all_but(members)
        self._ask(commands.Conference(call_ids=members))

    def split(self, *, keep: CallId) -> None:
        self._connected(keep, "split")
        self._ask(commands.Conference(call_ids=()))
        self._hold_all_but({keep})

    def end_all(self, failure: Failure) -> None:
        """Every live call is over because of this; used when the engine is gone and no facts will come."""
        for call in self._store.current():
            self._finish(call.id, CallEnd(cause=EndCause.FAILED, failure=failure))

    # ------------------------------------------------------------------------------------------------------------- facts

    def apply(self, fact: facts.Fact) -> None:
        """Follow one fact."""
        match fact:
            case facts.CallArrived():
                self._arrived(fact)
            case facts.CallProgressed():
                self._progressed(fact)
            case facts.CallFinished():
                self._finish(fact.call_id, fact.end, statistics=fact.statistics)
            case facts.DigitSent():
                self._digit_sent(fact)
            case facts.TransferReported():
                self._transferred(fact)
            case facts.ConferenceReported():
                for call in self._store.current():
                    self._store.change(call.id, conference=call.id in fact.call_ids)
            case facts.CommandRefused():
                self._refused(fact)
            case facts.EngineStopped():
                self.end_all(Failure(kind=FailureKind.ENGINE, detail=fact.detail))
            case _:
                self._noted(fact)

    def _noted(self, fact: facts.Fact) -> None:
        """Facts that change the snapshot of one call and nothing else."""
        match fact:
            case facts.CallHoldReported():
                self._store.change(fact.call_id, held=fact.held, remote_held=fact.remote_held)
            case facts.CallMuteReported():
                self._store.change(fact.call_id, muted=fact.muted)
            case facts.CallPartyReported():
                remote = checked_party(fact.remote)
                self._store.change(fact.call_id, remote=remote, match=self._contacts.match(remote.number))
            case facts.CallMediaReported():
                self._store.change(fact.call_id, media=attrs.evolve(fact.media, codec=plain(fact.media.codec, limit=40)))
            case facts.CallStatisticsReported():
                self._store.change(fact.call_id, statistics=fact.statistics)

    def _arrived(self, fact: facts.CallArrived) -> None:
        if self._store.get(fact.call_id) is not None:
            _log.error("the engine reported the call %s twice", fact.call_id)
            return
        call = Call(
            id=fact.call_id,
            account_id=fact.account_id,
            direction=Direction.INCOMING,
            state=CallState.RINGING,
            remote=(remote := checked_party(fact.remote)),
            match=self._contacts.match(remote.number),
            called=plain(fact.called),
            answer_after=None if fact.answer_after is None else min(max(fact.answer_after, 0.0), _LONGEST_BEFORE_ANSWER),
            created_at=self._clock(),
        )
        verdict = self._screening.verdict(call)
        if verdict is not None and not verdict.value.silent:
            self._screened(call, verdict)
            return
        call = attrs.evolve(call, silenced=verdict is not None)
        self._driver.submit(commands.Ring(call_id=call.id, silent=call.silenced))
        self._store.add(call)

    def _screened(self, call: Call, verdict: Owned[Verdict]) -> None:
        refusal = verdict.value
        self._driver.submit(commands.Reject(call_id=call.id, status=refusal.status))
        reason = plain(refusal.reason)
        self._bus.publish(CallScreened(call=call, plugin_id=verdict.plugin_id, reason=reason))
        end = CallEnd(cause=EndCause.MISSED if refusal.missed else EndCause.REJECTED)
        record = CallRecord.of(call, ended_at=self._clock(), screened_by=verdict.plugin_id, screened_reason=reason, end=end)
        self._hooks.call_ended(record)

    def _progressed(self, fact: facts.CallProgressed) -> None:
        call = self._store.get(fact.call_id)
        if call is None or fact.state not in _ORDER or _ORDER[fact.state] < _ORDER[call.state]:
            return
        if call.direction is Direction.INCOMING and fact.state is not CallState.CONNECTED:
            return  # an incoming call rings until it is answered
        answered = self._clock() if fact.state is CallState.CONNECTED and call.answered_at is None else call.answered_at
        self._store.change(fact.call_id, state=fact.state, answered_at=answered)

    def _finish(self, call_id: CallId, end: CallEnd, *, statistics: CallStatistics | None = None) -> None:
        call = self._store.get(call_id)
        if call is None:
            return
        if call.parked is not None and end.cause is EndCause.TRANSFERRED:
            end = attrs.evolve(end, cause=EndCause.PARKED)
        sent_to = self._sent_to.pop(call_id, "")
        if end.cause is EndCause.REDIRECTED:
            end = attrs.evolve(end, sent_to=sent_to)
        now = self._clock()
        ended = self._store.change(
            call_id, state=CallState.ENDED, ended_at=now, end=end, statistics=statistics or call.statistics
        )
        self._targets.pop(call_id, None)
        self._asked.discard(call_id)
        if ended is not None and not ended.background:
            self._hooks.call_ended(CallRecord.of(ended, ended_at=now))

    def _transferred(self, fact: facts.TransferReported) -> None:
        self._asked.discard(fact.call_id)
        target = self._targets.get(fact.call_id, "")
        self._store.change(fact.call_id, transfer=TransferState(target=target, stage=fact.stage, failure=fact.failure))

    def _contacts_changed(self, _event: ContactsChanged) -> None:
        for call in self._store.current():
            match = self._contacts.match(call.remote.number)
            if match is not None:  # a name that was shown stays as long as the call
                self._store.change(call.id, match=match)

    def _digit_sent(self, fact: facts.DigitSent) -> None:
        call = self._store.get(fact.call_id)
        if call is None or not _DIGITS.fullmatch(fact.digit):
            return
        changed = self._store.change(fact.call_id, digits=(call.digits + fact.digit)[-256:])
        if changed is not None:
            self._bus.publish(DigitWasSent(call=changed, digit=fact.digit, method=plain(fact.method, limit=20)))

    def _refused(self, fact: facts.CommandRefused) -> None:
        if fact.call_id is None:
            return
        _log.info("the engine refused %s: %s", plain(fact.command), evidence(fact.failure) or fact.failure.kind.value)
        call = self._store.get(fact.call_id)
        if call is None:
            return
        if call.state is CallState.DIALING and fact.command == commands.PlaceCall.__name__:
            self._finish(fact.call_id, CallEnd(cause=EndCause.FAILED, failure=fact.failure))
            return
        if call.id in self._asked and fact.command in {commands.Transfer.__name__, commands.TransferTo.__name__}:
            # nothing was sent, so nothing else will be heard of it: the card says why
            self._transferred(facts.TransferReported(call_id=call.id, stage=TransferStage.FAILED, failure=fact.failure))
            return
        words = explain(fact.failure)
        self._notices.post(words.text, hint=words.hint, details=evidence(fact.failure), severity=Severity.WARNING)

    # ---------------------------------------------------------------------------------------------------------- internal

    def _dialled(self, target: str) -> str:
        """What the PBX is asked for; a SIP address says where it leads, and an emergency number is what it is."""
        target = clean_target(target)
        if target.startswith(("sip:", "sips:")) or is_emergency(target):
            return target
        return self._hooks.rewrite_number(target, dialable=clean_target)

    def _prepared(self, request: CallRequest) -> CallRequest:
        changed = self._hooks.prepare_outgoing(request)
        return attrs.evolve(changed, target=clean_target(changed.target))

    def _refer(self, command: commands.Transfer | commands.TransferTo, target: str) -> None:
        self._ask(command)
        self._targets[command.call_id] = target
        self._asked.add(command.call_id)

    def _transferable(self, call_id: CallId) -> Call:
        self._connected(call_id, "transfer")
        call = self._live(call_id)
        watched = call.transfer is not None and call.transfer.watched
        if call_id in self._asked or (call.transferring and not watched):
            raise UserError("this call is being transferred already")
        return call

    def _account_for_call(self, *, emergency: bool) -> Account:
        account, registration = self._accounts.current, self._accounts.registration
        if not self._driver.running:
            raise UserError("the call engine is not running", "Wait a moment and try again, or restart PC CallManager.")
        if account is None:
            raise UserError("not connected to the PBX", "Enter server, extension and password in Settings.")
        if not emergency and (registration is None or registration.state is not RegistrationState.REGISTERED):
            raise UserError("not connected to the PBX", "Connect in Settings, or wait until the dot is green.")
        return account

    def _hold_others(self, *, keep: CallId | None = None) -> None:
        """One conversation at a time; a conference is one."""
        kept = self._store.get(keep) if keep else None
        together = kept is not None and kept.conference
        self._hold_all_but({call.id for call in self._store.current() if call.id == keep or (together and call.conference)})

    def _hold_all_but(self, kept: Collection[CallId]) -> None:
        for call in self._store.current():
            if call.talking and call.id not in kept:
                self._driver.submit(commands.SetHeld(call_id=call.id, held=True))

    def _live(self, call_id: CallId) -> Call:
        call = self._store.get(call_id)
        if call is None:
            raise UserError("this call is over")
        return call

    def _connected(self, call_id: CallId, verb: str) -> None:
        if self._live(call_id).state is not CallState.CONNECTED:
            raise UserError(f"{verb} works when the call is connected")

    def _ask(self, command: commands.Command) -> None:
        if not self._driver.submit(command):
            raise UserError("the call engine is not running", "Wait a moment and try again, or restart PC CallManager.")


def _refuse_emergency(target: str) -> None:
    if is_emergency(target):
        raise UserError("a call can't be transferred to an emergency number", "Call the number yourself and stay on the line.")


def _party_of(target: str) -> Party:
    if target.startswith(("sip:", "sips:")):
        return Party(number=target.partition(":")[2].partition("@")[0], uri=target)
    return Party(number=target)

"""`SipStack`: accounts and calls on the SIP thread, and the doors through which other threads reach them."""

import logging
import secrets
from collections.abc import Callable
from typing import Any, Final

from callmanager.api import (
    AccountId,
    Answer,
    CallArrived,
    CallEnd,
    CallFinished,
    CallId,
    CommandRefused,
    Conference,
    EndCause,
    Fact,
    Failure,
    FailureKind,
    HangUp,
    MessageRefused,
    PlaceCall,
    Redirect,
    Reject,
    Ring,
    SendDigits,
    SetHeld,
    SetMuted,
    Transfer,
    TransferTo,
)

from callmanager_sip_engine.sip import _pj
from callmanager_sip_engine.sip.account import AccountRoute, SipAccount
from callmanager_sip_engine.sip.call import SipCall
from callmanager_sip_engine.sip.endpoint import SipEndpoint
from callmanager_sip_engine.sip.mixer import Mixer
from callmanager_sip_engine.sip.reports import ConnectionLost, SipReport, ThreadFault
from callmanager_sip_engine.sip.thread import SipThread
from callmanager_sip_engine.sip.translate import (
    BadTarget,
    answer_after,
    asserted_party,
    called_number,
    checked_header,
    dial_uri,
    header_values,
    party_of,
    plain,
)

CallCommand = (
    PlaceCall
    | Ring
    | Answer
    | Reject
    | Redirect
    | HangUp
    | SetHeld
    | SetMuted
    | SendDigits
    | Transfer
    | TransferTo
    | Conference
)
_log: Final = logging.getLogger(__name__)
_LINGER_SECONDS: Final = 1.0


class SipStack:
    """Public methods may be called from any thread and return at once; `report` is called on the SIP thread."""

    def __init__(self, endpoint: SipEndpoint, report: Callable[[Fact | SipReport], None]) -> None:
        self.endpoint = endpoint
        self.report: Callable[[Any], None] = report
        self.thread = SipThread(endpoint, fault=lambda error: report(ThreadFault(detail=plain(repr(error)))))
        self._accounts: dict[AccountId, SipAccount] = {}
        self._calls: dict[CallId, SipCall] = {}
        self._fading: set[SipCall] = set()
        self._mixer = Mixer(self.report)
        endpoint.on_close.append(self._close)
        endpoint.on_connection_lost = lambda: report(ConnectionLost())

    # ------------------------------------------------------------------------------------------------------------- any thread

    def start(self) -> None:
        self.thread.start()

    def stop(self, *, timeout: float) -> bool:
        return self.thread.stop(timeout=timeout)

    def ask(self, question: Callable[[], None]) -> None:
        """Have `question` called on the SIP thread: proof that it turns."""
        self.thread.submit(question)

    def register(self, route: AccountRoute) -> None:
        """Make or change the account and send a REGISTER."""
        self.thread.submit(lambda: self._register(route))

    def refresh(self, account_id: AccountId) -> None:
        """Send another REGISTER now, as proof that the PBX is reachable."""
        self.thread.submit(lambda: self._with_account(account_id, SipAccount.refresh))

    def restart_register(self, account_id: AccountId) -> None:
        """Give up the REGISTER under way (its retransmissions grow seconds apart) and send a fresh one."""
        self.thread.submit(lambda: self._with_account(account_id, SipAccount.register))

    def unregister(self, account_id: AccountId) -> None:
        self.thread.submit(lambda: self._with_account(account_id, SipAccount.unregister))

    def hang_up_all(self, account_id: AccountId) -> None:
        self.thread.submit(lambda: self._for_calls(account_id, SipCall.hang_up))

    def forget(self, account_id: AccountId) -> None:
        """Take the account out of pjsua2, once its last call is gone."""
        self.thread.submit(lambda: self._forget(account_id))

    def run_clock(self, run: bool) -> None:  # noqa: FBT001 - the only argument says it
        self.thread.submit(lambda: self.endpoint.run_clock(run))

    def prove_calls(self, account_id: AccountId) -> None:
        """The PBX is back: have each call confirmed by it, which also tells it where we are now. Unknown ones end."""
        self.thread.submit(lambda: self._for_calls(account_id, SipCall.prove))

    def end_silent_calls(self, account_id: AccountId, failure: Failure) -> None:
        """The PBX is away: end the calls of the account from which nothing has been heard for a while."""
        self.thread.submit(lambda: self._for_calls(account_id, lambda call: call.end_if_silent(failure)))

    def obey(self, command: CallCommand) -> None:
        self.thread.submit(lambda: self._obey(command))

    # ------------------------------------------------------------------------------------------ surroundings of accounts, calls

    @property
    def slots_come_free(self) -> bool:
        return len(self._calls) <= self.endpoint.max_calls

    def soon(self, job: Callable[[], None]) -> None:
        self.thread.submit(job)

    def call_later(self, seconds: float, job: Callable[[], None]) -> Callable[[], None]:
        return self.thread.call_later(seconds, job)

    def call_offered(self, account: SipAccount, pj_call_id: int, source: str, message: str) -> None:
        owner = next((each for each in self._accounts.values() if each.route.is_source(source)), None)
        call = SipCall(self, owner or account, CallId(secrets.token_hex(8)), pj_call_id=pj_call_id)
        if owner is None:
            # Scanners call every open SIP port; a call may come from the PBX of an account only.
            self._fading.add(call)
            call.finished = True
            parameters = _pj.CallOpParam()
            parameters.statusCode = 403
            call.pj.hangup(parameters)
            self.report(MessageRefused(reason=f"an INVITE from {plain(source, 64)}, which is no PBX of ours"))
            return
        self._calls[call.id] = call
        sender = next(header_values(message, "from"), "")
        remote = asserted_party(message) or party_of(sender)
        arrived = CallArrived(
            call_id=call.id,
            account_id=owner.route.account.id,
            remote=remote,
            called=called_number(message),
            answer_after=answer_after(message),
        )
        call.offered(remote, lambda: self.report(arrived))

    def call_ended(self, call: SipCall) -> None:
        self._calls.pop(call.id, None)
        self._mixer.leave(call)
        if call.alive_in_pjsip:
            # pjsip may still wait for an answer to CANCEL or BYE; dropping the object now would end that.
            self._fading.add(call)
        self._forget_faded()

    def media_replaced(self, call: SipCall) -> None:
        self._mixer.rejoin(call)

    # -------------------------------------------------------------------------------------------------------------- SIP thread

    def _register(self, route: AccountRoute) -> None:
        known = self._accounts.get(route.account.id)
        if known is None:
            known = self._accounts[route.account.id] = SipAccount(self, route)
        else:
            known.reroute(route)
        known.register()

    def _with_account(self, account_id: AccountId, action: Callable[[SipAccount], None]) -> None:
        if (account := self._accounts.get(account_id)) is not None:
            action(account)

    def _forget(self, account_id: AccountId) -> None:
        account = self._accounts.get(account_id)
        if account is None:
            return
        self._forget_faded()
        if any(call.account is account for call in (*self._calls.values(), *self._fading)):
            self.call_later(
                _LINGER_SECONDS, lambda: self._forget(account_id) if account is self._accounts.get(account_id) else None
            )
            return
        del self._accounts[account_id]
        account.close()

    def _for_calls(self, account_id: AccountId, action: Callable[[SipCall], None]) -> None:
        for call in list(self._calls.values()):
            if call.account.route.account.id == account_id:
                action(call)

    def _obey(self, command: CallCommand) -> None:
        if isinstance(command, PlaceCall):
            self._place(command)
            return
        if isinstance(command, Conference):
            self._confer(command)
            return
        call = self._calls.get(command.call_id)
        if call is None:
            self._refuse(command, "there is no such call any more")
            return
        match command:
            case Ring():
                call.ring()
            case Answer():
                call.answer()
            case Reject():
                call.reject(command.status)
            case Redirect():
                self._redirect(call, command)
            case HangUp():
                call.hang_up()
            case SetHeld():
                call.hold.want(held=command.held)
            case SetMuted():
                call.set_muted(muted=command.muted)
            case SendDigits():
                call.send_digits(command.digits)
            case Transfer():
                self._transfer(call, command)
            case TransferTo():
                self._transfer_to(call, command)

    def _place(self, command: PlaceCall) -> None:
        account = self._accounts.get(command.account_id)
        if account is None:
            self._fail(command, Failure(kind=FailureKind.LINK_LOST, detail="the account is not connected"))
            return
        if command.call_id in self._calls:
            self._refuse(command, "the call id is in use")
            return
        try:
            uri = dial_uri(command.target, account.route.account)
            headers = tuple(checked_header(header) for header in command.headers)
        except (BadTarget, ValueError) as error:
            self._fail(command, Failure(kind=FailureKind.NOT_FOUND, detail=str(error)))
            return
        call = self._calls[command.call_id] = SipCall(self, account, command.call_id, silent=command.silent)
        call.place(uri, headers)

    def _redirect(self, call: SipCall, command: Redirect) -> None:
        try:
            uri = dial_uri(command.target, call.account.route.account)
        except BadTarget as error:
            self._refuse(command, str(error))
            return
        call.redirect(uri)

    def _transfer(self, call: SipCall, command: Transfer) -> None:
        try:
            uri = dial_uri(command.target, call.account.route.account)
        except BadTarget as error:
            self._refuse(command, str(error))
            return
        call.transfer.to_number(uri)

    def _transfer_to(self, call: SipCall, command: TransferTo) -> None:
        other = self._calls.get(command.other_id)
        if other is None or other is call or not other.connected:
            self._refuse(command, "there is no other answered call to connect it with")
            return
        call.transfer.to_call(other)

    def _confer(self, command: Conference) -> None:
        calls = [self._calls[call_id] for call_id in command.call_ids if call_id in self._calls]
        if len(calls) < len(command.call_ids) or not all(call.connected for call in calls):
            self._refuse(command, "only answered calls can be joined")
            return
        self._mixer.arrange(calls)

    def _fail(self, command: PlaceCall, failure: Failure) -> None:
        self.report(CallFinished(call_id=command.call_id, end=CallEnd(cause=EndCause.FAILED, failure=failure)))

    def _refuse(self, command: CallCommand, detail: str) -> None:
        failure = Failure(kind=FailureKind.ENGINE, detail=detail)
        call_id = None if isinstance(command, Conference) else command.call_id
        self.report(CommandRefused(command=type(command).__name__, failure=failure, call_id=call_id))

    def _forget_faded(self) -> None:
        for call in [each for each in self._fading if not each.alive_in_pjsip]:
            self._fading.discard(call)
            self.soon(call.release)

    def _close(self) -> None:
        for call in (*self._calls.values(), *self._fading):
            call.finished = True
            call.digits.clear()
            call.release()
        self._calls.clear()
        self._fading.clear()
        for account in self._accounts.values():
            account.close()
        self._accounts.clear()

"""One call in pjsua2: its life, told as facts."""

import logging
from collections.abc import Callable
from typing import Any, Final, Protocol

from callmanager.api import (
    CallEnd,
    CallFinished,
    CallId,
    CallMuteReported,
    CallPartyReported,
    CallProgressed,
    CallState,
    CommandRefused,
    DigitSent,
    EndCause,
    Failure,
    FailureKind,
    Header,
    Party,
)

from callmanager_sip_engine.sip import _pj
from callmanager_sip_engine.sip.account import SipAccount
from callmanager_sip_engine.sip.call_media import CallMediaWatch
from callmanager_sip_engine.sip.digits import DigitError, DigitQueue
from callmanager_sip_engine.sip.endpoint import SipEndpoint
from callmanager_sip_engine.sip.hold import HoldControl
from callmanager_sip_engine.sip.reports import CallIdentified
from callmanager_sip_engine.sip.transfer import TransferControl
from callmanager_sip_engine.sip.translate import answered_elsewhere, asserted_party, call_failure, plain

_log: Final = logging.getLogger(__name__)

_ANSWER_TO_INVITE_SECONDS: Final = 5.0
"""A living PBX says at least 100 at once; RFC 3261's 32 s (timer B) are an eternity for somebody who waits."""
_BYE_SECONDS: Final = 0.7
_RING_SECONDS: Final = 1.0
_INTERVAL_TOO_SMALL: Final = 422
_SLOT_SECONDS: Final = 3.0
_SLOT_PAUSE: Final = 0.1
_SILENT_SECONDS: Final = 20.0
"""Without a PBX and without a word from the far end, a call is over; a PBX that restarts is back before."""
_SILENT_HELD_SECONDS: Final = 120.0
"""On hold silence says nothing."""

Cancel = Callable[[], None]


class CallHost(Protocol):
    """What a call needs of its surroundings."""

    endpoint: SipEndpoint

    @property
    def slots_come_free(self) -> bool:
        """There are no more calls than slots: whatever holds them belongs to calls that are over for us."""
        ...

    def report(self, report: Any) -> None: ...
    def soon(self, job: Callable[[], None]) -> None: ...
    def call_later(self, seconds: float, job: Callable[[], None]) -> Cancel: ...
    def call_ended(self, call: "SipCall") -> None: ...
    def media_replaced(self, call: "SipCall") -> None: ...


class _PjCall(_pj.Call):  # type: ignore[misc]  # pjsua2 has no types
    """Hands callbacks over; an exception that left one would be printed and lost."""

    def __init__(self, owner: "SipCall", account: Any, pj_call_id: int) -> None:
        super().__init__(account, pj_call_id)
        self.owner: SipCall | None = owner

    def onCallState(self, _prm: Any) -> None:  # noqa: N802 - pjsua2's name
        self._tell(lambda call: call.state_changed())

    def onCallMediaState(self, _prm: Any) -> None:  # noqa: N802 - pjsua2's name
        self._tell(lambda call: call.media_changed())

    def onCallTransferStatus(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
        code, reason, final = int(prm.statusCode), str(prm.reason), bool(prm.finalNotify)
        self._tell(lambda call: call.transfer.status(code, reason, final=final))

    def onCallRedirected(self, prm: Any) -> int:  # noqa: N802 - pjsua2's name
        code, target = int(prm.e.body.tsxState.tsx.statusCode), str(prm.targetUri)
        self._tell(lambda call: call.redirected(code, target))
        return int(_pj.REDIRECT_STOP)

    def onCallTsxState(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
        self._tell(lambda call: call.transaction_changed(prm.e.body.tsxState))

    def _tell(self, what: Callable[["SipCall"], None]) -> None:
        try:
            if self.owner is not None:
                what(self.owner)
        except Exception:  # noqa: BLE001 - logged; nothing may leave a callback
            _log.exception("an event of a call was lost")


class SipCall:
    """SIP thread only. After `CallFinished` it says nothing more, whatever pjsip still does in the background."""

    def __init__(
        self, host: CallHost, account: SipAccount, call_id: CallId, *, pj_call_id: int | None = None, silent: bool = False
    ) -> None:
        self.host = host
        self.account = account
        self.id = call_id
        self.incoming = pj_call_id is not None
        self.pj: Any = _PjCall(self, account.pj, -1 if pj_call_id is None else pj_call_id)
        self.digits = DigitQueue(self, host.call_later)
        self.media = CallMediaWatch(self, host)
        self.hold = HoldControl(self, host)
        self.transfer = TransferControl(self, host)
        self.finished = False
        self.connected = False
        self.silent = silent
        """What the far end says is played to nobody here."""
        self.muted = silent
        self._state = CallState.RINGING if self.incoming else CallState.DIALING
        self._sip_code: int | None = None
        self._remote: Party | None = None
        self._local_end: EndCause | None = None
        self._cancelled_elsewhere = False
        self._timers: list[Cancel] = []
        self._silence: Cancel | None = None
        self._broken: Failure | None = None
        self._redirected: Failure | None = None
        self._announce: Callable[[], None] | None = None
        self.sip_call_id = ""

    # ---------------------------------------------------------------------------------------------------------------- commands

    def place(self, uri: str, headers: tuple[Header, ...], *, patience: float = _SLOT_SECONDS) -> None:
        """Send the INVITE; while pjsip still holds slots for calls that are over, wait `patience` seconds for one of them."""
        if self.finished or self._local_end is not None:
            return
        parameters = _pj.CallOpParam(True)
        _add(parameters, headers)
        try:
            self.pj.makeCall(uri, parameters)
        except _pj.Error as error:
            if _is_full(error) and patience > 0 and self.host.slots_come_free:
                again = self.host.call_later(_SLOT_PAUSE, lambda: self.place(uri, headers, patience=patience - _SLOT_PAUSE))
                self._timers.append(again)
                return
            self.finish(CallEnd(cause=EndCause.FAILED, failure=_library_failure(error)))
            return
        self._identify()
        self._silence = self.host.call_later(_ANSWER_TO_INVITE_SECONDS, self._nobody_there)
        self._timers.append(lambda: self._silence and self._silence())

    def offered(self, remote: Party, announce: Callable[[], None]) -> None:
        """An INVITE came in: nobody has been told anything but 100 Trying yet. Once pjsip has let it in, it is announced."""
        self._remote = remote
        self._announce = announce
        self.host.soon(self._announced)
        self._timers.append(self.host.call_later(_RING_SECONDS, self.ring))

    def ring(self) -> None:
        if self.incoming and not self.connected and not self.finished and self._sip_code is None:
            self._sip_code = 180
            self._answer(180)
            self.host.report(CallProgressed(call_id=self.id, state=CallState.RINGING, sip_code=180))

    def answer(self) -> None:
        if not self.incoming or self.connected:
            self.refuse("Answer", "there is nothing to answer")
            return
        self._sip_code = 200
        self._answer(200)

    def reject(self, status: int) -> None:
        if not self.incoming or self.connected:
            self.refuse("Reject", "there is nothing to reject")
            return
        if not 300 <= status <= 699:
            self.refuse("Reject", f"{status} is no status to reject with")
            return
        self.end(EndCause.REJECTED, status)

    def redirect(self, uri: str) -> None:
        """302 with the address as Contact. The far end may ignore it (RFC 3261 section 8.1.3.4), which is not seen here."""
        if not self.incoming or self.connected:
            self.refuse("Redirect", "there is nothing to redirect")
            return
        self.end(EndCause.REDIRECTED, 302, headers=(Header(name="Contact", value=f"<{uri}>"),))

    def hang_up(self) -> None:
        if self.incoming and not self.connected:
            self.end(EndCause.REJECTED, 486)
        else:
            self.end(EndCause.LOCAL, 0)

    def set_muted(self, *, muted: bool) -> None:
        if muted != self.muted:
            self.muted = muted
            self.media.connect()
        self.host.report(CallMuteReported(call_id=self.id, muted=self.muted))

    def send_digits(self, digits: str) -> None:
        if not self.connected and self._state is not CallState.PROGRESS:
            self.refuse("SendDigits", "digits can be sent once the far end answers or plays something")
            return
        try:
            self.digits.send(digits)
        except DigitError as error:
            self.refuse("SendDigits", str(error))

    # ------------------------------------------------------------------------------------------------------------ ends of calls

    def end(self, cause: EndCause, status: int, failure: Failure | None = None, *, headers: tuple[Header, ...] = ()) -> None:
        """End it from here. The fact follows when pjsip has said goodbye, or soon after where nobody listens any more."""
        if self.finished or self._local_end is not None:
            return
        self._local_end, self._broken = cause, failure
        if int(self.pj.getId()) < 0:  # it still waits for a slot; pjsip aborts when such a call is hung up
            self.finish(CallEnd(cause=cause, failure=failure))
            return
        self.media.measure()
        parameters = _pj.CallOpParam()
        parameters.statusCode = status
        _add(parameters, headers)
        try:
            self.pj.hangup(parameters)
        except _pj.Error as error:
            _log.debug("hanging up: %s", plain(str(getattr(error, "reason", error))))
        if not self.finished:
            self._timers.append(self.host.call_later(_BYE_SECONDS, lambda: self.finish(CallEnd(cause=cause, failure=failure))))

    def leave(self) -> None:
        """The far end was handed on: say goodbye, which Asterisk may have done already."""
        self.end(EndCause.TRANSFERRED, 0)

    def prove(self) -> None:
        """Ask the far end for its confirmation by a re-INVITE that changes nothing; a 481 ends the call (RFC 5057)."""
        if self.connected and not self.finished and self._local_end is None:
            self.hold.confirm()

    def end_if_silent(self, failure: Failure) -> None:
        """End it when the media stopped some time ago; while the far end is heard, the call goes on without its PBX."""
        patience = _SILENT_HELD_SECONDS if self.hold.held or self.hold.remote_held else _SILENT_SECONDS
        if not self.connected or self.media.silent_for >= patience:
            self.end(EndCause.FAILED, 0, failure)

    def finish(self, end: CallEnd) -> None:
        if self.finished:
            return
        self._announced()
        self._over(end)

    def _over(self, end: CallEnd | None) -> None:
        statistics = self.media.stop()
        self.transfer.stop()
        self.finished = True
        self.digits.clear()
        for cancel in self._timers:
            cancel()
        if end is not None:
            self.host.report(CallFinished(call_id=self.id, end=end, statistics=statistics))
        self.host.call_ended(self)

    def _announced(self) -> None:
        announce, self._announce = self._announce, None
        if announce is not None and not self.finished:
            self._identify()
            announce()

    def release(self) -> None:
        """Drop pjsua2's object; its destructor hangs up whatever is still alive. Not from inside a callback."""
        if self.pj is not None:
            self.pj.owner = None
            self.pj = None

    @property
    def alive_in_pjsip(self) -> bool:
        return self.pj is not None and bool(self.pj.isActive())

    def _nobody_there(self) -> None:
        if not self.connected and self._sip_code is None and not self.finished:
            kind = FailureKind.LINK_LOST if self.account.route.through_edge else FailureKind.TIMEOUT
            self.end(EndCause.FAILED, 0, Failure(kind=kind, detail="the PBX did not react to the call"))

    # ---------------------------------------------------------------------------------------------------------- pjsua2's events

    def state_changed(self) -> None:
        info = self.pj.getInfo()
        if info.state == _pj.INV_CONFIRMED:
            self._connected()
        elif info.state == _pj.INV_DISCONNECTED:
            code = int(info.lastStatusCode)
            if code == _INTERVAL_TOO_SMALL and self._announce is not None:
                # pjsip has asked the caller for another INVITE (RFC 4028 section 9): this one was no call yet.
                self._announce = None
                self._over(None)
            else:
                self.finish(self._end_of(code, str(info.lastReason)))
            self.host.soon(self.release)

    def redirected(self, code: int, target: str) -> None:
        """The far end names another address (3xx). Told and not followed: whom we call is ours to choose."""
        self._redirected = Failure(
            kind=FailureKind.UNAVAILABLE, detail=plain(f"{code}: the far end says to call {target} instead"), sip_code=code
        )

    def transaction_changed(self, event: Any) -> None:
        """Provisional answers, CANCEL, changed identities and failed re-INVITEs are seen only here."""
        if event.type != _pj.EVENT_RX_MSG:
            return
        transaction = event.tsx
        message = str(event.src.rdata.wholeMsg)
        method, role, code = str(transaction.method), transaction.role, int(transaction.statusCode)
        if role == _pj.ROLE_UAS:
            if method == "BYE":
                self.media.measure()
            elif method == "CANCEL":
                self._cancelled_elsewhere = answered_elsewhere(message)
            elif method in {"INVITE", "UPDATE"}:
                self._identified_as(asserted_party(message))
            return
        if method not in {"INVITE", "UPDATE"}:
            return
        self._identified_as(asserted_party(message))
        if method == "INVITE" and not self.connected and 100 <= code < 200:
            self._progressed(code)
        elif method == "INVITE" and self.connected:
            self.hold.answered(code)

    def media_changed(self) -> None:
        self.media.changed()
        self.host.media_replaced(self)
        self.hold.media_changed(self.media.status)

    def _connected(self) -> None:
        if self.connected:
            return
        self.connected = True
        self._state = CallState.CONNECTED
        self.host.report(CallProgressed(call_id=self.id, state=CallState.CONNECTED, sip_code=200))
        self.media.call_connected()

    def _progressed(self, code: int) -> None:
        if self._silence:
            self._silence()
        if code == 100 or code == self._sip_code:
            self._sip_code = self._sip_code or 100
            return
        self._sip_code = code
        self._state = CallState.PROGRESS
        self.host.report(CallProgressed(call_id=self.id, state=CallState.PROGRESS, sip_code=code))

    def _end_of(self, code: int, reason: str) -> CallEnd:
        if self._local_end is not None:
            return CallEnd(cause=self._local_end, failure=self._broken)
        if self.transfer.accepted:
            return CallEnd(cause=EndCause.TRANSFERRED)
        if self.connected:
            if code in {408, 481, 503}:
                return CallEnd(
                    cause=EndCause.FAILED,
                    failure=Failure(kind=FailureKind.LINK_LOST, detail=plain(f"{code} {reason}"), sip_code=code),
                )
            return CallEnd(cause=EndCause.REMOTE)
        if self.incoming:
            return CallEnd(cause=EndCause.ELSEWHERE if self._cancelled_elsewhere else EndCause.MISSED)
        # A call that stops at a redirection ends with a 487 of pjsip's own.
        return CallEnd(cause=EndCause.FAILED, failure=self._redirected or call_failure(code, reason))

    # --------------------------------------------------------------------------------------------------------------- DTMF line

    def send_digit(self, digit: str, milliseconds: int) -> str:
        for method, name in ((_pj.DTMF_RFC4733, "rfc4733"), (_pj.DTMF_INFO, "info")):
            if method == _pj.DTMF_RFC4733 and not self.media.digits_supported:
                continue
            parameters = _pj.CallSendDtmfParam()
            parameters.method, parameters.duration, parameters.digits = method, milliseconds, digit
            try:
                self.pj.sendDtmf(parameters)
            except _pj.Error as error:
                if method == _pj.DTMF_RFC4733 and getattr(error, "status", 0) == _pj.EREMNORFC2833:
                    continue
                raise DigitError(plain(str(getattr(error, "reason", error)))) from error
            return name
        raise DigitError("neither RFC 4733 nor INFO works on this call")

    def digit_sent(self, digit: str, method: str) -> None:
        self.host.report(DigitSent(call_id=self.id, digit=digit, method=method))

    def digit_failed(self, digit: str, reason: str) -> None:
        self.refuse("SendDigits", f"digit {digit} could not be sent: {reason}")

    # ------------------------------------------------------------------------------------------------------------------ helpers

    def refuse(self, command: str, detail: str) -> None:
        failure = Failure(kind=FailureKind.ENGINE, detail=detail)
        self.host.report(CommandRefused(command=command, failure=failure, call_id=self.id))

    def _answer(self, status: int) -> None:
        parameters = _pj.CallOpParam()
        parameters.statusCode = status
        try:
            self.pj.answer(parameters)
        except _pj.Error as error:
            _log.info("answering with %d: %s", status, plain(str(getattr(error, "reason", error))))

    def _identify(self) -> None:
        self.sip_call_id = str(self.pj.getInfo().callIdString)
        account_id = self.account.route.account.id
        self.host.report(CallIdentified(call_id=self.id, account_id=account_id, sip_call_id=self.sip_call_id))

    def _identified_as(self, party: Party | None) -> None:
        if party is not None and party != self._remote and (party.number or party.name):
            self._remote = party
            self.host.report(CallPartyReported(call_id=self.id, remote=party))


def _add(parameters: Any, headers: tuple[Header, ...]) -> None:
    for header in headers:
        sip_header = _pj.SipHeader()
        sip_header.hName, sip_header.hValue = header.name, header.value
        parameters.txOption.headers.append(sip_header)


def _is_full(error: Exception) -> bool:
    return getattr(error, "status", 0) == _pj.ETOOMANY


def _library_failure(error: Exception) -> Failure:
    if _is_full(error):
        return Failure(kind=FailureKind.ENGINE, detail="too many calls at once")
    return Failure(kind=FailureKind.ENGINE, detail=plain(str(getattr(error, "reason", "") or error)))

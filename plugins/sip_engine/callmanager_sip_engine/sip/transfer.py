"""Handing the far end of a call to somebody else: REFER, and what the far end says of it (RFC 3515)."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol

from callmanager.api import Failure, FailureKind, TransferReported, TransferStage

from callmanager_sip_engine.sip import _pj
from callmanager_sip_engine.sip.translate import call_failure, plain

if TYPE_CHECKING:
    from callmanager_sip_engine.sip.call import SipCall

_log: Final = logging.getLogger(__name__)
_PATIENCE_SECONDS: Final = 15.0
"""A far end that takes a REFER and then neither tells anything nor hangs up has not understood it."""

Cancel = Callable[[], None]


class TransferHost(Protocol):
    """What a transfer needs of its surroundings."""

    def report(self, report: Any) -> None: ...
    def call_later(self, seconds: float, job: Callable[[], None]) -> Cancel: ...


class TransferControl:
    """SIP thread only. One transfer at a time; `accepted` is true while the far end may leave us any moment because of it."""

    def __init__(self, call: "SipCall", host: TransferHost) -> None:
        self._call = call
        self._host = host
        self._under_way = False
        self._patience: Cancel | None = None
        self.accepted = False

    def to_number(self, uri: str) -> None:
        """Blind: the far end is asked to call `uri`."""
        self._begin("Transfer", lambda: self._call.pj.xfer(uri, _pj.CallOpParam(True)))

    def to_call(self, other: "SipCall") -> None:
        """Attended: the far end is asked to take the place of our other call."""
        parameters = _pj.CallOpParam(True)
        # Asterisk refuses a REFER whose Replaces header is demanded by a Require header in the Refer-To.
        parameters.options = _pj.XFER_NO_REQUIRE_REPLACES
        self._begin("TransferTo", lambda: self._call.pj.xferReplaces(other.pj, parameters))

    def status(self, code: int, reason: str, *, final: bool) -> None:
        """What the far end answered to the REFER, or tells in a NOTIFY."""
        if not self._under_way:
            return
        if code >= 300:
            taken = self.accepted
            self._fail(call_failure(code, reason))
            if taken:
                # Asterisk 22 keeps our dialog for a minute when the caller has gone to the target and ended there: no channel,
                # no BYE. A re-INVITE finds out whether there is still somebody to talk to.
                self._call.prove()
            return
        self.accepted = True
        if code in {180, 183}:
            self._rest()
            self._tell(TransferStage.RINGING)
        elif code >= 200 or final:
            # A subscription that ends without an outcome: the far end lets go, and its BYE or our hanging up settles it.
            self._settle()
            self._tell(TransferStage.DONE)
            self._call.leave()
        else:
            self._rest()
            self._tell(TransferStage.ASKED)

    def stop(self) -> None:
        """The call is over; a transfer under way was its reason."""
        self._settle()

    def _begin(self, command: str, ask: Callable[[], None]) -> None:
        if not self._call.connected:
            self._call.refuse(command, "only an answered call can be transferred")
            return
        if self._under_way:
            self._call.refuse(command, "a transfer is under way")
            return
        try:
            ask()
        except _pj.Error as error:
            self._call.refuse(command, plain(str(getattr(error, "reason", error))))
            return
        self._under_way, self.accepted = True, False
        self._rest()
        self._tell(TransferStage.ASKED)

    def _rest(self) -> None:
        if self._patience:
            self._patience()
        self._patience = self._host.call_later(_PATIENCE_SECONDS, self._nothing_came)

    def _nothing_came(self) -> None:
        self._fail(Failure(kind=FailureKind.TIMEOUT, detail="the PBX did not say what became of the transfer"))

    def _fail(self, failure: Failure) -> None:
        self._settle()
        self.accepted = False
        _log.info("a transfer failed: %s", failure.detail)
        self._tell(TransferStage.FAILED, failure)

    def _settle(self) -> None:
        self._under_way = False
        if self._patience:
            self._patience()
            self._patience = None

    def _tell(self, stage: TransferStage, failure: Failure | None = None) -> None:
        self._host.report(TransferReported(call_id=self._call.id, stage=stage, failure=failure))

"""Hold and resume of one call: one re-INVITE at a time, until what is in force is what was wanted last."""

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol

from callmanager.api import CallHoldReported

from callmanager_sip_engine.sip import _pj

if TYPE_CHECKING:
    from callmanager_sip_engine.sip.call import SipCall

_GLARE_SECONDS: Final = (0.2, 1.5)
"""Pause before trying again after 491 or a re-INVITE that crossed ours (RFC 3261 section 14.1, shortened for people)."""
_BUSY_SECONDS: Final = 0.05
_TRIES: Final = 5

Cancel = Callable[[], None]


class HoldHost(Protocol):
    """What hold needs of its surroundings."""

    def report(self, report: Any) -> None: ...
    def call_later(self, seconds: float, job: Callable[[], None]) -> Cancel: ...


class HoldControl:
    """SIP thread only."""

    def __init__(self, call: "SipCall", host: HoldHost) -> None:
        self._call = call
        self._host = host
        self._wanted = False
        self._under_way = False
        self._tries = 0
        self.held = False
        self.remote_held = False

    def want(self, *, held: bool) -> None:
        if not self._call.connected:
            self._call.refuse("SetHeld", "only an answered call can be held")
            return
        self._wanted = held
        self._tries = 0
        if held == self.held and not self._under_way:
            self._tell()
            return
        self._pursue()

    def confirm(self) -> None:
        """Send a re-INVITE that keeps what is in force, so that both sides know again where the other is."""
        if self._under_way:
            return  # One that does the same is on its way.
        try:
            self._call.pj.reinvite(_pj.CallOpParam(True))
        except _pj.Error:
            self._host.call_later(random.uniform(*_GLARE_SECONDS), self._call.prove)  # noqa: S311 - spread, not secrecy

    def media_changed(self, status: int) -> None:
        """SDP was negotiated, by our offer or by theirs."""
        before = (self.held, self.remote_held)
        if status == _pj.MEDIA_LOCAL_HOLD:
            self.held = True
        elif status == _pj.MEDIA_REMOTE_HOLD:
            self.held, self.remote_held = False, True
        elif status == _pj.MEDIA_ACTIVE:
            self.held = self.remote_held = False
        else:
            return
        self._under_way = False
        if (self.held, self.remote_held) != before:
            self._tell()
        if self._wanted != self.held and self._call.connected:
            self._pursue()

    def answered(self, code: int) -> None:
        """A re-INVITE of ours has an answer; a success shows itself by the media."""
        if code < 300 or not self._under_way:
            return
        self._under_way = False
        if code in {401, 407}:
            self._under_way = True  # pjsip answers the challenge by itself
        elif code == 491:
            self._again(random.uniform(*_GLARE_SECONDS))  # noqa: S311 - spread, not secrecy
        else:
            self._wanted = self.held
            self._call.refuse("SetHeld", f"the far end answered {code}")
            self._tell()

    def _pursue(self) -> None:
        if self._under_way or self._call.finished or self._wanted == self.held:
            return
        parameters = _pj.CallOpParam(True)
        try:
            if self._wanted:
                self._call.pj.setHold(parameters)
            else:
                parameters.opt.flag = _pj.CALL_UNHOLD
                self._call.pj.reinvite(parameters)
        except _pj.Error:
            # pjsip is still busy with the change before this one, which takes a round trip.
            self._again(_BUSY_SECONDS * 2**self._tries)
            return
        self._under_way = True

    def _again(self, seconds: float) -> None:
        self._tries += 1
        if self._tries > _TRIES:
            self._wanted = self.held
            self._call.refuse("SetHeld", "the call is busy with another change")
            self._tell()
            return
        self._host.call_later(seconds, self._pursue)

    def _tell(self) -> None:
        self._host.report(CallHoldReported(call_id=self._call.id, held=self.held, remote_held=self.remote_held))

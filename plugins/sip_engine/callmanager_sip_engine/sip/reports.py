"""What the SIP thread tells the engine besides the facts that are for the app."""

import attrs
from callmanager.api import AccountId, CallId


@attrs.frozen(kw_only=True)
class RegisterAnswered:
    """A REGISTER has its final outcome. `code` 0 means that it was never answered; `expires` 0 that we are unregistered."""

    account_id: AccountId
    generation: int
    code: int
    reason: str
    expires: int
    round_trip_ms: float | None


@attrs.frozen(kw_only=True)
class CallIdentified:
    """Which SIP Call-ID a call has, so that its media leg at the edge is found."""

    call_id: CallId
    account_id: AccountId
    sip_call_id: str


@attrs.frozen(kw_only=True)
class ConnectionLost:
    """A TCP connection of pjsua2 has ended: what was registered over it is worth a proof."""


@attrs.frozen(kw_only=True)
class ThreadFault:
    """A job of the SIP thread failed in a way nobody foresaw."""

    detail: str


SipReport = RegisterAnswered | CallIdentified | ConnectionLost | ThreadFault

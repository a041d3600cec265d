"""What the app may ask of an engine; a command changes nothing by itself, the facts that follow do."""

import attrs

from callmanager.model.accounts import Account, AccountId
from callmanager.model.audio import AudioChoice
from callmanager.model.calls import CallId, Header
from callmanager.value import Value


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Register(Value):
    """Register the account and keep it so; replaces an account of the same id, whose calls go on if the server is the same."""

    account: Account
    password: str = attrs.field(repr=False)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Unregister(Value):
    account_id: AccountId


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PlaceCall(Value):
    """Call `target` (a number or a SIP URI); the app chooses the id.

    A `silent` call is neither heard nor heard in: no progress tones, the microphone muted from the first packet, and what its
    far end says is played to nobody here.
    """

    call_id: CallId
    account_id: AccountId
    target: str
    headers: tuple[Header, ...] = ()
    silent: bool = False


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Ring(Value):
    """Let an incoming call ring: 180 to the caller, ringtone here unless `silent`. Without an order the engine rings after a
    second."""

    call_id: CallId
    silent: bool = False


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Answer(Value):
    call_id: CallId


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Reject(Value):
    """Refuse an incoming call with a SIP status (RFC 3261 section 21): 486 goes to busy treatment, 603 declines."""

    call_id: CallId
    status: int = 486


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Redirect(Value):
    """Send the caller of an incoming call on to `target` (a number or a SIP URI) without answering: 302 Moved Temporarily with
    the target as Contact (RFC 3261 section 21.3.3). The call ends with `EndCause.REDIRECTED`."""

    call_id: CallId
    target: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class HangUp(Value):
    call_id: CallId


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SetHeld(Value):
    call_id: CallId
    held: bool


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SetMuted(Value):
    call_id: CallId
    muted: bool


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SendDigits(Value):
    """Send DTMF digits `0-9 * # A-D`, each exactly once, in order (RFC 4733; INFO where it was not agreed)."""

    call_id: CallId
    digits: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Transfer(Value):
    """Ask the far end to call `target` (a number or a SIP URI) instead of us (REFER, RFC 3515); the PBX takes it from there."""

    call_id: CallId
    target: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TransferTo(Value):
    """Connect the far ends of two of our calls and leave both (REFER with Replaces, RFC 3891)."""

    call_id: CallId
    other_id: CallId


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Conference(Value):
    """Mix these calls, so that all of them hear each other and us; fewer than two end the conference, and no call."""

    call_ids: tuple[CallId, ...]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ConfigureAudio(Value):
    choice: AudioChoice


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PreviewRingtone(Value):
    """Play the ringtone for a few seconds on the chosen ringer."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class WatchAudioDevices(Value):
    """While watched, devices that come and go are reported within a second; otherwise only while audio is in use."""

    watched: bool


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CheckNetwork(Value):
    """The network may have changed (wake-up, new address): prove the link now instead of at the next keep-alive."""


Command = (
    Register
    | Unregister
    | PlaceCall
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
    | ConfigureAudio
    | PreviewRingtone
    | WatchAudioDevices
    | CheckNetwork
)

"""What an engine reports: past facts, in the order in which they happened."""

import attrs

from callmanager.model.accounts import AccountId, Registration
from callmanager.model.audio import AudioDevice, AudioRole
from callmanager.model.calls import CallEnd, CallId, CallState, Party, TransferStage
from callmanager.model.failures import Failure
from callmanager.model.media import CallMedia, CallStatistics
from callmanager.value import Value


@attrs.frozen(kw_only=True, eq=False, repr=False)
class EngineStarted(Value):
    """The engine takes commands now and knows no account and no call: all of its former ones are gone."""

    version: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class EngineStopped(Value):
    """The engine is gone. `expected` after our own stop; otherwise it crashed and is being restarted."""

    expected: bool
    detail: str = ""
    restarting: bool = False


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CommandRefused(Value):
    """A command could not be carried out (unknown call, bad target); nothing changed."""

    command: str
    failure: Failure
    call_id: CallId | None = None
    account_id: AccountId | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RegistrationReported(Value):
    registration: Registration


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CallArrived(Value):
    """An INVITE came in; the caller hears nothing yet. The app screens it and orders `Ring` or `Reject`."""

    call_id: CallId
    account_id: AccountId
    remote: Party
    called: str = ""
    answer_after: float | None = None
    """The PBX asks that it be answered without anybody's doing after so many seconds; none: it does not."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CallProgressed(Value):
    """State of the signalling changed; never `ENDED`, for which there is `CallFinished`."""

    call_id: CallId
    state: CallState
    sip_code: int | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CallFinished(Value):
    call_id: CallId
    end: CallEnd
    statistics: CallStatistics | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CallHoldReported(Value):
    """Hold as it is in force after the re-INVITE was answered: ours and the far end's."""

    call_id: CallId
    held: bool
    remote_held: bool


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CallMuteReported(Value):
    call_id: CallId
    muted: bool


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CallPartyReported(Value):
    """The far end has a new name or number (P-Asserted-Identity, UPDATE, connected line)."""

    call_id: CallId
    remote: Party


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CallMediaReported(Value):
    call_id: CallId
    media: CallMedia


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CallStatisticsReported(Value):
    call_id: CallId
    statistics: CallStatistics


@attrs.frozen(kw_only=True, eq=False, repr=False)
class DigitSent(Value):
    """A DTMF digit went out; `method` is `rfc4733` or `info`."""

    call_id: CallId
    digit: str
    method: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TransferReported(Value):
    """How far the transfer of a call has got; after `DONE` the call ends, after `FAILED` it is ours again, as it was."""

    call_id: CallId
    stage: TransferStage
    failure: Failure | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ConferenceReported(Value):
    """The calls that are mixed now; none when there is no conference any more."""

    call_ids: tuple[CallId, ...]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AudioDevicesReported(Value):
    devices: tuple[AudioDevice, ...]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AudioDeviceSwitched(Value):
    """A device vanished or came back and another took its place; `device` is none when nothing was left."""

    role: AudioRole
    device: AudioDevice | None
    reason: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AudioFailed(Value):
    role: AudioRole
    detail: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class MessageRefused(Value):
    """The trust boundary refused something from outside (a frame, a peer, a malformed message)."""

    reason: str


Fact = (
    EngineStarted
    | EngineStopped
    | CommandRefused
    | RegistrationReported
    | CallArrived
    | CallProgressed
    | CallFinished
    | CallHoldReported
    | CallMuteReported
    | CallPartyReported
    | CallMediaReported
    | CallStatisticsReported
    | DigitSent
    | TransferReported
    | ConferenceReported
    | AudioDevicesReported
    | AudioDeviceSwitched
    | AudioFailed
    | MessageRefused
)

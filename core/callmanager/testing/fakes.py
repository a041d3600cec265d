"""Hand-written stand-ins for what is outside of the core: the engine, the key store, the clock."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from callmanager.engine import commands, facts
from callmanager.model.accounts import AccountId, Registration, RegistrationState
from callmanager.model.audio import AudioDevice
from callmanager.model.calls import CallEnd, CallId, CallState, EndCause, Party, TransferStage
from callmanager.model.failures import Failure, FailureKind
from callmanager.model.media import CallMedia
from callmanager.secrets import NoKeyStore

C = TypeVar("C")

DEVICES = (
    AudioDevice(id="fake-microphone", name="Fake microphone", kind="input", is_default=True),
    AudioDevice(id="fake-headset-in", name="Fake headset", kind="input"),
    AudioDevice(id="fake-speaker", name="Fake speaker", kind="output", is_default=True),
    AudioDevice(id="fake-headset-out", name="Fake headset", kind="output"),
)


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) -> None:
        self._now = now

    def __call__(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


class MemorySecrets:
    """A key store in memory (protocol `KeyStore`); `missing` makes it behave like a machine without one."""

    def __init__(self, *, missing: bool = False) -> None:
        self.missing = missing
        self.values: dict[tuple[str, str], str] = {}

    def get(self, service: str, name: str) -> str | None:
        self._check()
        return self.values.get((service, name))

    def set(self, service: str, name: str, value: str) -> None:
        self._check()
        self.values[service, name] = value

    def delete(self, service: str, name: str) -> None:
        self._check()
        self.values.pop((service, name), None)

    def _check(self) -> None:
        if self.missing:
            raise NoKeyStore("this one is missing on purpose")


class FakeEngine:
    """An engine that makes no calls (protocol `CallEngine`) but behaves like one: it obeys commands with the right facts.

    Facts come after `submit` has returned, from the loop, as with the real one. With `obedient=False` it only records
    commands and the test reports every fact itself. `autoanswer` lets the far end answer what is dialled.
    """

    def __init__(self, *, obedient: bool = True, autoanswer: bool = False) -> None:
        self.obedient = obedient
        self.autoanswer = autoanswer
        self.commands: list[commands.Command] = []
        self.prepared = False
        self.running = False
        self.registration_failure: Failure | None = None
        self.transfer_failure: Failure | None = None
        """Why the far end refuses to be transferred; none lets it go."""
        self._report: Callable[[facts.Fact], None] | None = None
        self._ids = itertools.count(1)

    # ---------------------------------------------------------------------------------------------------- the protocol

    def prepare(self) -> None:
        self.prepared = True

    async def start(self, report: Callable[[facts.Fact], None]) -> None:
        self._report = report
        self.running = True
        self.report(facts.EngineStarted(version="fake"))
        if self.obedient:
            self.report(facts.AudioDevicesReported(devices=DEVICES))

    def submit(self, command: commands.Command) -> None:
        self.commands.append(command)
        if self.obedient:
            self._obey(command)

    async def stop(self) -> None:
        if self.running:
            self.running = False
            self.report(facts.EngineStopped(expected=True))
        self._report = None

    # ------------------------------------------------------------------------------------------------- what tests call

    def report(self, fact: facts.Fact) -> None:
        """Deliver a fact now."""
        if self._report is None:
            raise RuntimeError("the fake engine is not started")
        self._report(fact)

    def sent(self, kind: type[C]) -> list[C]:
        """The commands of one class, in order."""
        return [command for command in self.commands if isinstance(command, kind)]

    def arrive(
        self,
        number: str = "2002",
        name: str = "",
        *,
        called: str = "",
        account_id: str = "main",
        call_id: str = "",
        answer_after: float | None = None,
    ) -> CallId:
        """An INVITE comes in."""
        identity = CallId(call_id or f"fake-{next(self._ids)}")
        remote = Party(number=number, name=name, uri=f"sip:{number}@pbx.example.com")
        account = AccountId(account_id)
        self.report(
            facts.CallArrived(call_id=identity, account_id=account, remote=remote, called=called, answer_after=answer_after)
        )
        return identity

    def far_end_rings(self, call_id: CallId) -> None:
        self.report(facts.CallProgressed(call_id=call_id, state=CallState.PROGRESS, sip_code=180))

    def far_end_answers(self, call_id: CallId) -> None:
        """The far end answers and audio flows, encrypted."""
        self._connect(call_id)

    def finish(self, call_id: CallId, cause: EndCause = EndCause.REMOTE, failure: Failure | None = None) -> None:
        self.report(facts.CallFinished(call_id=call_id, end=CallEnd(cause=cause, failure=failure)))

    def register(
        self,
        state: RegistrationState = RegistrationState.REGISTERED,
        failure: Failure | None = None,
        *,
        account_id: str = "main",
    ) -> None:
        """Report a registration state."""
        registration = Registration(
            account_id=AccountId(account_id),
            state=state,
            failure=failure,
            since=datetime.now(UTC),
            expires_seconds=300 if state is RegistrationState.REGISTERED else None,
            round_trip_ms=12.0 if state is RegistrationState.REGISTERED else None,
        )
        self.report(facts.RegistrationReported(registration=registration))

    def crash(self, *, restarting: bool = True) -> None:
        """The engine dies; nothing restarts it but `recover`."""
        self.running = False
        self.report(facts.EngineStopped(expected=False, detail="killed by a test", restarting=restarting))

    def recover(self) -> None:
        self.running = True
        self.report(facts.EngineStarted(version="fake"))

    # -------------------------------------------------------------------------------------------------------- obedience

    def _obey(self, command: commands.Command) -> None:
        match command:
            case commands.Register():
                self._later(self._registered, command.account.id)
            case commands.Unregister():
                self._later(lambda: self.register(RegistrationState.OFFLINE, account_id=command.account_id))
            case commands.PlaceCall():
                self._later(lambda: self._placed(command.call_id))
            case commands.Answer():
                self._later(lambda: self._connect(command.call_id))
            case commands.Reject() | commands.Redirect():
                sent_on = isinstance(command, commands.Redirect)
                self._later(self.finish, command.call_id, EndCause.REDIRECTED if sent_on else EndCause.REJECTED)
            case commands.HangUp():
                self._later(lambda: self.finish(command.call_id, EndCause.LOCAL))
            case commands.SetHeld():
                self._later(lambda: self._hold(command.call_id, command.held))
            case commands.SetMuted():
                self._later(lambda: self.report(facts.CallMuteReported(call_id=command.call_id, muted=command.muted)))
            case commands.Transfer() | commands.TransferTo():
                self._later(self._transfer, command)
            case commands.Conference():
                self._later(lambda: self.report(facts.ConferenceReported(call_ids=command.call_ids)))
            case commands.SendDigits():
                for digit in command.digits:
                    self._later(self._digit, command.call_id, digit)
            case commands.WatchAudioDevices(watched=True):
                self._later(lambda: self.report(facts.AudioDevicesReported(devices=DEVICES)))

    def _later(self, work: Callable[..., None], *arguments: object) -> None:
        import asyncio

        asyncio.get_running_loop().call_soon(lambda: work(*arguments) if self.running else None)

    def _registered(self, account_id: str) -> None:
        self.register(RegistrationState.CONNECTING, account_id=account_id)
        if self.registration_failure is None:
            self.register(account_id=account_id)
            return
        final = {FailureKind.PASSWORD, FailureKind.FORBIDDEN, FailureKind.NOT_FOUND, FailureKind.TLS}
        state = RegistrationState.FAILED if self.registration_failure.kind in final else RegistrationState.RETRYING
        self.register(state, self.registration_failure, account_id=account_id)

    def _placed(self, call_id: CallId) -> None:
        self.far_end_rings(call_id)
        if self.autoanswer:
            self._later(lambda: self._connect(call_id))

    def _connect(self, call_id: CallId) -> None:
        self.report(facts.CallProgressed(call_id=call_id, state=CallState.CONNECTED, sip_code=200))
        media = CallMedia(codec="G722", clock_rate=16000, encrypted=True, flowing=True, digits_supported=True)
        self.report(facts.CallMediaReported(call_id=call_id, media=media))

    def _hold(self, call_id: CallId, held: bool) -> None:  # noqa: FBT001 - the fact's own value
        self.report(facts.CallHoldReported(call_id=call_id, held=held, remote_held=False))

    def transfer_stands(self, call_id: CallId, stage: TransferStage, failure: Failure | None = None) -> None:
        """What the far end says of a transfer."""
        self.report(facts.TransferReported(call_id=call_id, stage=stage, failure=failure))

    def _transfer(self, command: commands.Transfer | commands.TransferTo) -> None:
        if self.transfer_failure is not None:
            self.transfer_stands(command.call_id, TransferStage.ASKED)
            self.transfer_stands(command.call_id, TransferStage.FAILED, self.transfer_failure)
            return
        self.transfer_stands(command.call_id, TransferStage.ASKED)
        self.transfer_stands(command.call_id, TransferStage.DONE)
        self.finish(command.call_id, EndCause.TRANSFERRED)
        if isinstance(command, commands.TransferTo):
            self.finish(command.other_id, EndCause.REMOTE)

    def _digit(self, call_id: CallId, digit: str) -> None:
        self.report(facts.DigitSent(call_id=call_id, digit=digit, method="rfc4733"))

"""Walks the chain from the name to the heard tone and stops at the first link that is broken."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import attrs
from callmanager.api import (
    Account,
    AudioBackendKind,
    AudioChoice,
    AudioDevicesReported,
    AudioFailed,
    CallEngine,
    CallFinished,
    CallId,
    CallMedia,
    CallMediaReported,
    CallProgressed,
    CallState,
    CallStatistics,
    CallStatisticsReported,
    CommandRefused,
    ConfigureAudio,
    EngineStarted,
    EngineStopped,
    Fact,
    Failure,
    FailureKind,
    HangUp,
    PlaceCall,
    Register,
    Registration,
    RegistrationReported,
    RegistrationState,
    Transport,
    Unregister,
    WatchAudioDevices,
    explain,
)

from callmanager_sip_engine.doctor.probes import (
    Probed,
    ProbeFailed,
    probe_name,
    probe_tcp,
    probe_tls,
    probe_websocket,
    probes_for,
)
from callmanager_sip_engine.doctor.report import ExitCode, Outcome, Report, Step, exit_code_for

_ENGINE_SECONDS: Final = 15.0
_REGISTER_SECONDS: Final = 15.0
_ANSWER_SECONDS: Final = 30.0
_MEDIA_SECONDS: Final = 6.0
_FAREWELL_SECONDS: Final = 3.0
_HEARD_DBFS: Final = -50.0

_PROBES: Final[dict[str, Callable[[Account], Awaitable[Probed]]]] = {
    "name": probe_name,
    "tcp": probe_tcp,
    "tls": probe_tls,
    "websocket": probe_websocket,
}

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Order:
    """What to examine: the account, and whether to call somebody for how many seconds with which audio."""

    account: Account
    password: str = attrs.field(repr=False)
    call: str = ""
    seconds: float = 5.0
    audio: AudioChoice = attrs.field(factory=lambda: AudioChoice(backend=AudioBackendKind.NONE))


class _Broken(Exception):
    def __init__(self, step: str, failure: Failure, otherwise: ExitCode, text: str = "") -> None:
        super().__init__(text)
        self.step = step
        self.failure = failure
        self.text = text
        self.code = exit_code_for(failure.kind, otherwise=otherwise)


class Examination:
    """One examination with an engine of its own. `tell` is called with each step as it is known."""

    def __init__(self, order: Order, engine: CallEngine, tell: Callable[[Step], None]) -> None:
        self._order = order
        self._engine = engine
        self._tell = tell
        self._steps: list[Step] = []
        self._facts: asyncio.Queue[Fact] = asyncio.Queue()
        self._media = CallMedia()
        self._path_told = False
        self._statistics: CallStatistics | None = None
        self._began = 0.0

    async def run(self) -> Report:
        """Never raises for a broken link: that is in the report. The engine is stopped when it returns."""
        code = ExitCode.HEALTHY
        try:
            await self._probe()
            await self._start_engine()
            await self._check_audio()
            await self._register()
            if self._order.call:
                await self._call()
        except _Broken as broken:
            code = broken.code
            self._add_failed(broken)
        finally:
            await self._engine.stop()
        return Report(exit_code=code, steps=tuple(self._steps), statistics=self._statistics)

    async def _probe(self) -> None:
        for name in probes_for(self._order.account.transport):
            try:
                found = await _PROBES[name](self._order.account)
            except ProbeFailed as error:
                raise _Broken(name, error.failure, ExitCode.REFUSED, str(error)) from error
            self._passed(name, found.text, milliseconds=found.milliseconds, evidence=found.evidence)

    async def _start_engine(self) -> None:
        self._began = time.perf_counter()
        self._engine.prepare()
        await self._engine.start(self._facts.put_nowait)
        await self._expect("engine", self._is_started, _ENGINE_SECONDS, FailureKind.ENGINE, ExitCode.ENGINE)

    async def _check_audio(self) -> None:
        choice = self._order.audio
        self._engine.submit(ConfigureAudio(choice=choice))
        if choice.backend is not AudioBackendKind.DEVICES:
            self._add(Step(name="audio", outcome=Outcome.SKIPPED, text=f"no sound devices are used ({choice.backend.value})"))
            return
        self._begin()
        self._engine.submit(WatchAudioDevices(watched=True))
        devices = await self._expect("audio", _devices, _ENGINE_SECONDS, FailureKind.AUDIO_DEVICE, ExitCode.AUDIO_DEVICE)
        kinds = {device.kind for device in devices.devices}
        missing = [word for kind, word in (("input", "microphone"), ("output", "speaker")) if kind not in kinds]
        if missing:
            failure = Failure(kind=FailureKind.AUDIO_DEVICE, detail=f"{len(devices.devices)} devices found")
            raise _Broken("audio", failure, ExitCode.AUDIO_DEVICE, f"there is no {' and no '.join(missing)}")
        evidence = tuple((device.kind, device.name) for device in devices.devices)
        self._passed("audio", f"{len(evidence)} devices", evidence=evidence)

    async def _register(self) -> None:
        account = self._order.account
        self._begin()
        self._engine.submit(Register(account=account, password=self._order.password))
        registration = await self._expect(
            "register", _registration, _REGISTER_SECONDS, FailureKind.TIMEOUT, ExitCode.REGISTRATION
        )
        evidence = []
        if registration.expires_seconds is not None:
            evidence.append(("expires", f"{registration.expires_seconds} s"))
        if registration.round_trip_ms is not None:
            evidence.append(("round trip", f"{registration.round_trip_ms:.1f} ms"))
        self._passed("register", f"registered as {account.user}", evidence=tuple(evidence))

    async def _call(self) -> None:
        order, call_id = self._order, CallId("doctor")
        self._begin()
        self._engine.submit(PlaceCall(call_id=call_id, account_id=order.account.id, target=order.call))
        await self._expect("call", self._answered, _ANSWER_SECONDS, FailureKind.UNAVAILABLE, ExitCode.CALL)
        self._passed("call", f"{order.call} answered")
        answered = self._began = time.perf_counter()
        try:
            await self._expect("media", self._flowing, _MEDIA_SECONDS, FailureKind.MEDIA, ExitCode.MEDIA)
        except _Broken as broken:
            path = self._media.path
            if path is not None and path.ice not in {"connected", ""}:
                failure = Failure(kind=FailureKind.ICE, detail=path.failure or f"ICE is {path.ice}")
                raise _Broken("ice", failure, ExitCode.ICE, "no way for the voice was found") from broken
            raise
        self._tell_path()
        first_media = (time.perf_counter() - answered) * 1000
        await self._listen(order.seconds)
        self._tell_media(first_media)
        self._engine.submit(HangUp(call_id=call_id))
        await self._expect("hang up", _finished, _FAREWELL_SECONDS, FailureKind.TIMEOUT, ExitCode.CALL)
        self._engine.submit(Unregister(account_id=order.account.id))

    async def _listen(self, seconds: float) -> None:
        ends = asyncio.get_running_loop().time() + seconds
        while (left := ends - asyncio.get_running_loop().time()) > 0:
            try:
                fact = await asyncio.wait_for(self._facts.get(), left)
            except TimeoutError:
                break
            self._note(fact, "media")
            if isinstance(fact, CallFinished):
                failure = fact.end.failure or Failure(kind=FailureKind.MEDIA, detail="the far end hung up")
                raise _Broken("media", failure, ExitCode.MEDIA, "the call ended before the time was over")
            if isinstance(fact, CallMediaReported):
                self._media = fact.media

    # --------------------------------------------------------------------------------------------------------- reading facts

    def _is_started(self, fact: Fact) -> str | None:
        return fact.version if isinstance(fact, EngineStarted) else None

    def _answered(self, fact: Fact) -> bool | None:
        if isinstance(fact, CallMediaReported):
            self._media = fact.media
        if isinstance(fact, CallFinished):
            raise _Broken("call", fact.end.failure or Failure(kind=FailureKind.UNKNOWN), ExitCode.CALL)
        return True if isinstance(fact, CallProgressed) and fact.state is CallState.CONNECTED else None

    def _flowing(self, fact: Fact) -> bool | None:
        if isinstance(fact, CallFinished):
            raise _Broken("media", fact.end.failure or Failure(kind=FailureKind.MEDIA), ExitCode.MEDIA)
        if isinstance(fact, CallMediaReported):
            self._media = fact.media
        secure = self._order.account.transport is not Transport.WSS or self._media.encrypted
        return True if self._media.flowing and secure else None

    async def _expect(
        self, step: str, read: Callable[[Fact], T | None], seconds: float, kind: FailureKind, otherwise: ExitCode
    ) -> T:
        """Wait for the fact that `read` recognises; raises `_Broken` when time runs out or something else ends the walk."""
        if step == "media" and (found := self._already_flowing()) is not None:
            return found  # type: ignore[return-value] # media may flow before the answer is reported
        try:
            async with asyncio.timeout(seconds):
                while True:
                    fact = await self._facts.get()
                    self._note(fact, step)
                    value = read(fact)
                    if value is not None:
                        if step == "engine":
                            self._passed("engine", f"engine {value} runs")
                        return value
        except TimeoutError as error:
            raise _Broken(step, Failure(kind=kind, detail=f"nothing within {seconds:g} s"), otherwise) from error

    def _already_flowing(self) -> bool | None:
        return self._flowing(CallMediaReported(call_id=CallId("doctor"), media=self._media))

    def _note(self, fact: Fact, step: str) -> None:
        if isinstance(fact, CallStatisticsReported):  # those of the end are taken when the sound has already stopped
            self._statistics = fact.statistics
        elif isinstance(fact, CommandRefused):
            raise _Broken(step, fact.failure, ExitCode.ENGINE, fact.failure.detail)
        elif isinstance(fact, EngineStopped) and not fact.expected:
            raise _Broken(step, Failure(kind=FailureKind.ENGINE, detail=fact.detail), ExitCode.ENGINE)
        elif isinstance(fact, AudioFailed):
            raise _Broken(step, Failure(kind=FailureKind.AUDIO_DEVICE, detail=fact.detail), ExitCode.AUDIO_DEVICE)

    # ------------------------------------------------------------------------------------------------------- telling the steps

    def _tell_path(self) -> None:
        path = self._media.path
        if path is None or not path.ice:
            return
        candidates = (("candidates", f"{path.local_candidate or '?'} to {path.remote_candidate or '?'}"),)
        self._add(Step(name="ice", outcome=Outcome.PASSED, text=path.ice, milliseconds=path.ice_ms, evidence=candidates))
        if path.dtls:
            self._add(Step(name="dtls", outcome=Outcome.PASSED, text=path.dtls, milliseconds=path.dtls_ms))

    def _tell_media(self, first_media_ms: float) -> None:
        seen = self._statistics or CallStatistics()
        evidence = (
            ("codec", f"{self._media.codec} {self._media.clock_rate} Hz"),
            ("encrypted", "yes" if self._media.encrypted else "no"),
            ("packets", f"{seen.packets_sent} sent, {seen.packets_received} received"),
            ("loss", f"{seen.loss_percent:.1f} % here, {seen.remote_loss_percent:.1f} % there"),
            ("jitter", f"{seen.jitter_ms:.1f} ms"),
            ("round trip", "unknown" if seen.round_trip_ms is None else f"{seen.round_trip_ms:.1f} ms"),
            ("MOS", "unknown" if seen.mos is None else f"{seen.mos:.2f} (estimated)"),
            ("level received", f"{seen.received_level_dbfs:.0f} dBFS"),
        )
        heard = seen.received_level_dbfs > _HEARD_DBFS
        text = "voice flows both ways" if heard else "packets flow, but only silence is received"
        self._add(Step(name="media", outcome=Outcome.PASSED, text=text, milliseconds=first_media_ms, evidence=evidence))

    def _begin(self) -> None:
        self._began = time.perf_counter()

    def _passed(
        self, name: str, text: str, *, milliseconds: float | None = None, evidence: tuple[tuple[str, str], ...] = ()
    ) -> None:
        elapsed = (time.perf_counter() - self._began) * 1000 if milliseconds is None else milliseconds
        self._add(Step(name=name, outcome=Outcome.PASSED, text=text, milliseconds=elapsed, evidence=evidence))

    def _add_failed(self, broken: _Broken) -> None:
        explanation = explain(broken.failure)
        evidence: list[tuple[str, str]] = []
        certificate = broken.failure.certificate
        if certificate is not None:
            evidence += [
                ("subject", certificate.subject),
                ("issuer", certificate.issuer),
                ("SHA-256", certificate.sha256),
                ("valid", f"{certificate.not_before} to {certificate.not_after}"),
            ]
        if broken.failure.sip_code is not None:
            evidence.append(("SIP status", str(broken.failure.sip_code)))
        if broken.failure.detail:
            evidence.append(("detail", broken.failure.detail))
        self._add(
            Step(
                name=broken.step,
                outcome=Outcome.FAILED,
                text=broken.text or explanation.text,
                hint=explanation.hint,
                evidence=tuple(evidence),
            )
        )

    def _add(self, step: Step) -> None:
        self._steps.append(step)
        self._tell(step)


def _devices(fact: Fact) -> AudioDevicesReported | None:
    return fact if isinstance(fact, AudioDevicesReported) else None


def _finished(fact: Fact) -> bool | None:
    return True if isinstance(fact, CallFinished) else None


def _registration(fact: Fact) -> Registration | None:
    if not isinstance(fact, RegistrationReported):
        return None
    registration = fact.registration
    if registration.state in {RegistrationState.FAILED, RegistrationState.RETRYING}:
        # The engine would go on trying what may heal; an examination says what is wrong now.
        raise _Broken("register", registration.failure or Failure(kind=FailureKind.UNKNOWN), ExitCode.REGISTRATION)
    return registration if registration.state is RegistrationState.REGISTERED else None

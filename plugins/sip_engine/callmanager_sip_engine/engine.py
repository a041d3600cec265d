"""`Engine`: the controller in the engine process; commands in, facts out."""

import asyncio
import contextlib
import gc
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import attrs
from callmanager.api import (
    Account,
    AccountId,
    AudioDevice,
    AudioDevicesReported,
    AudioDeviceSwitched,
    AudioFailed,
    AudioRole,
    CallFinished,
    CallId,
    CallMediaReported,
    CallStatisticsReported,
    CheckNetwork,
    Command,
    CommandRefused,
    ConfigureAudio,
    EngineStarted,
    Fact,
    Failure,
    FailureKind,
    HangUp,
    MediaPath,
    MessageRefused,
    PlaceCall,
    PreviewRingtone,
    Register,
    Registration,
    RegistrationReported,
    RegistrationState,
    Ring,
    Transport,
    Unregister,
    WatchAudioDevices,
)

from callmanager_sip_engine.audio_director import AudioDirector
from callmanager_sip_engine.late_audio import LateAudio
from callmanager_sip_engine.registration import RegistrationKeeper
from callmanager_sip_engine.sip.reports import CallIdentified, ConnectionLost, RegisterAnswered, SipReport, ThreadFault
from callmanager_sip_engine.sip.translate import plain

if TYPE_CHECKING:
    from callmanager_sip_engine.audio.system import AudioSystem
    from callmanager_sip_engine.edge.facts import EdgeFailure, LegState
    from callmanager_sip_engine.edge.proxy import Edge
    from callmanager_sip_engine.sip.stack import SipStack

_log: Final = logging.getLogger(__name__)
_GOODBYE_SECONDS: Final = 1.0


class Engine:
    """Loop thread only, but for `from_sip`. Also the observer of its edges and of the audio system."""

    def __init__(self, report: Callable[[Fact], None]) -> None:
        self._report = report
        self._stack: SipStack | None = None
        self._audio = LateAudio(self)
        self._director: AudioDirector | None = None
        self._keepers: dict[AccountId, RegistrationKeeper] = {}
        self._errands: set[asyncio.Task[None]] = set()
        self._registering = asyncio.Lock()
        self._legs: dict[CallId, _Leg] = {}
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._loop = asyncio.get_running_loop()

    # ------------------------------------------------------------------------------------------------------------ start and end

    async def load(self) -> None:
        """Load what a registration needs and open the SIP thread; needs nobody to report to yet."""

        await asyncio.to_thread(self._start_sip)

    def start(self) -> None:
        """After `load`: `EngineStarted` is the first fact. What only calls need is loaded afterwards."""
        assert self._stack is not None
        self._audio.start()
        self._audio.do(self._begin_to_direct, can_wait=True)
        self._report(EngineStarted(version=f"pjsip {self._stack.endpoint.version}"))

    def _begin_to_direct(self, audio: "AudioSystem") -> None:
        assert self._stack is not None
        self._director = AudioDirector(audio, self._stack.run_clock)

    def _direct(self, order: Callable[[AudioDirector], None], *, can_wait: bool = False) -> None:
        """Tell the director, who comes with the audio system and hears everything in its order."""

        def tell(_audio: "AudioSystem") -> None:
            assert self._director is not None
            order(self._director)

        self._audio.do(tell, can_wait=can_wait)

    def _start_sip(self) -> None:
        import callmanager_sip_engine.edge.proxy  # noqa: F401 - what most accounts need next
        from callmanager_sip_engine.sip.endpoint import SipEndpoint
        from callmanager_sip_engine.sip.stack import SipStack

        gc.enable()  # see `process.main`
        self._stack = SipStack(SipEndpoint(self._audio, user_agent="PC CallManager"), self.from_sip)
        self._stack.start()
        self._stack.thread.wait_opened()

    async def stop(self) -> None:
        """Hang up, unregister, close the devices."""
        if self._stack is not None:
            for call_id in list(self._legs):
                self._stack.obey(HangUp(call_id=call_id))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._quiet.wait(), _GOODBYE_SECONDS)
        for task in self._errands:
            task.cancel()
        # They stay listed meanwhile, so that the answer to their last REGISTER finds them.
        await asyncio.gather(*(keeper.stop() for keeper in self._keepers.values()), return_exceptions=True)
        self._keepers.clear()
        if self._director is not None:
            self._director.close()
        if self._stack is not None and not await asyncio.to_thread(self._stack.stop, timeout=3.0):
            _log.error("the SIP thread did not end in time")
        await self._audio.close()

    async def prove_alive(self) -> None:
        """Returns once the SIP thread has turned."""
        answered = asyncio.Event()
        assert self._stack is not None
        self._stack.ask(lambda: self._hop(answered.set))
        await answered.wait()

    # ----------------------------------------------------------------------------------------------------------------- commands

    def obey(self, command: Command) -> None:
        assert self._stack is not None
        match command:
            case Register():
                self._errand(self._register(command.account, command.password))
            case Unregister():
                self._errand(self._unregister(command.account_id))
            case ConfigureAudio():
                self._audio.do(lambda audio: audio.configure(command.choice), can_wait=True)
            case PreviewRingtone():
                self._audio.do(lambda audio: audio.preview_ringtone())
            case WatchAudioDevices():
                self._watch_devices(watched=command.watched)
            case CheckNetwork():
                for keeper in self._keepers.values():
                    keeper.check()
            case PlaceCall() if not self._leads_somewhere(command.account_id):
                failure = Failure(kind=FailureKind.LINK_LOST, detail="there is no connection to the PBX")
                self._report(CommandRefused(command="PlaceCall", failure=failure, call_id=command.call_id))
            case PlaceCall():
                self._stack.obey(command)
                if not command.silent:
                    self._direct(lambda director: director.placed(command.call_id))
            case Ring() if command.silent:
                self._direct(lambda director: director.silence(command.call_id), can_wait=True)
                self._stack.obey(command)
            case _:
                self._stack.obey(command)

    async def _register(self, account: Account, password: str) -> None:
        assert self._stack is not None
        async with self._registering:
            keeper = RegistrationKeeper(account, password, stack=self._stack, report=self._report, edge=None)
            previous = self._keepers.get(account.id)
            if previous is not None:
                await previous.pause()
                adopted = keeper.adopt(previous)
                if previous.account.user != account.user or not adopted:
                    await previous.stop()
            if keeper.edge is None:
                try:
                    keeper.edge = self._edge_for(account)
                except ValueError as error:
                    self._keepers.pop(account.id, None)
                    self._report(_not_even_tried(account, str(error)))
                    return
            self._keepers[account.id] = keeper
            keeper.start()

    async def _unregister(self, account_id: AccountId) -> None:
        assert self._stack is not None
        async with self._registering:
            keeper = self._keepers.get(account_id)
            if keeper is None:
                return
            # Its calls can't outlive the edge; over udp and tcp they would be calls of an account that is no more.
            self._stack.hang_up_all(account_id)
            await keeper.stop()
            self._keepers.pop(account_id, None)
            self._stack.forget(account_id)

    def _edge_for(self, account: Account) -> "Edge | None":
        if account.transport not in {Transport.WSS, Transport.TLS}:
            return None
        from callmanager_sip_engine.edge.proxy import Edge
        from callmanager_sip_engine.edge.settings import EdgeSettings, TurnServer

        settings = EdgeSettings(
            host=account.server,
            port=account.port,
            transport="wss" if account.transport is Transport.WSS else "tls",
            path=account.websocket_path,
            ca_file=account.ca_file,
            stun_servers=account.stun_servers,
            turn_servers=tuple(
                TurnServer(url=turn.url, username=turn.username, password=turn.password) for turn in account.turn_servers
            ),
        )
        return Edge(settings, self)

    def _leads_somewhere(self, account_id: AccountId) -> bool:
        """Whether a call of the account has a way out: said at once instead of after SIP's patience."""
        keeper = self._keepers.get(account_id)
        return keeper is not None and (keeper.edge is None or keeper.edge.connected)

    def _watch_devices(self, *, watched: bool) -> None:
        self._audio.do(lambda audio: audio.watch_devices(watched=watched))
        if watched:
            self._errand(self._tell_devices())

    async def _tell_devices(self) -> None:
        audio = await self._audio.ready()
        self._report(AudioDevicesReported(devices=await audio.find_devices()))

    def _errand(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._errands.add(task)
        task.add_done_callback(self._errand_done)

    def _errand_done(self, task: asyncio.Task[None]) -> None:
        self._errands.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a command failed", exc_info=error)

    # ----------------------------------------------------------------------------------------------------- from the SIP thread

    def from_sip(self, report: Fact | SipReport) -> None:
        """Any thread."""
        self._hop(lambda: self._sip_reported(report))

    def _hop(self, job: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(job)
        except RuntimeError:
            _log.debug("too late for a report: the loop has ended")

    def _sip_reported(self, report: Fact | SipReport) -> None:
        match report:
            case RegisterAnswered():
                if (keeper := self._keepers.get(report.account_id)) is not None:
                    keeper.answered(report)
                self._audio.hurry()
                return
            case CallIdentified():
                self._legs.setdefault(report.call_id, _Leg()).sip_call_id = report.sip_call_id
                self._quiet.clear()
                return
            case ConnectionLost():
                for keeper in self._keepers.values():
                    if keeper.account.transport is Transport.TCP:
                        keeper.check()
                return
            case ThreadFault():
                _log.error("the SIP thread reported a fault: %s", report.detail)
                return
            case CallMediaReported() if report.call_id in self._legs:
                leg = self._legs[report.call_id]
                leg.reported = report
                report = leg.overlaid(report)
            case CallStatisticsReported():
                report = self._with_levels(report)
            case CallFinished():
                self._legs.pop(report.call_id, None)
                if not self._legs:
                    self._quiet.set()
            case _:
                pass
        heard = report
        self._direct(lambda director: director.hear(heard), can_wait=True)
        self._report(report)

    def _with_levels(self, report: CallStatisticsReported) -> CallStatisticsReported:
        if self._audio.system is None:
            return report
        levels = self._audio.system.level()
        return attrs.evolve(
            report,
            statistics=attrs.evolve(
                report.statistics, received_level_dbfs=round(levels.speaker, 1), sent_level_dbfs=round(levels.microphone, 1)
            ),
        )

    # ----------------------------------------------------------------------------------------------------------- edge observer

    def edge_connected(self, edge: "Edge", round_trip_ms: float | None) -> None:  # noqa: ARG002 - REGISTER measures better
        _log.info("the link to the PBX is up")

    def edge_lost(self, edge: "Edge", failure: "EdgeFailure") -> None:
        for keeper in self._keepers.values():
            if keeper.edge is edge:
                keeper.edge_lost(failure)

    def edge_media(self, edge: "Edge", call_id: str, media: "LegState") -> None:  # noqa: ARG002 - Call-IDs are unique
        for ours, leg in self._legs.items():
            if leg.sip_call_id == call_id:
                if media.failure and media.failure != leg.failure:
                    _log.warning("media of a call: %s", media.failure)
                    leg.failure = media.failure
                path = media_path(media)
                if (media.encrypted, path) != (leg.encrypted, leg.path):
                    leg.encrypted, leg.path = media.encrypted, path
                    if leg.reported is not None:
                        self._report(leg.overlaid(leg.reported))
                _log.debug("media leg of call %s: ice %s, dtls %s", ours, media.ice.value, media.dtls.value)

    def edge_refused(self, edge: "Edge", reason: str) -> None:  # noqa: ARG002 - the reason says it
        _log.debug("refused at the edge: %s", reason)  # the edge itself warns, and knows when to stop
        self._report(MessageRefused(reason=reason))

    # ---------------------------------------------------------------------------------------------------------- audio observer

    def audio_devices_changed(self, devices: tuple[AudioDevice, ...]) -> None:
        self._report(AudioDevicesReported(devices=devices))

    def audio_device_switched(self, role: AudioRole, device: AudioDevice | None, reason: str) -> None:
        self._report(AudioDeviceSwitched(role=role, device=device, reason=reason))

    def audio_failed(self, role: AudioRole, detail: str) -> None:
        self._report(AudioFailed(role=role, detail=detail))


def _not_even_tried(account: Account, detail: str) -> RegistrationReported:
    """The account's own words lead nowhere, so that no attempt is worth it until they are changed."""
    failure = Failure(kind=FailureKind.NAME, detail=plain(detail))
    registration = Registration(account_id=account.id, state=RegistrationState.FAILED, failure=failure, since=datetime.now(UTC))
    return RegistrationReported(registration=registration)


def media_path(leg: "LegState") -> MediaPath:
    """What the edge knows of a leg, in the words of the model."""
    return MediaPath(
        ice=leg.ice.value,
        dtls=leg.dtls.value,
        ice_ms=None if leg.ice_ms is None else round(leg.ice_ms, 1),
        dtls_ms=None if leg.dtls_ms is None else round(leg.dtls_ms, 1),
        local_candidate=leg.local_candidate or "",
        remote_candidate=leg.remote_candidate or "",
        failure=leg.failure or "",
    )


@attrs.define(kw_only=True)
class _Leg:
    """What the edge knows of a call's media, laid over what pjsua2 knows."""

    sip_call_id: str = ""
    encrypted: bool = False
    path: MediaPath | None = None
    failure: str = ""
    reported: CallMediaReported | None = None

    def overlaid(self, report: CallMediaReported) -> CallMediaReported:
        encrypted = report.media.encrypted or self.encrypted
        return attrs.evolve(report, media=attrs.evolve(report.media, encrypted=encrypted, path=self.path))

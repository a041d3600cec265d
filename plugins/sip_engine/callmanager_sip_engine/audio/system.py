"""The audio of the engine behind one face: devices, ringing, tones, levels."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from callmanager_sip_engine.audio.bridge_side import BridgeSide
from callmanager_sip_engine.audio.elastic import BufferStatistics
from callmanager_sip_engine.audio.feeds import MicrophoneFeed, RingerFeed, SpeakerFeed
from callmanager_sip_engine.audio.frames import RATE
from callmanager_sip_engine.audio.keeper import TICK_SECONDS, DeviceKeeper
from callmanager_sip_engine.audio.processing import VoiceProcessor, wanted
from callmanager_sip_engine.audio.ringtone import RINGING_SECONDS, preview_player, ringtone_player
from callmanager_sip_engine.audio.streams import Hardware, MiniaudioHardware
from callmanager_sip_engine.audio.tones import digit_player, tone_player
from callmanager_sip_engine.audio.values import (
    AudioBackendKind,
    AudioChoice,
    AudioDevice,
    AudioLevels,
    AudioObserver,
    AudioRole,
    Tone,
)
from callmanager_sip_engine.audio.wav import WavSink, WavSource
from callmanager_sip_engine.audio.worker import AudioWorker

_log = logging.getLogger(__name__)

_DIGIT_LINGER_SECONDS = 1.5  # the next key usually follows; opening the device for each one would swallow its start


class AudioSystem:
    """Microphone, speaker and ringer of the engine.

    Made and called on the loop thread, from where the observer is called too. Only `pull_microphone` and
    `push_speaker` belong to the bridge's clock thread, which must call both every 20 ms while call audio is open or a tone
    plays, with silence if nothing else. Devices are opened, watched and closed on a worker thread: no method waits for
    one, failures arrive at the observer.
    """

    def __init__(self, observer: AudioObserver, *, rate: int = RATE, hardware: Hardware | None = None) -> None:
        if rate != RATE:
            raise ValueError(f"audio runs at {RATE} Hz, not at {rate}; give the conference bridge that clock rate")
        self._observer = observer
        self._loop = asyncio.get_running_loop()
        self._bridge = BridgeSide()
        self._speaker = SpeakerFeed()
        self._microphone = MicrophoneFeed()
        self._ringer = RingerFeed()
        self._keeper = DeviceKeeper(
            hardware or MiniaudioHardware(),
            self,
            {
                AudioRole.SPEAKER: (self._speaker, self._speaker),
                AudioRole.MICROPHONE: (self._microphone, self._microphone),
                AudioRole.RINGER: (self._ringer, self._ringer),
            },
        )
        self._worker = AudioWorker(tick=self._keeper.reconcile, busy=lambda: self._keeper.busy, interval=TICK_SECONDS)
        self._choice = AudioChoice()
        self._devices: tuple[AudioDevice, ...] = ()
        self._in_call = False
        self._ringing = False
        self._tone: Tone | None = None
        self._digit_end: asyncio.TimerHandle | None = None
        self._preview_end: asyncio.TimerHandle | None = None
        self._file_source: WavSource | None = None
        self._file_sink: WavSink | None = None
        self._processor: VoiceProcessor | None = None
        self._processing_key: tuple[bool, bool, bool] | None = None
        self._closed = False

    def pull_microphone(self) -> bytes:
        """20 ms from the microphone, 640 bytes s16le; silence when none is open. Bridge thread; never blocks, never raises."""
        return self._bridge.pull()

    def push_speaker(self, frame: bytes) -> None:
        """20 ms for the speaker; anything but 640 bytes counts as silence. Bridge thread; never blocks, never raises."""
        self._bridge.push(frame)

    def devices(self) -> tuple[AudioDevice, ...]:
        """The devices as last seen; empty before the first look (`find_devices`, `watch_devices`, opening audio)."""
        return self._devices

    async def find_devices(self) -> tuple[AudioDevice, ...]:
        """Look at the devices now, on the worker thread."""
        found: asyncio.Future[tuple[AudioDevice, ...]] = self._loop.create_future()

        def finish(devices: tuple[AudioDevice, ...]) -> None:
            if not found.done():
                found.set_result(devices)

        def look() -> None:
            devices: tuple[AudioDevice, ...] = ()
            try:
                devices = self._keeper.refresh()
            finally:
                self._hop(partial(finish, devices))

        self._worker.submit(look)
        return await found

    def watch_devices(self, *, watched: bool) -> None:
        """While watched (the settings are open), devices that come and go are reported within about a second."""
        self._worker.submit(partial(self._keeper.watch, watched=watched))

    def configure(self, choice: AudioChoice) -> None:
        """Follow the user's choice from now on, in running calls too; files that cannot be opened are reported as failed."""
        before, self._choice = self._choice, choice
        self._bridge.microphone_gain = _between(choice.microphone_gain, 0.0, 2.0)
        self._bridge.speaker_volume = _between(choice.speaker_volume, 0.0, 1.0)
        self._ringer.volume = _between(choice.ringer_volume, 0.0, 1.0)
        files = (choice.backend, choice.input_file, choice.output_file)
        if files != (before.backend, before.input_file, before.output_file):
            self._close_files()
        self._arrange()

    def open_call_audio(self) -> None:
        """Connect the bridge with microphone and speaker; again while open does nothing."""
        self._in_call = True
        self._arrange()

    def close_call_audio(self) -> None:
        self._in_call = False
        self._arrange()

    def start_ringing(self) -> None:
        """Ring on the ringer device until `stop_ringing`; the files and none backends stay silent."""
        self._cancel_preview()
        if not self._ringing:
            self._ringing = True
            self._ringer.player = ringtone_player()
            self._arrange()

    def stop_ringing(self) -> None:
        self._ringing = False
        self._cancel_preview()
        self._ringer.player = None
        self._arrange()

    def preview_ringtone(self) -> None:
        """One ring of two seconds; while the phone rings anyway, nothing."""
        if self._ringing:
            return
        self._cancel_preview()
        self._ringer.player = preview_player()
        self._preview_end = self._loop.call_later(RINGING_SECONDS + 0.5, self.stop_ringing)
        self._arrange()

    def start_tone(self, tone: Tone) -> None:
        """Play a call progress tone on the speaker, mixed with what the far end says, from the beginning of its cadence."""
        if self._tone is tone:
            return
        self._tone = tone
        self._bridge.tone = tone_player(tone)
        self._arrange()

    def stop_tone(self) -> None:
        self._tone = None
        self._bridge.tone = None
        self._arrange()

    def play_dtmf(self, digit: str) -> None:
        """Let a key sound for 0.12 s on the speaker, also outside of calls; `ValueError` for what is no DTMF digit."""
        self._bridge.digit = digit_player(digit)
        if self._digit_end:
            self._digit_end.cancel()
        self._digit_end = self._loop.call_later(_DIGIT_LINGER_SECONDS, self._end_digit)
        self._arrange()

    def level(self) -> AudioLevels:
        """Loudness of the last 200 ms at the bridge, after gain and volume."""
        return AudioLevels(microphone=self._bridge.microphone_level.dbfs(), speaker=self._bridge.speaker_level.dbfs())

    @property
    def processing(self) -> bool:
        """Whether echo cancellation and its kin are at work now."""
        return self._processor is not None

    def buffer_statistics(self, role: AudioRole) -> BufferStatistics | None:
        """The buffer between a device's clock and the bridge's, for the diagnostics of a call; none while none is in use."""
        if role is AudioRole.MICROPHONE:
            return self._microphone.statistics()
        return self._speaker.statistics() if role is AudioRole.SPEAKER else None

    def close(self) -> None:
        """Silence everything, close the devices and finish the files; the observer hears nothing more. Idempotent."""
        if self._closed:
            return
        self._closed = True
        self._cancel_preview()
        if self._digit_end:
            self._digit_end.cancel()
        self._bridge.source = self._bridge.sink = None
        self._worker.close(self._keeper.close)
        self._speaker.processing = self._microphone.processing = self._processor = None
        self._close_files()

    # Arranging: one place decides from the whole state what is open, so that no order of calls leaves a device behind.

    def _arrange(self) -> None:
        if self._closed:
            return
        kind = self._choice.backend
        speaking = self._in_call or self._tone is not None or self._digit_end is not None
        if kind is AudioBackendKind.FILES:
            self._open_files(speaking=speaking)
            self._bridge.source = self._file_source if self._in_call else None
            self._bridge.sink = self._file_sink if speaking else None
        elif kind is AudioBackendKind.DEVICES:
            self._bridge.source = self._microphone if self._in_call else None
            self._bridge.sink = self._speaker if speaking else None
        else:
            self._bridge.source = self._bridge.sink = None
        devices = kind is AudioBackendKind.DEVICES
        sounding = self._ringer.player is not None
        self._want(AudioRole.SPEAKER, wanted=devices and speaking, preferred=self._choice.speaker)
        self._want(AudioRole.MICROPHONE, wanted=devices and self._in_call, preferred=self._choice.microphone)
        self._want(AudioRole.RINGER, wanted=devices and sounding, preferred=self._choice.ringer)
        self._arrange_processing(active=devices and self._in_call)

    def _want(self, role: AudioRole, *, wanted: bool, preferred: str | None) -> None:
        if wanted:
            self._worker.submit(partial(self._keeper.want, role, preferred=preferred))
        elif self._worker.started:
            self._worker.submit(partial(self._keeper.release, role))

    def _arrange_processing(self, *, active: bool) -> None:
        choice = self._choice
        key = (choice.echo_cancellation, choice.noise_suppression, choice.gain_control)
        if not (active and wanted(choice)):
            self._processing_key = None
            self._use_processor(None)
        elif key != self._processing_key:
            self._processing_key = key
            self._worker.submit(partial(self._load_processor, choice, key))

    def _load_processor(self, choice: AudioChoice, key: tuple[bool, bool, bool]) -> None:
        """Runs on the worker, after the devices are open: a call must not wait for a library to load."""
        processor = VoiceProcessor.load(choice)

        def use() -> None:
            if self._processing_key == key:
                self._use_processor(processor)

        self._hop(use)

    def _use_processor(self, processor: VoiceProcessor | None) -> None:
        self._processor = processor
        self._speaker.processing = processor
        self._microphone.processing = processor

    def _open_files(self, *, speaking: bool) -> None:
        choice = self._choice
        if self._in_call and self._file_source is None and choice.input_file is not None:
            try:
                self._file_source = WavSource(choice.input_file)
            except OSError as error:
                self.failed(AudioRole.MICROPHONE, str(error))
        if speaking and self._file_sink is None and choice.output_file is not None:
            try:
                self._file_sink = WavSink(choice.output_file)
            except OSError as error:
                self.failed(AudioRole.SPEAKER, f"the sound file {choice.output_file} cannot be written: {error}")

    def _close_files(self) -> None:
        self._bridge.source = self._bridge.sink = None
        source, self._file_source = self._file_source, None
        sink, self._file_sink = self._file_sink, None
        if source:
            source.close()
        if sink:
            sink.close()

    def _end_digit(self) -> None:
        self._digit_end = None
        self._bridge.digit = None
        self._arrange()

    def _cancel_preview(self) -> None:
        if self._preview_end:
            self._preview_end.cancel()
            self._preview_end = None

    # KeeperReports: from the worker thread to the loop.

    def devices_changed(self, devices: tuple[AudioDevice, ...]) -> None:
        def tell() -> None:
            self._devices = devices
            self._observer.audio_devices_changed(devices)

        self._hop(tell)

    def switched(self, role: AudioRole, device: AudioDevice | None, reason: str) -> None:
        self._hop(partial(self._observer.audio_device_switched, role, device, reason))

    def failed(self, role: AudioRole, detail: str) -> None:
        self._hop(partial(self._observer.audio_failed, role, detail))

    def _hop(self, call: Callable[[], None]) -> None:
        def guarded() -> None:
            if not self._closed:
                call()

        if not self._closed and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(guarded)


def _between(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)

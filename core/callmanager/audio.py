"""Audio devices: what the engine sees of them, and the user's choice handed to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from callmanager.engine import commands, facts
from callmanager.events import AudioDeviceReplaced, AudioDevicesChanged, SettingsChanged
from callmanager.model.audio import AudioChoice, AudioDevice, AudioRole
from callmanager.model.notices import Severity
from callmanager.settings.core_sections import AudioSettings
from callmanager.texts import plain

if TYPE_CHECKING:
    from callmanager.bus import EventBus, Unsubscribe
    from callmanager.engine.driver import EngineDriver
    from callmanager.problems import ProblemBoard
    from callmanager.protocols import Notices
    from callmanager.settings.service import SettingsService


class AudioService:
    """Keeps the engine's audio as the user chose it (protocol `Audio`). Loop thread only.

    An override from the command line stands in for the devices; volumes and processing follow Settings all the same.
    """

    def __init__(
        self,
        *,
        bus: EventBus,
        driver: EngineDriver,
        settings: SettingsService,
        problems: ProblemBoard,
        notices: Notices,
        override: AudioChoice | None = None,
    ) -> None:
        self._bus = bus
        self._driver = driver
        self._settings = settings
        self._problems = problems
        self._notices = notices
        self._override = override
        self._devices: tuple[AudioDevice, ...] = ()
        self._watchers = 0
        bus.subscribe(SettingsChanged, self._settings_changed)

    @property
    def devices(self) -> tuple[AudioDevice, ...]:
        return self._devices

    def watch(self) -> Unsubscribe:
        self._watchers += 1
        if self._watchers == 1:
            self._driver.submit(commands.WatchAudioDevices(watched=True))
        live = True

        def undo() -> None:
            nonlocal live
            if not live:
                return
            live = False
            self._watchers -= 1
            if self._watchers == 0:
                self._driver.submit(commands.WatchAudioDevices(watched=False))

        return undo

    def preview_ringtone(self) -> None:
        self._driver.submit(commands.PreviewRingtone())

    def choice(self) -> AudioChoice:
        """What the engine is told: Settings, with the override's devices."""
        settings = self._settings.get(AudioSettings)
        choice = AudioChoice(
            microphone=settings.microphone or None,
            speaker=settings.speaker or None,
            ringer=settings.ringer or None,
            microphone_gain=settings.microphone_gain,
            speaker_volume=settings.speaker_volume,
            ringer_volume=settings.ringer_volume,
            echo_cancellation=settings.echo_cancellation,
            noise_suppression=settings.noise_suppression,
            gain_control=settings.gain_control,
        )
        if self._override is None:
            return choice
        return attrs.evolve(
            choice,
            backend=self._override.backend,
            input_file=self._override.input_file,
            output_file=self._override.output_file,
        )

    def apply(self, fact: facts.Fact) -> None:
        """Follow one fact."""
        match fact:
            case facts.EngineStarted():
                self._driver.submit(commands.ConfigureAudio(choice=self.choice()))
                if self._watchers:
                    self._driver.submit(commands.WatchAudioDevices(watched=True))
            case facts.AudioDevicesReported():
                self._reported(fact)
            case facts.AudioDeviceSwitched():
                self._switched(fact)
            case facts.AudioFailed():
                self._problems.raise_problem(
                    _problem_of(fact.role),
                    f"The {fact.role.value} can't be used.",
                    hint="Check your audio device selection in Settings and that the system lets this app use it.",
                    details=plain(fact.detail, limit=500),
                    severity=Severity.WARNING,
                )

    def _reported(self, fact: facts.AudioDevicesReported) -> None:
        devices = tuple(attrs.evolve(device, name=plain(device.name)) for device in fact.devices)
        if devices != self._devices:
            self._devices = devices
            self._bus.publish(AudioDevicesChanged(devices=devices))

    def _switched(self, fact: facts.AudioDeviceSwitched) -> None:
        device = attrs.evolve(fact.device, name=plain(fact.device.name)) if fact.device else None
        self._bus.publish(AudioDeviceReplaced(role=fact.role, device=device, reason=plain(fact.reason)))
        if device is None:
            self._problems.raise_problem(
                _problem_of(fact.role),
                f"There is no {fact.role.value} any more.",
                hint="Plug a headset in; the call goes on meanwhile.",
                severity=Severity.WARNING,
            )
            return
        self._problems.clear(_problem_of(fact.role))
        self._notices.post(f"{fact.role.value.capitalize()}: now {device.name}.", details=plain(fact.reason))

    def _settings_changed(self, event: SettingsChanged) -> None:
        if event.section_id == "audio":
            for role in AudioRole:
                self._problems.clear(_problem_of(role))
            self._driver.submit(commands.ConfigureAudio(choice=self.choice()))


def _problem_of(role: AudioRole) -> str:
    return f"audio-{role.value}"

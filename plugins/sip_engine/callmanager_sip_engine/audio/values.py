"""What the audio system says and is asked for, beyond the values that the whole product shares."""

from enum import Enum
from typing import Protocol

import attrs
from callmanager.api import AudioBackendKind, AudioChoice, AudioDevice, AudioRole

__all__ = [
    "AudioBackendKind",
    "AudioChoice",
    "AudioDevice",
    "AudioLevels",
    "AudioObserver",
    "AudioRole",
    "Tone",
]


class Tone(Enum):
    """Call progress tones of the North American plan (ITU-T E.180 supplement 2, Telcordia GR-506)."""

    RINGBACK = "ringback"
    BUSY = "busy"
    CONGESTION = "congestion"
    CALL_WAITING = "call_waiting"


@attrs.frozen(kw_only=True)
class AudioLevels:
    """Loudness of the last 200 ms in dBFS (RMS; a full-scale sine is -3.0), never below -96."""

    microphone: float
    speaker: float


class AudioObserver(Protocol):
    """Hears what happens to the devices; called on the loop thread, in the order in which things happened."""

    def audio_devices_changed(self, devices: tuple[AudioDevice, ...]) -> None: ...

    def audio_device_switched(self, role: AudioRole, device: AudioDevice | None, reason: str) -> None:
        """Sound of `role` goes to or comes from `device` now; none: nothing was left."""

    def audio_failed(self, role: AudioRole, detail: str) -> None:
        """`role` has no sound although it should; said once, until it works again."""

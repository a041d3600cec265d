"""Audio devices and what the user chose of them."""

from enum import Enum
from pathlib import Path

import attrs


class AudioRole(Enum):
    MICROPHONE = "microphone"
    SPEAKER = "speaker"
    RINGER = "ringer"


class AudioBackendKind(Enum):
    """Where audio comes from and goes to: sound cards, nowhere, or two WAV files (tests, doctor, demo)."""

    DEVICES = "devices"
    NONE = "none"
    FILES = "files"


@attrs.frozen(kw_only=True)
class AudioDevice:
    """A sound device. `id` is stable across restarts and re-plugging; `kind` is `input` or `output`."""

    id: str
    name: str
    kind: str
    is_default: bool = False


@attrs.frozen(kw_only=True)
class AudioChoice:
    """The user's choice; `None` for a device means the system's default. Gains and volumes are linear, 1.0 is unchanged."""

    backend: AudioBackendKind = AudioBackendKind.DEVICES
    microphone: str | None = None
    speaker: str | None = None
    ringer: str | None = None
    microphone_gain: float = 1.0
    speaker_volume: float = 1.0
    ringer_volume: float = 0.8
    echo_cancellation: bool = True
    noise_suppression: bool = True
    gain_control: bool = True
    input_file: Path | None = None
    output_file: Path | None = None

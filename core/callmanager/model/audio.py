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


def audio_choice(text: str) -> AudioChoice:
    """Read what a command line says of audio: `device` or nothing, `none`, or `file:IN.wav,OUT.wav` (either may be empty).

    Raises `ValueError` with what is expected; an input file that is not there is one of the reasons.
    """
    if text in {"", "device"}:
        return AudioChoice()
    if text == "none":
        return AudioChoice(backend=AudioBackendKind.NONE)
    kind, _, files = text.partition(":")
    source, comma, target = files.rpartition(",")
    if kind != "file" or not comma or not files.strip(","):
        raise ValueError("--audio is none, device, or file:IN.wav,OUT.wav")
    if source and not Path(source).is_file():
        raise ValueError(f"--audio: there is no file {source}")
    return AudioChoice(
        backend=AudioBackendKind.FILES,
        input_file=Path(source).absolute() if source else None,
        output_file=Path(target).absolute() if target else None,
    )

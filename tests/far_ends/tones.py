"""Making and recognising tones: a test has heard a call only when the right frequency is in the recorded audio."""

import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float64]
"""Mono audio, full scale 1.0."""

_SILENCE = 1e-4  # -80 dBFS: comfort noise and rounding stay below, every codec's tone above


@dataclass(frozen=True, kw_only=True)
class Sound:
    """A stretch of mono audio with its sample rate."""

    samples: Samples
    rate: int

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self.samples) / self.rate

    def tail(self, seconds: float) -> "Sound":
        """Return the last part."""
        return Sound(samples=self.samples[-max(1, round(seconds * self.rate)) :], rate=self.rate)

    def part(self, start: float, end: float) -> "Sound":
        """Return what lies between two moments, in seconds."""
        return Sound(samples=self.samples[round(start * self.rate) : round(end * self.rate)], rate=self.rate)

    def frequency(self) -> float:
        """Return its strongest frequency in Hz, 0.0 for silence."""
        return dominant_frequency(self.samples, self.rate)

    def share(self, hz: float) -> float:
        """Return which part of its energy is one tone, 0.0 to 1.0."""
        return tone_share(self.samples, self.rate, hz)

    def level(self) -> float:
        """Return its level in dB below full scale (a full sine is -3)."""
        return level_dbfs(self.samples)


def dominant_frequency(samples: Samples, rate: int) -> float:
    """Return the strongest frequency in Hz, to about a tenth of a hertz for a steady tone; 0.0 for silence."""
    if len(samples) < 64 or _rms(samples) < _SILENCE:
        return 0.0
    spectrum = np.abs(np.fft.rfft((samples - samples.mean()) * np.hanning(len(samples))))
    peak = int(spectrum.argmax())
    offset = 0.0
    if 0 < peak < len(spectrum) - 1:
        # A Hann window's main lobe is close to a parabola in the logarithm.
        left, middle, right = np.log(spectrum[peak - 1 : peak + 2] + 1e-12)
        offset = 0.5 * (left - right) / (left - 2 * middle + right)
    return float((peak + offset) * rate / len(samples))


def tone_share(samples: Samples, rate: int, hz: float, *, width: float = 15.0) -> float:
    """Return the share of the energy that lies within `width` Hz of a tone, 0.0 to 1.0; 0.0 for silence."""
    if len(samples) < 64 or _rms(samples) < _SILENCE:
        return 0.0
    energy = np.abs(np.fft.rfft((samples - samples.mean()) * np.hanning(len(samples)))) ** 2
    # A window shorter than the width spreads the tone over its own main lobe.
    reach = max(width, 2.0 * rate / len(samples))
    frequencies = np.fft.rfftfreq(len(samples), 1 / rate)
    return float(energy[np.abs(frequencies - hz) <= reach].sum() / energy.sum())


def goertzel(samples: Samples, rate: int, hz: float) -> float:
    """Return the amplitude of one tone (1.0 is full scale), whatever else sounds beside it."""
    if not len(samples):
        return 0.0
    turn = np.exp(-2j * np.pi * hz / rate * np.arange(len(samples)))
    return float(2 * np.abs(np.dot(samples, turn)) / len(samples))


def level_dbfs(samples: Samples) -> float:
    """Return the level of the whole stretch in dB below full scale; -120 for digital silence."""
    return float(20 * np.log10(max(_rms(samples), 1e-6)))


def longest_gap(samples: Samples, rate: int, *, threshold: float = 0.005) -> float:
    """Return the longest silence between the first and the last sound, in seconds: what a listener hears as a drop-out."""
    block = max(1, rate // 200)
    usable = len(samples) // block * block
    loud = np.sqrt((samples[:usable].reshape(-1, block) ** 2).mean(axis=1)) > threshold
    marks = np.flatnonzero(loud)
    return float(np.diff(marks).max(initial=1) - 1) * block / rate if len(marks) else 0.0


def tone(hz: float, *, seconds: float, rate: int = 16000, amplitude: float = 0.3) -> Samples:
    """Make a sine."""
    samples: Samples = amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)
    return samples


def write_wav(path: Path, samples: Samples, rate: int) -> Path:
    """Write 16-bit mono."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.round(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def write_tone(path: Path, hz: float, *, seconds: float = 10.0, rate: int = 16000, amplitude: float = 0.3) -> Path:
    """Write a tone of a whole number of periods, so that it loops without a click."""
    periods = max(1, round(seconds * hz))
    return write_wav(path, tone(hz, seconds=periods / hz, rate=rate, amplitude=amplitude), rate)


def read_wav(path: Path) -> Sound:
    """Read 8- or 16-bit PCM; several channels are mixed. A file that is still being written is read as far as it goes."""
    data = path.read_bytes()
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise ValueError(f"{path} is not a wav file")
    channels, rate, bits, position = 1, 8000, 16, 12
    while position + 8 <= len(data):
        kind, size = data[position : position + 4], int.from_bytes(data[position + 4 : position + 8], "little")
        body = data[position + 8 : position + 8 + size]
        if kind == b"fmt ":
            channels = int.from_bytes(body[2:4], "little")
            rate = int.from_bytes(body[4:8], "little")
            bits = int.from_bytes(body[14:16], "little")
        elif kind == b"data":
            # The size is written when the file is closed: until then what is there counts.
            raw = body if size else data[position + 8 :]
            return Sound(samples=_decode(raw, channels=channels, bits=bits), rate=rate)
        position += 8 + size + size % 2
    raise ValueError(f"{path} has no audio in it")


def _decode(raw: bytes, *, channels: int, bits: int) -> Samples:
    width = bits // 8 * channels
    raw = raw[: len(raw) // width * width]
    if bits == 16:
        samples = np.frombuffer(raw, dtype="<i2").astype(np.float64) / 32768
    elif bits == 8:
        samples = (np.frombuffer(raw, dtype=np.uint8).astype(np.float64) - 128) / 128
    else:
        raise ValueError(f"wav with {bits} bits a sample is not read here: write it with 8 or 16")
    mixed: Samples = samples.reshape(-1, channels).mean(axis=1)
    return mixed


def _rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0

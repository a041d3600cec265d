"""Making a test tone and recognising one in a recording, without a numeric library (Goertzel's algorithm)."""

import array
import math
import sys
import wave
from pathlib import Path
from typing import TypeAlias

Samples: TypeAlias = "array.array[int]"

FULL_SCALE = 32768.0
_HEADER = 44  # bytes before the samples in a plain PCM file


def write_tone(path: Path, *, hertz: float, seconds: float, rate: int = 16000, amplitude: float = 0.25) -> None:
    """A sine as 16-bit mono; a whole number of periods, so that it can be looped."""
    periods = round(hertz * seconds)
    count = round(periods * rate / hertz)
    values = (int(amplitude * 32767 * math.sin(2 * math.pi * hertz * index / rate)) for index in range(count))
    samples = array.array("h", values)
    if sys.byteorder == "big":
        samples.byteswap()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())


def read_end(path: Path, *, seconds: float) -> tuple[Samples, int]:
    """The last samples of a 16-bit mono file that may still be growing, with its rate; empty when there is nothing yet."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return array.array("h"), 16000
    if len(data) <= _HEADER:
        return array.array("h"), 16000
    rate = int.from_bytes(data[24:28], "little")
    body = data[_HEADER:]
    wanted = round(seconds * rate) * 2
    start = max(0, (len(body) - wanted) & ~1)
    samples = array.array("h", body[start : start + (len(body) - start & ~1)])
    if sys.byteorder == "big":
        samples.byteswap()
    return samples, rate


def level(samples: Samples) -> float:
    """Root mean square in dB below full scale; -120 for silence."""
    if not samples:
        return -120.0
    power = sum(value * value for value in samples) / len(samples) / FULL_SCALE**2
    return 10 * math.log10(power) if power > 1e-12 else -120.0


def share(samples: Samples, rate: int, hertz: float) -> float:
    """The part of the sound's energy that is one tone, from 0 to 1 (a pure tone gives 1, speech some hundredths)."""
    count = len(samples)
    energy = sum(value * value for value in samples)
    if count < rate // 10 or energy < count:  # too short, or silent
        return 0.0
    turn = 2 * math.cos(2 * math.pi * hertz / rate)
    last = before = 0.0
    for value in samples:
        last, before = value + turn * last - before, last
    power = last * last + before * before - turn * last * before
    return min(1.0, 2 * power / (count * energy))


def strongest(samples: Samples, rate: int, candidates: range) -> int:
    """Which of the frequencies is the loudest."""
    return max(candidates, key=lambda hertz: share(samples, rate, hertz))

"""The unit of audio inside the engine: 20 ms of mono 16-bit PCM, and conversions to and from it."""

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

RATE: Final = 16_000
"""Samples per second between the conference bridge and the devices (wideband, what G.722 carries)."""

FRAME_SAMPLES: Final = 320
FRAME_BYTES: Final = FRAME_SAMPLES * 2
FRAME_SECONDS: Final = FRAME_SAMPLES / RATE
BLOCK_SAMPLES: Final = 160
"""10 ms: the only block size the voice processing accepts."""

FULL_SCALE: Final = 32_768.0

Samples: TypeAlias = npt.NDArray[np.int16]

SILENCE: Final = bytes(FRAME_BYTES)


def to_samples(data: bytes | bytearray | memoryview) -> Samples:
    """View PCM bytes as samples without copying; a dangling odd byte is left out."""
    return np.frombuffer(data, dtype="<i2", count=len(data) // 2)


def silence(count: int) -> Samples:
    return np.zeros(count, dtype=np.int16)


def scaled(samples: Samples, factor: float) -> Samples:
    """Samples times `factor`, clipped instead of wrapped; the same array when the factor is 1."""
    if factor == 1.0:
        return samples
    return clipped(samples.astype(np.float32) * np.float32(factor))


def mixed(first: Samples, second: Samples) -> Samples:
    return clipped(first.astype(np.int32) + second)


def clipped(values: npt.NDArray[np.int32] | npt.NDArray[np.float32] | npt.NDArray[np.float64]) -> Samples:
    return np.clip(values, -32_768, 32_767).astype(np.int16)

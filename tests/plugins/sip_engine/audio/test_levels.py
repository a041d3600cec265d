import numpy as np
import pytest
from callmanager_sip_engine.audio.levels import FLOOR_DBFS, LevelMeter


def test_a_full_scale_sine_is_minus_three() -> None:
    meter = LevelMeter()
    meter.feed((32_767 * np.sin(2 * np.pi * 1000 * np.arange(3200) / 16_000)).astype(np.int16))
    assert meter.dbfs() == pytest.approx(-3.01, abs=0.05)


def test_silence_and_nothing_are_the_floor() -> None:
    meter = LevelMeter()
    assert meter.dbfs() == FLOOR_DBFS
    meter.feed(np.zeros(320, dtype=np.int16))
    assert meter.dbfs() == FLOOR_DBFS


def test_only_the_last_200_ms_count() -> None:
    meter = LevelMeter()
    meter.feed(np.full(320, 20_000, dtype=np.int16))
    for _ in range(10):
        meter.silent()
    assert meter.dbfs() == FLOOR_DBFS

import numpy as np
import pytest
from callmanager_sip_engine.audio.frames import RATE, Samples
from callmanager_sip_engine.audio.splice import OVERLAP, find_lag, lengthened, shortened


def voice(pitch: float, count: int = 640) -> Samples:
    times = np.arange(count) / RATE
    return sum(3000 / k * np.sin(2 * np.pi * pitch * k * times) for k in range(1, 6)).astype(np.int16)


@pytest.mark.parametrize("pitch", [110.0, 200.0, 250.0])
def test_the_lag_is_a_whole_number_of_pitch_periods(pitch: float) -> None:
    lag = find_lag(voice(pitch))
    assert lag is not None
    assert lag.score > 0.95
    periods = lag.samples * pitch / RATE
    assert periods == pytest.approx(round(periods), abs=0.03)


def test_quiet_may_be_cut_anywhere() -> None:
    lag = find_lag(np.random.default_rng(1).normal(0, 20, 640).astype(np.int16))
    assert lag is not None
    assert lag.score == 1.0


def test_loud_noise_is_no_good_place() -> None:
    lag = find_lag(np.random.default_rng(1).normal(0, 5000, 640).astype(np.int16))
    assert lag is not None
    assert lag.score < 0.8


def test_too_little_sound_has_no_lag() -> None:
    assert find_lag(voice(200.0, OVERLAP + 10)) is None


def test_shortening_and_lengthening_by_one_period_keep_the_wave() -> None:
    sound = voice(200.0)
    period = RATE // 200
    assert np.abs(shortened(sound, period).astype(int) - sound[: len(sound) - period]).max() <= 2
    longer = lengthened(sound, period)
    assert len(longer) == len(sound) + period
    assert np.abs(longer[: len(sound)].astype(int) - sound).max() <= 2

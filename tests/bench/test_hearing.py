"""The delay that is found is the delay that was there."""

import numpy as np
import pytest

from bench import hearing


@pytest.mark.parametrize("delay_ms", [0.0, 35.0, 79.5, 240.0])
def test_a_known_delay_is_found_to_the_sample_through_noise_and_a_lower_level(delay_ms: float) -> None:
    said = hearing.chirps(6)
    late = round(delay_ms * hearing.RATE / 1000)
    heard = 0.3 * np.concatenate((np.zeros(late), said))[: len(said)]
    heard += np.random.default_rng(3).normal(0, 0.01, len(heard))
    delays = hearing.delays_ms(said, heard)
    assert len(delays) >= 4
    assert delays == pytest.approx([delay_ms] * len(delays), abs=0.1)


def test_nothing_is_heard_in_silence_or_noise() -> None:
    said = hearing.chirps(4)
    assert hearing.delays_ms(said, np.zeros(len(said))) == []
    assert hearing.delays_ms(said, np.random.default_rng(3).normal(0, 0.2, len(said))) == []

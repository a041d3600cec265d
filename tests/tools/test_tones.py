"""The tour's ear: it must not hear a tone that is not there."""

import array
import random
from pathlib import Path

import pytest

from devtools import tones


@pytest.mark.parametrize("hertz", [620, 1004])
def test_a_written_tone_is_heard_at_its_frequency_and_at_no_other(tmp_path: Path, hertz: int) -> None:
    path = tmp_path / "tone.wav"
    tones.write_tone(path, hertz=hertz, seconds=1, amplitude=0.25)
    samples, rate = tones.read_end(path, seconds=0.5)
    assert rate == 16000
    assert len(samples) == 8000
    assert tones.share(samples, rate, hertz) > 0.98
    assert tones.share(samples, rate, hertz + 100) < 0.02
    assert tones.strongest(samples, rate, range(hertz - 60, hertz + 61, 2)) == hertz
    assert tones.level(samples) == pytest.approx(-15.05, abs=0.1)


def test_noise_and_silence_are_no_tone() -> None:
    noise = random.Random(7)
    samples = array.array("h", (noise.randrange(-8000, 8000) for _ in range(8000)))
    assert tones.share(samples, 16000, 1004) < 0.02
    assert tones.share(array.array("h", bytes(16000)), 16000, 1004) == 0.0
    assert tones.level(array.array("h", bytes(16000))) == -120.0


def test_a_tone_under_louder_noise_is_not_taken_for_the_whole_sound() -> None:
    noise = random.Random(7)
    samples = array.array("h", (noise.randrange(-20000, 20000) for _ in range(8000)))
    assert tones.share(samples, 16000, 620) < 0.5


def test_a_file_that_grows_or_is_not_there_yet_reads_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "speaker.wav"
    assert tones.read_end(path, seconds=1)[0] == array.array("h")
    tones.write_tone(path, hertz=500, seconds=0.1)
    path.write_bytes(path.read_bytes() + b"\x01")  # half a sample arrived
    samples, _ = tones.read_end(path, seconds=9)
    assert len(samples) == 1600

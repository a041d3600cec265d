import wave
from pathlib import Path

import numpy as np
import pytest
from audio_bench.bench import sound_file, tone_file, tone_share
from audio_bench.processes import wait_until
from callmanager_sip_engine.audio.wav import WavSink, WavSource


def stereo_file(path: Path, *, rate: int, frequency: float) -> Path:
    times = np.arange(rate) / rate
    mono = (9000 * np.sin(2 * np.pi * frequency * times)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.repeat(mono, 2).tobytes())
    return path


@pytest.mark.parametrize("rate", [8000, 44_100, 48_000])
def test_any_rate_and_number_of_channels_is_heard_at_its_pitch(tmp_path: Path, rate: int) -> None:
    source = WavSource(stereo_file(tmp_path / "in.wav", rate=rate, frequency=1000))
    sound = np.concatenate([source.read() for _ in range(40)])
    assert tone_share(sound, 1000) > 0.97
    assert np.abs(sound).max() > 7000


def test_the_file_is_repeated_without_a_seam(tmp_path: Path) -> None:
    source = WavSource(tone_file(tmp_path / "in.wav", frequency=1000, seconds=0.51))
    sound = np.concatenate([source.read() for _ in range(200)])
    assert tone_share(sound, 1000) > 0.99


@pytest.mark.parametrize("content", [b"", b"RIFF", b"no sound at all" * 100])
def test_a_file_that_is_no_sound_is_refused_with_its_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.wav"
    path.write_bytes(content)
    with pytest.raises(OSError, match="broken"):
        WavSource(path)


def test_an_empty_sound_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="empty"):
        WavSource(sound_file(tmp_path / "in.wav", np.zeros(0, dtype=np.int16)))


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    sink = WavSink(tmp_path / "out.wav")
    frames = [np.full(320, value, dtype=np.int16) for value in range(100)]
    for frame in frames:
        sink.write(frame)
    sink.close()
    with wave.open(str(tmp_path / "out.wav"), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16_000)
        assert np.array_equal(np.frombuffer(file.readframes(100_000), dtype="<i2"), np.concatenate(frames))


def test_the_file_is_valid_before_it_is_closed(tmp_path: Path) -> None:
    """What a crash leaves behind: the header already counts the sound up to the last half second."""
    path = tmp_path / "out.wav"
    sink = WavSink(path)
    try:
        for _ in range(60):
            sink.write(np.ones(320, dtype=np.int16))

        def readable() -> bool:
            with wave.open(str(path), "rb") as file:
                return len(file.readframes(100_000)) >= 50 * 640

        wait_until(readable, what="a valid header")
    finally:
        sink.close()


def test_a_folder_that_is_not_there_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="out"):
        WavSink(tmp_path / "nowhere" / "out.wav")

"""The voice processing in a simulated room."""

import sys
import threading
from typing import NamedTuple

import attrs
import numpy as np
import pytest
from callmanager.api import AudioChoice
from callmanager_sip_engine.audio.frames import RATE, Samples
from callmanager_sip_engine.audio.processing import _DELAY_MILLISECONDS, VoiceProcessor
from callmanager_sip_engine.audio.webrtc import Direction

ECHO_ONLY = AudioChoice(noise_suppression=False, gain_control=False)


@pytest.fixture(scope="module", autouse=True)
def _library() -> None:
    """The library keeps two sockets of its own for as long as the process lives; no single test is to blame for them."""
    assert VoiceProcessor.load(ECHO_ONLY) is not None


class Talk(NamedTuple):
    far: Samples
    echo: Samples


def speech(seconds: float, seed: int) -> np.ndarray:
    """Sound with the changing pitch, spectrum and loudness of speech, so that the canceller has something to adapt to."""
    generator = np.random.default_rng(seed)
    count = round(seconds * RATE)
    times = np.arange(count) / RATE
    pitch = 130 + 40 * np.sin(2 * np.pi * 0.7 * times) + 15 * np.sin(2 * np.pi * 2.3 * times)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    voice = sum(np.sin(phase * k) / k for k in range(1, 20))
    syllables = np.clip(np.sin(2 * np.pi * 3.1 * times) + 0.3, 0, None)
    return (voice + generator.normal(0, 0.5, count)) * syllables


def room(seconds: float) -> Talk:
    """A far end's speech and what the microphone hears of it: 50 ms later, quieter, with a tail of 32 ms."""
    far = speech(seconds, 1)
    far *= 8000 / np.abs(far).max()
    generator = np.random.default_rng(2)
    tail = generator.normal(0, 1, 512) * np.exp(-np.arange(512) / 120)
    response = np.concatenate((np.zeros(800), 0.4 * tail / np.linalg.norm(tail)))
    return Talk(far.astype(np.int16), np.convolve(far, response)[: len(far)].astype(np.int16))


def processed(processor: VoiceProcessor, far: Samples, near: Samples, *, block: int = 160) -> Samples:
    cleaned = []
    for start in range(0, len(near) - block + 1, block):
        processor.render(far[start : start + block])
        cleaned.append(processor.capture(near[start : start + block]))
    return np.concatenate(cleaned)


def energy(sound: Samples) -> float:
    return float(np.mean(np.square(sound.astype(np.float64)))) + 1e-3


@pytest.mark.parametrize("block", [160, 320, 441], ids=["10 ms", "20 ms", "odd"])
def test_the_echo_of_a_room_is_removed(block: int) -> None:
    processor = VoiceProcessor.load(ECHO_ONLY)
    assert processor is not None
    talk = room(8.0)
    cleaned = processed(processor, talk.far, talk.echo, block=block)
    late = slice(3 * RATE, len(cleaned))
    assert 10 * np.log10(energy(talk.echo[late]) / energy(cleaned[late])) > 25


def test_the_own_voice_passes_while_the_far_end_is_silent() -> None:
    processor = VoiceProcessor.load(ECHO_ONLY)
    assert processor is not None
    near = (speech(4.0, 5) * 2000).astype(np.int16)
    cleaned = processed(processor, np.zeros(len(near), dtype=np.int16), near)
    assert abs(10 * np.log10(energy(cleaned[RATE:]) / energy(near[RATE:]))) < 3


def test_steady_noise_is_suppressed() -> None:
    choice = attrs.evolve(ECHO_ONLY, echo_cancellation=False, noise_suppression=True)
    processor = VoiceProcessor.load(choice)
    assert processor is not None
    noise = np.random.default_rng(4).normal(0, 800, 6 * RATE).astype(np.int16)
    cleaned = processed(processor, np.zeros(len(noise), dtype=np.int16), noise)
    assert 10 * np.log10(energy(noise[3 * RATE :]) / energy(cleaned[3 * RATE :])) > 6


def test_both_directions_may_run_on_their_own_threads() -> None:
    processor = VoiceProcessor.load(AudioChoice())
    assert processor is not None
    talk = room(10.0)
    counts = []

    def render() -> None:
        for start in range(0, len(talk.far), 160):
            processor.render(talk.far[start : start + 160])

    def capture() -> None:
        counts.append(sum(len(processor.capture(talk.echo[start : start + 160])) for start in range(0, len(talk.far), 160)))

    threads = [threading.Thread(target=render), threading.Thread(target=capture)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert counts == [len(talk.far)]


def test_without_the_library_the_call_goes_on(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setitem(sys.modules, "livekit.rtc.apm", None)
    assert VoiceProcessor.load(ECHO_ONLY) is None
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_a_module_that_fails_is_left_out_and_the_sound_stays(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def capture(self, block: Samples) -> Samples:
            raise RuntimeError("out of order")

        def render(self, block: Samples) -> None:
            raise RuntimeError("out of order")

    processor = VoiceProcessor(Broken())
    sound = np.arange(160, dtype=np.int16)
    assert np.array_equal(processor.capture(sound), sound)
    assert np.array_equal(processor.capture(sound), sound)
    assert len(caplog.records) == 1


def test_the_short_way_hears_what_the_library_s_own_face_hears() -> None:
    from livekit.rtc.apm import AudioProcessingModule
    from livekit.rtc.audio_frame import AudioFrame

    talk = room(2.0)
    processor = VoiceProcessor.load(ECHO_ONLY)
    assert processor is not None
    module = AudioProcessingModule(echo_cancellation=True, high_pass_filter=True)
    module.set_stream_delay_ms(_DELAY_MILLISECONDS)
    expected = []
    for start in range(0, len(talk.far) - 159, 160):
        module.process_reverse_stream(AudioFrame(bytearray(talk.far[start : start + 160].tobytes()), RATE, 1, 160))
        near = AudioFrame(bytearray(talk.echo[start : start + 160].tobytes()), RATE, 1, 160)
        module.process_stream(near)
        expected.append(np.frombuffer(bytes(near.data), dtype="<i2"))
    assert np.array_equal(processed(processor, talk.far, talk.echo), np.concatenate(expected))


def test_a_module_that_the_library_does_not_know_is_an_error() -> None:
    from livekit.rtc._ffi_client import FfiClient

    path = Direction(FfiClient.instance._ffi_lib, 2**40, "apm_process_stream")
    with pytest.raises(RuntimeError):
        path.process(np.zeros(160, dtype=np.int16))

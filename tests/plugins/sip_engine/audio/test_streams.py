"""Real miniaudio streams on its null backend: real threads and real time, no sound card."""

import threading
import time

import miniaudio
import numpy as np
import pytest
from audio_bench.processes import wait_until
from callmanager.api import AudioDevice, AudioRole
from callmanager_sip_engine.audio.frames import RATE, Samples
from callmanager_sip_engine.audio.streams import CAPTURE, PLAYBACK, Hardware, MiniaudioHardware


class Counting:
    """A feed for either direction."""

    def __init__(self) -> None:
        self.counts: list[int] = []
        self.error: Exception | None = None

    def pull(self, count: int) -> Samples:
        self._count(count)
        return np.zeros(count, dtype=np.int16)

    def push(self, sound: Samples) -> None:
        self._count(len(sound))

    def _count(self, count: int) -> None:
        self.counts.append(count)
        if self.error:
            raise self.error


@pytest.fixture
def hardware() -> Hardware:
    return MiniaudioHardware(backends=(miniaudio.Backend.NULL,))


def device(hardware: Hardware, kind: str) -> AudioDevice:
    return next(device for device in hardware.devices() if device.kind == kind)


ROLES = [(AudioRole.SPEAKER, "output"), (AudioRole.MICROPHONE, "input")]


@pytest.mark.parametrize(("role", "kind"), ROLES)
def test_a_stream_moves_one_period_at_a_time_until_it_is_closed(hardware: Hardware, role: AudioRole, kind: str) -> None:
    feed = Counting()
    stream = hardware.open(role, device(hardware, kind), feed, as_default=True)
    wait_until(lambda: len(feed.counts) > 20, what="twenty periods")
    assert stream.alive(time.monotonic())
    stream.close()
    seen = len(feed.counts)
    milliseconds, _ = CAPTURE if role is AudioRole.MICROPHONE else PLAYBACK
    assert set(feed.counts) == {RATE * milliseconds // 1000}
    assert not stream.alive(time.monotonic() + 1)
    assert len(feed.counts) == seen


@pytest.mark.parametrize(("role", "kind"), ROLES)
def test_a_feed_that_fails_makes_the_stream_dead_and_is_logged_once(
    hardware: Hardware, role: AudioRole, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    feed = Counting()
    stream = hardware.open(role, device(hardware, kind), feed, as_default=True)
    feed.error = ZeroDivisionError("a bug")
    wait_until(lambda: not stream.alive(time.monotonic()), what="the stream to count as dead")
    stream.close()
    assert len([record for record in caplog.records if "stream failed" in record.message]) == 1


def test_a_hundred_openings_leave_no_thread_behind(hardware: Hardware) -> None:
    speaker = device(hardware, "output")
    hardware.open(AudioRole.SPEAKER, speaker, Counting(), as_default=True).close()
    before, ours = native_threads(), threading.active_count()
    for _ in range(100):
        hardware.open(AudioRole.SPEAKER, speaker, Counting(), as_default=True).close()
    assert native_threads() <= before
    assert threading.active_count() <= ours


def native_threads() -> int:
    import psutil

    return psutil.Process().num_threads()


@pytest.mark.parametrize("device_id", ["null:xyz", "null:" + "00" * 10_000, "\u2603"])
def test_an_id_that_is_none_is_an_error_of_the_device(hardware: Hardware, device_id: str) -> None:
    strange = AudioDevice(id=device_id, name="strange", kind="output")
    with pytest.raises(OSError, match="strange"):
        hardware.open(AudioRole.SPEAKER, strange, Counting(), as_default=False)

"""The audio system without sound cards: files, nothing, and fake devices."""

import asyncio
import threading
import time
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import attrs
import numpy as np
import pytest
from audio_bench.bench import tone_file, tone_share
from audio_bench.fake_hardware import FakeHardware, input_, output
from audio_bench.observer import Remembering, sine, wait_for
from callmanager.api import AudioBackendKind, AudioChoice, AudioRole
from callmanager_sip_engine.audio.frames import FRAME_BYTES, SILENCE
from callmanager_sip_engine.audio.levels import FLOOR_DBFS
from callmanager_sip_engine.audio.system import AudioSystem
from callmanager_sip_engine.audio.values import Tone

PLAIN = AudioChoice(echo_cancellation=False, noise_suppression=False, gain_control=False)
NOTHING = attrs.evolve(PLAIN, backend=AudioBackendKind.NONE)


@attrs.define
class Room:
    system: AudioSystem
    observer: Remembering
    hardware: FakeHardware

    async def settle(self) -> None:
        """Let the worker do all that was ordered so far."""
        done = asyncio.Event()
        loop = asyncio.get_running_loop()

        def reconcile() -> None:
            self.system._keeper.reconcile(time.monotonic())
            loop.call_soon_threadsafe(done.set)

        self.system._worker.submit(reconcile)
        await asyncio.wait_for(done.wait(), 10)


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    hardware = FakeHardware(plugged=[output("desk", default=True), output("headset"), input_("microphone", default=True)])
    observer = Remembering()
    system = AudioSystem(observer, hardware=hardware)
    system.configure(PLAIN)
    yield Room(system, observer, hardware)
    system.close()
    assert all(stream.closed for stream in hardware.opened)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("audio-")]


def files(tmp_path: Path, frequency: float = 1000) -> AudioChoice:
    return attrs.evolve(
        PLAIN,
        backend=AudioBackendKind.FILES,
        input_file=tone_file(tmp_path / "in.wav", frequency=frequency, seconds=1),
        output_file=tmp_path / "out.wav",
    )


def written(path: Path) -> np.ndarray:
    with wave.open(str(path), "rb") as file:
        return np.frombuffer(file.readframes(10_000_000), dtype="<i2")


async def test_a_wrong_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="16000"):
        AudioSystem(Remembering(), rate=8000)


async def test_before_call_audio_is_open_there_is_silence_and_no_device(room: Room) -> None:
    assert room.system.pull_microphone() == SILENCE
    room.system.push_speaker(bytes(FRAME_BYTES))
    await room.settle()
    assert room.hardware.opened == []
    assert room.system.level().microphone == FLOOR_DBFS


async def test_call_audio_opens_speaker_and_microphone_but_not_the_ringer(room: Room) -> None:
    room.system.open_call_audio()
    await room.settle()
    assert room.hardware.sounding(AudioRole.SPEAKER) == "desk"
    assert room.hardware.sounding(AudioRole.MICROPHONE) == "microphone"
    assert room.hardware.sounding(AudioRole.RINGER) is None
    room.system.close_call_audio()
    await room.settle()
    assert room.hardware.sounding(AudioRole.SPEAKER) is None
    assert room.hardware.sounding(AudioRole.MICROPHONE) is None


async def test_ringing_has_its_own_device_and_does_not_touch_the_call(room: Room) -> None:
    room.system.configure(attrs.evolve(PLAIN, ringer=output("headset").id))
    room.system.open_call_audio()
    room.system.start_ringing()
    await room.settle()
    assert room.hardware.sounding(AudioRole.RINGER) == "headset"
    assert room.hardware.sounding(AudioRole.SPEAKER) == "desk"
    room.system.stop_ringing()
    await room.settle()
    assert room.hardware.sounding(AudioRole.RINGER) is None
    assert room.hardware.sounding(AudioRole.SPEAKER) == "desk"


async def test_a_preview_ends_by_itself(room: Room) -> None:
    room.system.preview_ringtone()
    await wait_for(lambda: room.hardware.sounding(AudioRole.RINGER) == "desk", what="the preview")
    await wait_for(lambda: room.hardware.sounding(AudioRole.RINGER) is None, what="its end")


async def test_a_key_sounds_outside_of_calls_and_lets_the_device_go_again(room: Room) -> None:
    room.system.play_dtmf("5")
    await wait_for(lambda: room.hardware.sounding(AudioRole.SPEAKER) == "desk", what="the speaker")
    assert room.hardware.sounding(AudioRole.MICROPHONE) is None
    await wait_for(lambda: room.hardware.sounding(AudioRole.SPEAKER) is None, what="its end")


async def test_a_missing_microphone_is_reported(room: Room) -> None:
    room.hardware.plugged = [output("desk", default=True)]
    room.system.open_call_audio()
    await wait_for(lambda: bool(room.observer.failures), what="the report")
    role, detail = room.observer.failures[0]
    assert role is AudioRole.MICROPHONE
    assert "no device is connected" in detail


async def test_the_device_list_is_reported_and_kept(room: Room) -> None:
    assert room.system.devices() == ()
    found = await room.system.find_devices()
    assert found == tuple(room.hardware.plugged)
    assert room.system.devices() == found
    assert room.observer.lists == [found]


async def test_a_watched_list_follows_what_is_plugged(room: Room) -> None:
    room.system.watch_devices(watched=True)
    await wait_for(lambda: len(room.observer.lists) == 1, what="the first list")
    room.hardware.plugged = room.hardware.plugged[:1]
    await wait_for(lambda: len(room.observer.lists) == 2, what="the second list")
    room.system.watch_devices(watched=False)
    await room.settle()


async def test_files_take_the_place_of_microphone_and_speaker(room: Room, tmp_path: Path) -> None:
    room.system.configure(files(tmp_path))
    room.system.open_call_audio()
    heard = b"".join(room.system.pull_microphone() for _ in range(50))
    assert tone_share(np.frombuffer(heard, dtype="<i2"), 1000) > 0.99
    for _ in range(50):
        room.system.push_speaker(sine(600)(b""))
    room.system.close()
    assert len(written(tmp_path / "out.wav")) == 50 * 320
    assert tone_share(written(tmp_path / "out.wav"), 600) > 0.99
    assert room.hardware.opened == []


async def test_a_ringback_tone_is_heard_over_silence_and_in_the_recording(room: Room, tmp_path: Path) -> None:
    room.system.configure(files(tmp_path))
    room.system.start_tone(Tone.RINGBACK)
    for _ in range(50):
        room.system.push_speaker(bytes(FRAME_BYTES))
    assert room.system.level().speaker > -30
    room.system.stop_tone()
    room.system.close()
    sound = written(tmp_path / "out.wav")
    assert tone_share(sound, 440) == pytest.approx(0.5, abs=0.05)
    assert tone_share(sound, 480) == pytest.approx(0.5, abs=0.05)


async def test_an_input_file_that_is_missing_is_reported_and_sounds_like_silence(room: Room, tmp_path: Path) -> None:
    room.system.configure(attrs.evolve(files(tmp_path), input_file=tmp_path / "missing.wav"))
    room.system.open_call_audio()
    assert room.system.pull_microphone() == SILENCE
    await wait_for(lambda: bool(room.observer.failures), what="the report")
    assert room.observer.failures[0][0] is AudioRole.MICROPHONE
    assert "missing.wav" in room.observer.failures[0][1]


async def test_gain_and_volume_are_limited_and_clip_instead_of_wrapping(room: Room, tmp_path: Path) -> None:
    room.system.configure(attrs.evolve(files(tmp_path), microphone_gain=50.0, speaker_volume=0.5))
    room.system.open_call_audio()
    frame = np.frombuffer(room.system.pull_microphone(), dtype="<i2")
    assert np.abs(frame.astype(int)).max() == pytest.approx(2 * 0.3 * 32_767, rel=0.02)
    room.system.push_speaker(np.full(320, 20_000, dtype="<i2").tobytes())
    room.system.close()
    assert set(written(tmp_path / "out.wav")) == {10_000}


async def test_without_a_backend_there_is_silence_and_the_level_is_still_measured(room: Room) -> None:
    room.system.configure(NOTHING)
    room.system.open_call_audio()
    assert room.system.pull_microphone() == SILENCE
    for _ in range(10):
        room.system.push_speaker(sine(600)(b""))
    assert room.system.level().speaker == pytest.approx(-13.5, abs=0.2)
    await room.settle()
    assert room.hardware.opened == []


@pytest.mark.parametrize("data", [b"", b"\x01", bytes(639), bytes(64_000)])
async def test_a_frame_of_a_wrong_size_counts_as_silence(room: Room, data: bytes) -> None:
    room.system.open_call_audio()
    room.system.push_speaker(data)
    assert room.system.level().speaker == FLOOR_DBFS


async def test_changing_to_files_in_a_call_closes_the_devices(room: Room, tmp_path: Path) -> None:
    room.system.open_call_audio()
    await room.settle()
    room.system.configure(files(tmp_path))
    await room.settle()
    assert room.hardware.sounding(AudioRole.SPEAKER) is None
    assert room.system.pull_microphone() != SILENCE


async def test_after_close_nothing_is_heard_and_nothing_is_said(room: Room) -> None:
    room.system.open_call_audio()
    await room.settle()
    said = len(room.observer.lists)
    room.hardware.plugged = []
    room.system.close()
    room.system.close()
    room.system.open_call_audio()
    assert room.system.pull_microphone() == SILENCE
    assert len(room.observer.lists) == said

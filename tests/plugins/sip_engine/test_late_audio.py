"""Orders to the audio system wait for it and lose neither their order nor themselves."""

import asyncio

import pytest
from callmanager.api import AudioRole
from callmanager_sip_engine import late_audio
from callmanager_sip_engine.late_audio import LateAudio
from callmanager_sip_engine.sip.media_port import FRAME_OCTETS


class Witness:
    """Hears what an engine would hear of its devices."""

    def __init__(self):
        self.failed = []

    def audio_devices_changed(self, devices):
        pass

    def audio_device_switched(self, role, device, reason):
        pass

    def audio_failed(self, role, detail):
        self.failed.append((role, detail))


@pytest.fixture
async def audio():
    made = LateAudio(Witness())
    yield made
    await made.close()


async def test_orders_are_done_in_their_order_once_the_system_is_there(audio):
    done = []
    audio.start()
    audio.do(lambda system: done.append(("first", system)), can_wait=True)
    audio.do(lambda system: done.append(("second", system)), can_wait=True)
    assert done == []
    audio.hurry()
    system = await audio.ready()
    audio.do(lambda system: done.append(("third", system)))
    assert done == [("first", system), ("second", system), ("third", system)]


async def test_an_order_that_cannot_wait_has_the_system_loaded_at_once(audio, monkeypatch):
    monkeypatch.setattr(late_audio, "_PATIENCE_SECONDS", 3600.0)
    audio.start()
    done = asyncio.Event()
    audio.do(lambda _system: done.set())
    await asyncio.wait_for(done.wait(), 20)


async def test_nobody_has_to_hurry_it(audio, monkeypatch):
    monkeypatch.setattr(late_audio, "_PATIENCE_SECONDS", 0.0)
    audio.start()
    done = asyncio.Event()
    audio.do(lambda _system: done.set(), can_wait=True)
    await asyncio.wait_for(done.wait(), 20)


async def test_the_media_clock_gets_silence_before_and_the_system_after(audio):
    assert audio.pull_microphone() == bytes(FRAME_OCTETS)
    audio.push_speaker(bytes(FRAME_OCTETS))
    audio.start()
    system = await audio.ready()
    assert audio.pull_microphone() == system.pull_microphone() == bytes(FRAME_OCTETS)
    audio.push_speaker(bytes(FRAME_OCTETS))


async def test_closing_while_it_is_being_loaded_leaves_nothing(audio):
    audio.start()
    audio.hurry()
    await asyncio.sleep(0)
    await audio.close()
    assert audio.system is None


async def test_a_system_that_cannot_be_loaded_is_told_and_not_waited_for(audio, monkeypatch, caplog):
    def broken():
        raise ImportError("no such library")

    monkeypatch.setattr(late_audio, "_import", broken)
    audio.start()
    audio.hurry()
    await asyncio.wait([audio._task])
    assert [role for role, _ in audio._observer.failed] == [AudioRole.SPEAKER, AudioRole.MICROPHONE]
    assert "no such library" in caplog.text
    caplog.clear()

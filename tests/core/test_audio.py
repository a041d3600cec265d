"""The engine hears the user's choice of devices, and the user hears of what becomes of them."""

from pathlib import Path

import attrs
from callmanager.api import (
    AudioBackendKind,
    AudioChoice,
    AudioDevice,
    AudioDeviceReplaced,
    AudioDevicesChanged,
    AudioRole,
    AudioSettings,
    NoticePosted,
)
from callmanager.app import AppOptions
from callmanager.engine import commands, facts
from callmanager.testing import Harness, running
from callmanager.testing.fakes import DEVICES


async def test_the_choice_is_told_at_start_at_every_change_and_to_a_restarted_engine(harness: Harness) -> None:
    harness.app.settings.update(AudioSettings, microphone="fake-headset-in", ringer_volume=0.3)
    harness.engine.crash()
    harness.engine.recover()
    first, changed, again = (command.choice for command in harness.engine.sent(commands.ConfigureAudio))
    assert (first.microphone, first.ringer_volume) == (None, 0.8)
    assert (changed.microphone, changed.ringer_volume, changed.speaker) == ("fake-headset-in", 0.3, None)
    assert again == changed


async def test_an_override_takes_the_place_of_devices_and_keeps_the_volumes(tmp_path: Path) -> None:
    files = AudioChoice(backend=AudioBackendKind.FILES, input_file=tmp_path / "in.wav", output_file=tmp_path / "out.wav")
    options = AppOptions(profile=tmp_path / "profile", site=tmp_path / "site", audio=files)
    async with running(tmp_path, options=options) as harness:
        harness.app.settings.update(AudioSettings, microphone_gain=1.5)
        choice = harness.engine.sent(commands.ConfigureAudio)[-1].choice
        assert choice == attrs.evolve(files, microphone_gain=1.5)


async def test_devices_are_published_when_they_change(harness: Harness) -> None:
    assert harness.app.audio.devices == DEVICES
    harness.engine.report(facts.AudioDevicesReported(devices=DEVICES))
    harness.engine.report(facts.AudioDevicesReported(devices=(AudioDevice(id="x", name="X\nY", kind="input"),)))
    assert [device.name for device in harness.app.audio.devices] == ["X Y"]
    assert len(harness.published(AudioDevicesChanged)) == 2


async def test_the_engine_watches_as_long_as_somebody_looks(harness: Harness) -> None:
    first, second = harness.app.audio.watch(), harness.app.audio.watch()
    first()
    first()
    harness.engine.crash()
    harness.engine.recover()
    second()
    assert [command.watched for command in harness.engine.sent(commands.WatchAudioDevices)] == [True, True, False]


async def test_a_device_that_goes_is_told_and_one_that_comes_clears_the_problem(harness: Harness) -> None:
    harness.engine.report(facts.AudioDeviceSwitched(role=AudioRole.SPEAKER, device=None, reason="unplugged"))
    assert [problem.id for problem in harness.app.problems.current()] == ["audio-speaker"]
    harness.engine.report(facts.AudioDeviceSwitched(role=AudioRole.SPEAKER, device=DEVICES[2], reason="back"))
    assert harness.app.problems.current() == ()
    assert "Fake speaker" in harness.published(NoticePosted)[-1].notice.text
    assert [event.device for event in harness.published(AudioDeviceReplaced)] == [None, DEVICES[2]]


async def test_a_device_that_fails_is_a_problem_until_another_is_chosen(harness: Harness) -> None:
    harness.engine.report(facts.AudioFailed(role=AudioRole.MICROPHONE, detail="access denied"))
    (problem,) = harness.app.problems.current()
    assert (problem.id, problem.details) == ("audio-microphone", "access denied")
    harness.app.settings.update(AudioSettings, microphone="fake-headset-in")
    assert harness.app.problems.current() == ()


async def test_the_ringtone_can_be_heard(harness: Harness) -> None:
    harness.app.audio.preview_ringtone()
    assert harness.engine.sent(commands.PreviewRingtone)

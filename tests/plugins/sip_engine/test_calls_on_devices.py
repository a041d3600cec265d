"""Calls of a real engine with the real Asterisk on real devices (PipeWire's), which come and go while people talk."""

import asyncio
import itertools
from functools import partial

import attrs
import numpy as np
import pytest
from audio_bench.bench import AudioBench, Recording, tone_file, tone_share
from callmanager.api import (
    Answer,
    AudioChoice,
    AudioDevicesReported,
    AudioDeviceSwitched,
    AudioFailed,
    AudioRole,
    CallArrived,
    CallFinished,
    CallProgressed,
    CallState,
    ConfigureAudio,
    EndCause,
    Ring,
    Transport,
    WatchAudioDevices,
)
from far_ends.tones import longest_gap, read_wav
from pbx.accounts import Dial
from pbx.bench import AsteriskPbx
from plugins.sip_engine.lines import Line, account_at
from plugins.sip_engine.phones import Phone

pytestmark = [pytest.mark.pbx, pytest.mark.audio, pytest.mark.slow, pytest.mark.timeout(120)]

_names = (str(number) for number in itertools.count(700))
_SINKS = ("desk", "headset", "ringer")
_MICROPHONES = ("boom", "webcam")
_BOOM, _WEBCAM, _FAR = 1000, 1400, 500
_LONGEST_GAP = 2.0
"""Seconds of sound that a call may lose with its device; the aim is one, the rest is for a busy test machine."""


@attrs.frozen
class Desk:
    """A registered phone on a machine with two speakers, a ringer and two microphones that each hear a tone of their own."""

    line: Line
    bench: AudioBench
    pbx: AsteriskPbx

    async def on_bench(self, do, *args, **options):
        return await asyncio.to_thread(partial(do, *args, **options))

    async def speak_into(self, microphone, folder, frequency):
        sound = tone_file(folder / f"{microphone}.wav", frequency=frequency, seconds=100)
        return await self.on_bench(self.bench.play_into_microphone, microphone, sound)

    async def switched(self, role, name, *, since):
        fact = await self.line.phone.wait(
            AudioDeviceSwitched, lambda f: f.role is role and f.device and f.device.name == name, since=since
        )
        return fact.reason

    def far_end_heard(self, name):
        """What Asterisk has recorded of us so far, and None before there is half a second of it."""
        path = self.pbx.home / "recorded" / f"{name}.wav16"
        return read_wav(path) if path.exists() and path.stat().st_size > 16_000 else None

    async def far_end_hears(self, name, frequency):
        def now():
            sound = self.far_end_heard(name)
            return sound is not None and sound.tail(0.5).share(frequency) > 0.9

        await self.pbx.until(now, what=f"{frequency} Hz at the far end")

    async def finish(self, call):
        """Hang up a call that has gone on all the time."""
        assert not self.line.phone.of(CallFinished)
        assert not self.line.phone.of(AudioFailed)
        assert (await self.line.hang_up(call)).end.cause is EndCause.LOCAL


@pytest.fixture
async def desk(pbx, audio_bench, tmp_path):
    for name in _SINKS:
        audio_bench.add_sink(name, description=name.title())
    for name in _MICROPHONES:
        audio_bench.add_microphone(name, description=name.title())
    audio_bench.set_default_sink("desk")
    audio_bench.set_default_microphone("webcam")
    async with Phone(tmp_path) as phone:
        line = Line(phone, account_at(pbx, Transport.WSS, "2001"), tmp_path / "unused.wav")
        line.submit(WatchAudioDevices(watched=True))
        complete = {name.title() for name in (*_SINKS, *_MICROPHONES)}
        seen = await phone.wait(AudioDevicesReported, lambda f: complete <= {device.name for device in f.devices})
        line.submit(WatchAudioDevices(watched=False))
        ids = {device.name: device.id for device in seen.devices}
        choice = AudioChoice(
            microphone=ids["Boom"],
            speaker=ids["Headset"],
            ringer=ids["Ringer"],
            echo_cancellation=False,
            noise_suppression=False,  # a steady tone is noise
            gain_control=False,
        )
        line.submit(ConfigureAudio(choice=choice))
        await phone.registered(line.account, pbx.account("2001").password)
        yield Desk(line, audio_bench, pbx)


async def _silence_until(recording: Recording, frequency: int, *, seconds: float = 10) -> float:
    """Listen until the tone is there; returns how much sound without it was recorded before."""
    for steps in range(round(seconds / 0.1)):
        if tone_share(await asyncio.to_thread(recording.samples, 0.1), frequency) > 0.9:
            return steps * 0.1
    raise AssertionError(f"{frequency} Hz did not come out of the speaker in {seconds:g} s")


async def test_microphone_and_speaker_carry_a_call(desk, pbx, tmp_path):
    name = next(_names)
    playing = await desk.speak_into("boom", tmp_path, _BOOM)
    with desk.bench.record_speaker("headset") as headset, desk.bench.record_speaker("desk") as other:
        call = await desk.line.call(f"{Dial.TONE_AND_RECORD}{name}")
        await _silence_until(headset, _FAR)
        await desk.far_end_hears(name, _BOOM)
        assert not (await asyncio.to_thread(other.samples, 0.5)).any(), "only the chosen speaker may sound"
    await desk.finish(call)
    playing.end()
    assert read_wav(pbx.recorded(name)).tail(1.0).share(_BOOM) > 0.9
    assert not desk.line.phone.of(AudioDeviceSwitched)


async def test_a_speaker_pulled_out_in_a_call_is_replaced_at_once_and_taken_back(desk):
    call = await desk.line.call(Dial.TONE_500)
    with desk.bench.record_speaker("headset") as recording:
        await _silence_until(recording, _FAR)
    since = desk.line.phone.now
    with desk.bench.record_speaker("desk") as recording:
        assert not (await asyncio.to_thread(recording.samples, 0.2)).any()
        await desk.on_bench(desk.bench.remove_sink, "headset")
        lost = await _silence_until(recording, _FAR)
    assert await desk.switched(AudioRole.SPEAKER, "Desk", since=since) == "Headset is gone"
    print(f"sound lost with the speaker: {lost:.1f} s")
    assert lost < _LONGEST_GAP
    since = desk.line.phone.now
    await desk.on_bench(desk.bench.add_sink, "headset", description="Headset")
    assert await desk.switched(AudioRole.SPEAKER, "Headset", since=since) == "Headset is back"
    with desk.bench.record_speaker("headset") as recording, desk.bench.record_speaker("desk") as other:
        await _silence_until(recording, _FAR)
        assert tone_share(await asyncio.to_thread(other.samples, 0.5), _FAR) < 0.1
    await desk.finish(call)


async def test_a_microphone_pulled_out_in_a_call_is_replaced_at_once_and_taken_back(desk, tmp_path):
    name = next(_names)
    players = [await desk.speak_into("boom", tmp_path, _BOOM), await desk.speak_into("webcam", tmp_path, _WEBCAM)]
    call = await desk.line.call(f"{Dial.TONE_AND_RECORD}{name}")
    await desk.far_end_hears(name, _BOOM)
    before, since = desk.far_end_heard(name).seconds, desk.line.phone.now
    await desk.on_bench(desk.bench.remove_microphone, "boom")
    assert await desk.switched(AudioRole.MICROPHONE, "Webcam", since=since) == "Boom is gone"
    await desk.far_end_hears(name, _WEBCAM)
    heard = desk.far_end_heard(name)
    lost = longest_gap(heard.part(before - 0.5, heard.seconds).samples, heard.rate)
    print(f"sound lost with the microphone: {lost:.2f} s")
    assert lost < _LONGEST_GAP
    since = desk.line.phone.now
    await desk.on_bench(desk.bench.add_microphone, "boom", description="Boom")
    players.append(await desk.speak_into("boom", tmp_path, _BOOM))
    assert await desk.switched(AudioRole.MICROPHONE, "Boom", since=since) == "Boom is back"
    await desk.far_end_hears(name, _BOOM)
    await desk.finish(call)
    for playing in players:
        playing.end()


async def test_an_incoming_call_rings_on_the_ringer_alone_until_it_is_answered(desk, pbx):
    with desk.bench.record_speaker("ringer") as ringer, desk.bench.record_speaker("headset") as headset:
        pbx.originate("2001")
        arrived = await desk.line.phone.wait(CallArrived)
        desk.line.submit(Ring(call_id=arrived.call_id))
        await desk.line.phone.wait(CallProgressed, lambda f: f.state is CallState.RINGING)
        loudest = 0
        async with asyncio.timeout(10):
            while loudest < 3000:
                rung, spoken = await asyncio.gather(
                    asyncio.to_thread(ringer.samples, 0.5), asyncio.to_thread(headset.samples, 0.5)
                )
                loudest = np.abs(rung).max()
                assert not spoken.any(), "the bell must not be heard in the headset"
        desk.line.submit(Answer(call_id=arrived.call_id))
        await desk.line.connected(arrived.call_id)
        await _silence_until(headset, _FAR)
        async with asyncio.timeout(10):
            while (await asyncio.to_thread(ringer.samples, 0.5)).any():
                pass
        assert tone_share(await asyncio.to_thread(headset.samples, 0.5), _FAR) > 0.9
    await desk.finish(arrived.call_id)

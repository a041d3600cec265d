"""An observer that remembers, and the conference bridge's clock as a thread."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import attrs
import numpy as np
import numpy.typing as npt
from callmanager_sip_engine.audio.system import AudioSystem
from callmanager_sip_engine.audio.values import AudioDevice, AudioRole

Samples = npt.NDArray[np.int16]


@attrs.define
class Remembering:
    """An `AudioObserver`; asserts that it is called on the loop thread."""

    lists: list[tuple[AudioDevice, ...]] = attrs.Factory(list)
    switches: list[tuple[AudioRole, str | None, str]] = attrs.Factory(list)
    failures: list[tuple[AudioRole, str]] = attrs.Factory(list)
    thread: int = attrs.Factory(threading.get_ident)

    def audio_devices_changed(self, devices: tuple[AudioDevice, ...]) -> None:
        assert threading.get_ident() == self.thread
        self.lists.append(devices)

    def audio_device_switched(self, role: AudioRole, device: AudioDevice | None, reason: str) -> None:
        assert threading.get_ident() == self.thread
        self.switches.append((role, device.name if device else None, reason))

    def audio_failed(self, role: AudioRole, detail: str) -> None:
        assert threading.get_ident() == self.thread
        self.failures.append((role, detail))


class BridgeClock:
    """Calls the audio system every 20 ms as the conference bridge does, on a thread; remembers what the microphone gave."""

    def __init__(self, system: AudioSystem, speaker: Callable[[bytes], bytes]) -> None:
        self._system = system
        self._speaker = speaker
        self._pulled: list[bytes] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bridge-clock")

    @property
    def frames(self) -> int:
        return len(self._pulled)

    def microphone(self, frames: int) -> Samples:
        """The last frames that were pulled."""
        return np.frombuffer(b"".join(self._pulled[-frames:]), dtype="<i2")

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        self._thread.join(timeout=5)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        due = time.perf_counter()
        while not self._stop.is_set():
            frame = self._system.pull_microphone()
            self._pulled.append(frame)
            self._system.push_speaker(self._speaker(frame))
            due += 0.02
            self._stop.wait(max(0.0, due - time.perf_counter()))


@contextmanager
def bridge_clock(system: AudioSystem, speaker: Callable[[bytes], bytes] = lambda _: bytes(640)) -> Iterator[BridgeClock]:
    """A running clock; `speaker` makes the frame to push from the one that was just pulled."""
    clock = BridgeClock(system, speaker)
    clock.start()
    try:
        yield clock
    finally:
        clock.end()


async def wait_for(condition: Callable[[], bool], *, what: str, seconds: float = 10.0) -> None:
    """Give the loop its turn until `condition` holds; `TimeoutError` names `what` was waited for."""
    try:
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - what is waited for happens on threads and in other processes
                await asyncio.sleep(0.01)
    except TimeoutError as error:
        raise TimeoutError(f"waited {seconds:g} s in vain for {what}") from error


def sine(frequency: float, amplitude: float = 0.3) -> Callable[[bytes], bytes]:
    """A speaker signal, the same frame each time; `frequency` divides by 50 without rest or it clicks."""
    times = np.arange(320) / 16_000
    wave = (amplitude * 32_767 * np.sin(2 * np.pi * frequency * times)).astype("<i2").tobytes()
    return lambda _microphone: wave

"""Open sound devices: miniaudio's callback threads on one side, our feeds on the other."""

import logging
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

import miniaudio

from callmanager_sip_engine.audio.catalog import PULSE_PREFIX, Catalog, MiniaudioCatalog, system_backends
from callmanager_sip_engine.audio.frames import RATE, Samples, silence, to_samples
from callmanager_sip_engine.audio.values import AudioDevice, AudioRole

_log = logging.getLogger(__name__)

# Period in milliseconds and number of periods. Measured on PipeWire: a microphone that calls every 10 ms has no more delay than
# one that calls every 5 (the voice processing takes blocks of 10), and half the calls.
CAPTURE: Final = (10, 2)
PLAYBACK: Final = (5, 4)
_SAMPLE_BYTES: Final = 2
_APPLICATION: Final = "PC CallManager"
_FIRST_CALLBACK_SECONDS: Final = 3.0  # a Bluetooth headset takes its time to change profile
_CALLBACK_SECONDS: Final = 0.4


class OutputFeed(Protocol):
    """Where a playback device gets its sound; called on the device's thread."""

    def pull(self, count: int) -> Samples: ...


class InputFeed(Protocol):
    """Where a capture device leaves its sound; called on the device's thread."""

    def push(self, sound: Samples) -> None: ...


Feed = OutputFeed | InputFeed


class Stream(Protocol):
    """One open device."""

    def alive(self, now: float) -> bool: ...
    def close(self) -> None: ...


class Hardware(Protocol):
    """Sound devices as the keeper needs them; used by one thread only. `open` raises `OSError`."""

    def devices(self) -> tuple[AudioDevice, ...]: ...
    def open(self, role: AudioRole, device: AudioDevice, feed: Feed, *, as_default: bool) -> Stream: ...
    def release(self) -> None: ...


class MiniaudioHardware:
    """The machine's own devices, opened at 16 kHz mono with periods of 5 or 10 ms; the sound system converts."""

    def __init__(self, *, backends: tuple[miniaudio.Backend, ...] | None = None, catalog: Catalog | None = None) -> None:
        self._backends = backends or system_backends()
        self._catalog = catalog or MiniaudioCatalog(self._backends)

    def devices(self) -> tuple[AudioDevice, ...]:
        return self._catalog.devices()

    def open(self, role: AudioRole, device: AudioDevice, feed: Feed, *, as_default: bool) -> Stream:
        """Open and start `device`; `as_default` leaves the routing to the system where that is safe.

        miniaudio 1.71 reads through a null pointer when PulseAudio answers that a device is unknown: while a default is
        being replaced, or when a name is gone. So there a device is always opened by name, and only when it is still there.
        """
        if device.id not in {found.id for found in self._catalog.devices()}:
            raise OSError(f"{role.value} device {device.name!r} is gone")
        try:
            by_system = as_default and not device.id.startswith(PULSE_PREFIX)
            native = None if by_system else self._catalog.native_id(device.id)
            return _MiniaudioStream(role, native, feed, self._backends)
        except (miniaudio.MiniaudioError, ValueError) as error:
            raise OSError(f"{role.value} device {device.name!r} cannot be opened: {error}") from error

    def release(self) -> None:
        """Give up the connection to the sound system until the next use."""
        self._catalog.close()


class _MiniaudioStream:
    """A started miniaudio device.

    That a device is gone shows in three ways and no platform has them all: the stop callback, an error, or merely
    silence on the callback thread (a removed PulseAudio sink). `alive` looks at all of them.
    """

    def __init__(self, role: AudioRole, native_id: Any, feed: Feed, backends: tuple[miniaudio.Backend, ...]) -> None:
        self._role = role
        self._feed = feed
        self._broken = False
        self._error: Exception | None = None
        self._closing = False
        self._called = 0.0
        self._opened = time.monotonic()
        recording = role is AudioRole.MICROPHONE
        self._device = (_Capture if recording else _Playback)(native_id, backends)
        self._native_id = native_id  # miniaudio keeps a bare pointer to it
        self._device.stop_callback = self._stopped
        try:
            self._device.start(self._push if recording else self._pull)
        except miniaudio.MiniaudioError:
            self.close()
            raise

    def alive(self, now: float) -> bool:
        if self._error:
            # A bug of ours. Logged here and not on the callback thread, where logging would leave a stub of a Thread behind.
            error, self._error = self._error, None
            self._broken = True
            _log.error("the %s stream failed", self._role.value, exc_info=error)
        if self._broken:
            return False
        if not self._called:
            return now - self._opened < _FIRST_CALLBACK_SECONDS
        return now - self._called < _CALLBACK_SECONDS

    def close(self) -> None:
        """Stop and close; returns when the callback thread is gone."""
        self._closing = True
        self._device.close()
        _free_context(self._device)

    def _stopped(self) -> None:
        if not self._closing:
            self._broken = True

    def _pull(self, count: int) -> Samples:
        self._called = time.monotonic()
        try:
            return self._feed.pull(count)  # type: ignore[union-attr] # playback roles come with an output feed
        except Exception as error:  # noqa: BLE001 - raised into miniaudio it would be printed each time; logged in `alive`
            self._error = error
            return silence(count)

    def _push(self, sound: Samples) -> None:
        self._called = time.monotonic()
        try:
            self._feed.push(sound)  # type: ignore[union-attr] # the microphone comes with an input feed
        except Exception as error:  # noqa: BLE001 - see above
            self._error = error


# Sound goes straight to and from the device's memory: the generators that miniaudio's Python face wants to be given cost a
# switch and up to three copies in each of 300 calls a second. `start` keeps a function in their place.


class _Playback(miniaudio.PlaybackDevice):  # type: ignore[misc] # miniaudio is untyped
    def __init__(self, native_id: Any, backends: tuple[miniaudio.Backend, ...]) -> None:
        try:
            super().__init__(**_options(native_id, backends, PLAYBACK))
        except miniaudio.MiniaudioError:
            _free_context(self)
            raise

    def _data_callback(self, _device: Any, output: Any, _input: Any, count: int) -> None:
        pull: Callable[[int], Samples] | None = self.callback_generator
        if pull is not None:
            miniaudio.ffi.buffer(output, _SAMPLE_BYTES * count)[:] = pull(count)


class _Capture(miniaudio.CaptureDevice):  # type: ignore[misc] # miniaudio is untyped
    def __init__(self, native_id: Any, backends: tuple[miniaudio.Backend, ...]) -> None:
        try:
            super().__init__(**_options(native_id, backends, CAPTURE))
        except miniaudio.MiniaudioError:
            _free_context(self)
            raise

    def _data_callback(self, _device: Any, _output: Any, input_: Any, count: int) -> None:
        push: Callable[[Samples], None] | None = self.callback_generator
        if push is not None:
            # A copy: the memory is the device's again when this returns.
            push(to_samples(miniaudio.ffi.buffer(input_, _SAMPLE_BYTES * count)[:]))


def _options(native_id: Any, backends: tuple[miniaudio.Backend, ...], periods: tuple[int, int]) -> dict[str, Any]:
    return {
        "nchannels": 1,
        "sample_rate": RATE,
        "buffersize_msec": periods[0],
        "callback_periods": periods[1],
        "device_id": native_id,
        "backends": list(backends),
        "app_name": _APPLICATION,
    }


def _free_context(device: miniaudio.AbstractDevice) -> None:
    """miniaudio 1.71 makes one context (a connection to the sound server) per device and never frees it."""
    context = vars(device).pop("_context", None)
    if context is not None:
        miniaudio.lib.ma_context_uninit(context)

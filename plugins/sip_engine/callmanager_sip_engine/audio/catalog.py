"""The machine's sound devices by name and stable id, through miniaudio."""

import logging
import sys
from typing import Any, Final, Protocol

import miniaudio

from callmanager_sip_engine.audio.values import AudioDevice

_log = logging.getLogger(__name__)

INPUT: Final = "input"
OUTPUT: Final = "output"

PULSE_PREFIX: Final = "pulseaudio:"
_PULSE_DUMMY: Final = b"auto_null"
_PULSE_MONITOR: Final = b".monitor"
_ALSA_NULL: Final = b"null"
"""ALSA's own pit: silence in, nothing out."""

_MAX_DEVICES: Final = 200
_MAX_NAME: Final = 200

# In miniaudio's own order of preference; its null backend is left out, so that "no sound" is an error and not silence.
_BACKENDS: Final[dict[str, tuple[miniaudio.Backend, ...]]] = {
    "win32": (miniaudio.Backend.WASAPI, miniaudio.Backend.DSOUND, miniaudio.Backend.WINMM),
    "darwin": (miniaudio.Backend.COREAUDIO,),
}
_UNIX_BACKENDS: Final = (miniaudio.Backend.PULSEAUDIO, miniaudio.Backend.ALSA)


def system_backends() -> tuple[miniaudio.Backend, ...]:
    return _BACKENDS.get(sys.platform, _UNIX_BACKENDS)


class Catalog(Protocol):
    """What devices there are, and miniaudio's handle for one of them."""

    def devices(self) -> tuple[AudioDevice, ...]: ...
    def native_id(self, device_id: str) -> Any: ...
    def close(self) -> None: ...


class MiniaudioCatalog:
    """Lists devices; used by one thread only.

    An id is the backend's name and the native id in hex (WASAPI endpoint id, CoreAudio UID, PulseAudio or ALSA name);
    all of these survive restarts and re-plugging. Recording what a speaker plays (PulseAudio's monitors) is no
    microphone, and the dummy that PulseAudio shows when no speaker is there is none; neither is listed.
    """

    def __init__(self, backends: tuple[miniaudio.Backend, ...] | None = None) -> None:
        self._backends = backends or system_backends()
        self._context: miniaudio.Devices | None = None
        self._complained = False

    def devices(self) -> tuple[AudioDevice, ...]:
        """All devices now, the system's defaults marked; none when there is no sound system (said once in the log)."""
        try:
            if self._context is None:
                self._context = miniaudio.Devices(list(self._backends))
            found = self._enumerate(self._context)
        except miniaudio.MiniaudioError as error:
            # Its server may be down (PulseAudio restarts): the next look starts with a new connection.
            self._context = None
            if not self._complained:
                self._complained = True
                _log.warning("no sound devices can be listed: %s", error)
            return ()
        self._complained = False
        return found

    def native_id(self, device_id: str) -> Any:
        """The id as miniaudio wants it; `ValueError` when it is not one of ours."""
        _backend, _, digits = device_id.partition(":")
        raw = bytes.fromhex(digits)
        if not raw:
            raise ValueError(f"device id {device_id!r:.80} names no device")
        native = miniaudio.ffi.new("ma_device_id *")
        buffer = miniaudio.ffi.buffer(native)
        if len(raw) > len(buffer):
            raise ValueError(f"device id of {len(raw)} bytes is too long")
        buffer[0 : len(raw)] = raw
        return native

    def close(self) -> None:
        self._context = None

    def _enumerate(self, context: miniaudio.Devices) -> tuple[AudioDevice, ...]:
        # The class's own getters leave out which device is the default and open each one to ask for its formats.
        ffi, lib = miniaudio.ffi, miniaudio.lib
        outputs, inputs = ffi.new("ma_device_info **"), ffi.new("ma_device_info **")
        output_count, input_count = ffi.new("ma_uint32 *"), ffi.new("ma_uint32 *")
        handle = context._context  # noqa: SLF001 - see above
        result = lib.ma_context_get_devices(handle, outputs, output_count, inputs, input_count)
        if result != lib.MA_SUCCESS:
            raise miniaudio.MiniaudioError("cannot list devices", result)
        found = [self._device(outputs[0][i], OUTPUT, context) for i in range(min(output_count[0], _MAX_DEVICES))]
        found += [self._device(inputs[0][i], INPUT, context) for i in range(min(input_count[0], _MAX_DEVICES))]
        return tuple(device for device in found if device is not None)

    @staticmethod
    def _device(info: Any, kind: str, context: miniaudio.Devices) -> AudioDevice | None:
        ffi = miniaudio.ffi
        raw = bytes(ffi.buffer(ffi.addressof(info.id))).rstrip(b"\0")
        if context.backend == "PulseAudio" and (raw == _PULSE_DUMMY or raw.endswith(_PULSE_MONITOR)):
            return None
        if context.backend == "ALSA" and raw == _ALSA_NULL:
            return None
        name = ffi.string(info.name).decode(errors="replace")
        return AudioDevice(
            id=f"{context.backend.lower().replace(' ', '-')}:{raw.hex()}",
            name="".join(sign for sign in name if sign.isprintable())[:_MAX_NAME] or "unnamed device",
            kind=kind,
            is_default=bool(info.isDefault),
        )

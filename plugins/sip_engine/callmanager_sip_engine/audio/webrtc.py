"""The WebRTC audio processing module of the `livekit` package, called the short way.

The package's own face builds one protobuf message, parses another and makes three objects for each 10 ms, which costs as much
processor time as the processing. Here nothing changes from block to block but the samples: request and buffer are made
once, and the two C functions of the package's header (livekit_ffi.h) get their addresses.
"""

import ctypes
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from callmanager_sip_engine.audio.frames import BLOCK_SAMPLES, RATE, Samples, silence

if TYPE_CHECKING:
    from callmanager_sip_engine.audio.values import AudioChoice


class WebRtcModule:
    """Blocks of 10 ms; each method belongs to one thread, the library locks inside. Its complaints are `RuntimeError`s."""

    def __init__(self, module: Any, render: "Direction", capture: "Direction") -> None:
        self._module = module  # its end is the end of the native module
        self.render = render.process
        self.capture = capture.processed

    @classmethod
    def load(cls, choice: "AudioChoice", *, delay_ms: int) -> Self:
        """The module that `choice` asks for.

        `delay_ms` is what lies between loudspeaker and microphone at first guess. Raises ImportError, OSError, RuntimeError
        or AttributeError where the library does not work, or is not the one that we know.
        """
        from livekit.rtc._ffi_client import FfiClient
        from livekit.rtc.apm import AudioProcessingModule

        module = AudioProcessingModule(
            echo_cancellation=choice.echo_cancellation,
            noise_suppression=choice.noise_suppression,
            high_pass_filter=True,
            auto_gain_control=choice.gain_control,
        )
        if choice.echo_cancellation:
            module.set_stream_delay_ms(delay_ms)
        library, handle = FfiClient.instance._ffi_lib, module._ffi_handle.handle  # noqa: SLF001 - there is no public way
        paths = (Direction(library, handle, name) for name in ("apm_process_reverse_stream", "apm_process_stream"))
        return cls(module, *paths)


class Direction:
    """One direction through the module: a request that never changes, and the buffer it names."""

    def __init__(self, library: Any, handle: int, name: str) -> None:
        from livekit.rtc._proto import ffi_pb2

        self._block = silence(BLOCK_SAMPLES)
        request = ffi_pb2.FfiRequest()
        fields = getattr(request, name)
        fields.apm_handle = handle
        fields.data_ptr = self._block.ctypes.data
        fields.size = self._block.nbytes
        fields.sample_rate = RATE
        fields.num_channels = 1
        well = ffi_pb2.FfiResponse()
        getattr(well, name).SetInParent()
        self._name = name
        self._well: Final[bytes] = well.SerializeToString()
        self._response_class = ffi_pb2.FfiResponse
        self._request = request.SerializeToString()
        self._answer = ctypes.POINTER(ctypes.c_ubyte)()
        self._answer_size = ctypes.c_size_t()
        self._arguments = (
            ctypes.cast(ctypes.c_char_p(self._request), ctypes.POINTER(ctypes.c_ubyte)),
            len(self._request),
            ctypes.byref(self._answer),
            ctypes.byref(self._answer_size),
        )
        self._call = library.livekit_ffi_request
        self._drop = library.livekit_ffi_drop_handle

    def process(self, block: Samples) -> None:
        """Show `block` to the module; it stays as it is."""
        self._block[:] = block
        handle = self._call(*self._arguments)
        if not handle:
            raise RuntimeError("it does not know the module")
        answer = ctypes.string_at(self._answer, self._answer_size.value)
        self._drop(handle)  # the answer is the library's until then
        if answer != self._well:
            raise RuntimeError(self._complaint(answer))

    def processed(self, block: Samples) -> Samples:
        """What the module makes of `block`."""
        self.process(block)
        return np.array(self._block)

    def _complaint(self, answer: bytes) -> str:
        response = self._response_class()
        response.ParseFromString(answer)
        return str(getattr(response, self._name).error) or "it gave an unknown answer"

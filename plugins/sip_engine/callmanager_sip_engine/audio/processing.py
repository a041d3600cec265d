"""Echo cancellation, noise suppression and gain control: the WebRTC audio processing module of the `livekit` package.

The library is loaded when the first call with real devices needs it (0.08 s and 23 MB), never while the phone idles.
"""

import logging
import threading
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from callmanager_sip_engine.audio.frames import BLOCK_SAMPLES, RATE, Samples, silence, to_samples
from callmanager_sip_engine.audio.streams import PERIOD_MILLISECONDS, PERIODS

if TYPE_CHECKING:
    from callmanager_sip_engine.audio.values import AudioChoice

_log = logging.getLogger(__name__)

# The device buffers of both ways together; only a first guess, the canceller finds the true delay of the room by itself.
_DELAY_MILLISECONDS: Final = 2 * PERIODS * PERIOD_MILLISECONDS


def wanted(choice: "AudioChoice") -> bool:
    return choice.echo_cancellation or choice.noise_suppression or choice.gain_control


class VoiceProcessor:
    """The `VoiceProcessing` of a call; made anew when the choice changes.

    `render` belongs to the playback device's thread, `capture` to the capture device's; the module locks inside. Both
    cost about 35 us per 10 ms. When the module reports an error it is left out from then on, and that is logged once.
    """

    def __init__(self, module: Any, frame_class: Any) -> None:
        self._module = module
        self._frame_class = frame_class
        self._render = _Blocks()
        self._capture = _Blocks()
        self._failed = threading.Event()

    @classmethod
    def load(cls, choice: "AudioChoice") -> "VoiceProcessor | None":
        """The processor that `choice` asks for; none, with a line in the log, where the library does not work."""
        try:
            from livekit.rtc.apm import AudioProcessingModule
            from livekit.rtc.audio_frame import AudioFrame

            module = AudioProcessingModule(
                echo_cancellation=choice.echo_cancellation,
                noise_suppression=choice.noise_suppression,
                high_pass_filter=True,
                auto_gain_control=choice.gain_control,
            )
            if choice.echo_cancellation:
                module.set_stream_delay_ms(_DELAY_MILLISECONDS)
        except (ImportError, OSError, RuntimeError, AttributeError) as error:
            _log.warning("calls go on without echo cancellation, its library does not work here: %s", error)
            return None
        return cls(module, AudioFrame)

    def render(self, sound: Samples) -> None:
        for block in self._render.split(sound):
            self._process(block, self._module.process_reverse_stream)

    def capture(self, sound: Samples) -> Samples:
        blocks = [self._process(block, self._module.process_stream) for block in self._capture.split(sound)]
        if len(blocks) == 1:
            return blocks[0]
        return np.concatenate(blocks) if blocks else silence(0)

    def _process(self, block: Samples, process: Any) -> Samples:
        if self._failed.is_set():
            return block
        frame = self._frame_class(bytearray(block.tobytes()), RATE, 1, BLOCK_SAMPLES)
        try:
            process(frame)
        except RuntimeError as error:
            self._failed.set()
            _log.warning("the call goes on without echo cancellation, it failed: %s", error)
            return block
        return to_samples(memoryview(frame.data).cast("B"))


class _Blocks:
    """Cuts what comes into blocks of 10 ms."""

    def __init__(self) -> None:
        self._rest = silence(0)

    def split(self, sound: Samples) -> list[Samples]:
        if len(self._rest):
            sound = np.concatenate((self._rest, sound))
        whole = len(sound) // BLOCK_SAMPLES * BLOCK_SAMPLES
        self._rest = sound[whole:].copy()
        return [sound[start : start + BLOCK_SAMPLES] for start in range(0, whole, BLOCK_SAMPLES)]

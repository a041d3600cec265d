"""Echo cancellation, noise suppression and gain control: the WebRTC audio processing module of the `livekit` package.

The library is loaded when the first call with real devices needs it (0.08 s and 23 MB), never while the phone idles.
"""

import logging
import threading
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from callmanager_sip_engine.audio.frames import BLOCK_SAMPLES, Samples, silence
from callmanager_sip_engine.audio.streams import CAPTURE, PLAYBACK

if TYPE_CHECKING:
    from callmanager_sip_engine.audio.values import AudioChoice

_log = logging.getLogger(__name__)

# The device buffers of both ways together; only a first guess, the canceller finds the true delay of the room by itself.
_DELAY_MILLISECONDS: Final = CAPTURE[0] * CAPTURE[1] + PLAYBACK[0] * PLAYBACK[1]


def wanted(choice: "AudioChoice") -> bool:
    return choice.echo_cancellation or choice.noise_suppression or choice.gain_control


class BlockModule(Protocol):
    """What does the work, 10 ms at a time; both raise `RuntimeError` when it fails."""

    def render(self, block: Samples) -> None: ...
    def capture(self, block: Samples) -> Samples: ...


class VoiceProcessor:
    """The `VoiceProcessing` of a call; made anew when the choice changes.

    `render` belongs to the playback device's thread, `capture` to the capture device's; the module locks inside. Measured per
    10 ms: 35 us and 40 to 120 us. When the module reports an error it is left out from then on, and that is logged once.
    """

    def __init__(self, module: BlockModule) -> None:
        self._module = module
        self._render = _Blocks()
        self._capture = _Blocks()
        self._failed = threading.Event()

    @classmethod
    def load(cls, choice: "AudioChoice") -> "VoiceProcessor | None":
        """The processor that `choice` asks for; none, with a line in the log, where the library does not work."""
        from callmanager_sip_engine.audio.webrtc import WebRtcModule

        try:
            module = WebRtcModule.load(choice, delay_ms=_DELAY_MILLISECONDS)
        except (ImportError, OSError, RuntimeError, AttributeError) as error:
            _log.warning("calls go on without echo cancellation, its library does not work here: %s", error)
            return None
        return cls(module)

    def render(self, sound: Samples) -> None:
        for block in self._render.split(sound):
            if self._failed.is_set():
                return
            try:
                self._module.render(block)
            except RuntimeError as error:
                self._leave_out(error)

    def capture(self, sound: Samples) -> Samples:
        blocks = [self._captured(block) for block in self._capture.split(sound)]
        if len(blocks) == 1:
            return blocks[0]
        return np.concatenate(blocks) if blocks else silence(0)

    def _captured(self, block: Samples) -> Samples:
        if not self._failed.is_set():
            try:
                return self._module.capture(block)
            except RuntimeError as error:
                self._leave_out(error)
        return block

    def _leave_out(self, error: RuntimeError) -> None:
        self._failed.set()
        _log.warning("the call goes on without echo cancellation, it failed: %s", error)


class _Blocks:
    """Cuts what comes into blocks of 10 ms."""

    def __init__(self) -> None:
        self._rest = silence(0)

    def split(self, sound: Samples) -> list[Samples]:
        if not len(self._rest):
            if len(sound) == BLOCK_SAMPLES:
                return [sound]
        else:
            sound = np.concatenate((self._rest, sound))
        whole = len(sound) // BLOCK_SAMPLES * BLOCK_SAMPLES
        self._rest = sound[whole:].copy()
        return [sound[start : start + BLOCK_SAMPLES] for start in range(0, whole, BLOCK_SAMPLES)]

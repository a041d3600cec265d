"""The bridge's only sound source and sink: hands 20 ms frames to and from the audio system."""

import logging
from typing import Any, Final, Protocol

from callmanager_sip_engine.sip import _pj

RATE: Final = 16_000
FRAME_OCTETS: Final = RATE // 50 * 2
_SILENCE: Final = bytes(FRAME_OCTETS)
_log: Final = logging.getLogger(__name__)


class Frames(Protocol):
    """The audio system as the media clock sees it: neither blocks nor raises; 20 ms, 16 kHz, mono, 16 bits."""

    def pull_microphone(self) -> bytes: ...

    def push_speaker(self, frame: bytes) -> None: ...


class MediaPort(_pj.AudioMediaPort):  # type: ignore[misc]  # pjsua2 has no types
    """Runs on pjsua2's media clock thread, 50 times a second each way while the clock runs."""

    def __init__(self, frames: Frames) -> None:
        super().__init__()
        self._frames = frames
        self._octets = _pj.FrameBytes()
        self._complained = False
        layout = _pj.MediaFormatAudio()
        layout.type = _pj.TYPE_AUDIO
        layout.clockRate = RATE
        layout.channelCount = 1
        layout.bitsPerSample = 16
        layout.frameTimeUsec = 20_000
        self.createPort("devices", layout)

    def onFrameRequested(self, frame: Any) -> None:  # noqa: N802 - pjsua2's name
        try:
            octets = self._frames.pull_microphone()
        except Exception:  # noqa: BLE001 - logged; nothing may leave a callback
            self._complain("pull")
            octets = _SILENCE
        frame.type = _pj.FRAME_TYPE_AUDIO
        frame.buf = self._octets.vector(octets)
        frame.size = len(octets)

    def onFrameReceived(self, frame: Any) -> None:  # noqa: N802 - pjsua2's name
        try:
            # The bridge says "nothing" instead of handing over silence.
            octets = self._octets.read(frame.buf) if frame.type == _pj.FRAME_TYPE_AUDIO else b""
            self._frames.push_speaker(octets if len(octets) == FRAME_OCTETS else _SILENCE)
        except Exception:  # noqa: BLE001 - logged; nothing may leave a callback
            self._complain("push")

    def _complain(self, what: str) -> None:
        if not self._complained:
            self._complained = True
            _log.exception("audio frames are lost (%s); said once", what)

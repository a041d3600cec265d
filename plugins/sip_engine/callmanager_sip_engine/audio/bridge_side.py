"""The bridge's end of the audio system: what happens to each frame on pjsua2's media clock thread."""

import logging
from typing import Protocol

from callmanager_sip_engine.audio.frames import FRAME_BYTES, FRAME_SAMPLES, SILENCE, Samples, mixed, scaled, to_samples
from callmanager_sip_engine.audio.levels import LevelMeter
from callmanager_sip_engine.audio.tones import SoundPlayer

_log = logging.getLogger(__name__)


class Source(Protocol):
    def read(self) -> Samples: ...


class Sink(Protocol):
    def write(self, frame: Samples) -> None: ...


class BridgeSide:
    """Gains, tones and levels between the bridge and whatever is microphone and speaker now.

    `pull` and `push` run on the bridge's clock thread and never raise: a fault of a source or sink is logged once and
    sounds like silence. Everything else is set from other threads by single assignments.
    """

    def __init__(self) -> None:
        self.source: Source | None = None
        self.sink: Sink | None = None
        self.microphone_gain = 1.0
        self.speaker_volume = 1.0
        self.tone: SoundPlayer | None = None
        self.digit: SoundPlayer | None = None
        self.microphone_level = LevelMeter()
        self.speaker_level = LevelMeter()
        self._complained = False

    def pull(self) -> bytes:
        source = self.source
        if source is None:
            self.microphone_level.silent()
            return SILENCE
        try:
            frame = scaled(source.read(), self.microphone_gain)
            self.microphone_level.feed(frame)
            return frame.astype("<i2", copy=False).tobytes()
        except Exception as error:  # noqa: BLE001 - raising into pjsua2's clock would stop all calls
            self._complain("microphone", error)
            return SILENCE

    def push(self, data: bytes) -> None:
        try:
            frame = self._with_tones(to_samples(data if len(data) == FRAME_BYTES else SILENCE))
            frame = scaled(frame, self.speaker_volume)
            self.speaker_level.feed(frame)
            sink = self.sink
            if sink is not None:
                sink.write(frame)
        except Exception as error:  # noqa: BLE001 - see pull
            self._complain("speaker", error)

    def _with_tones(self, frame: Samples) -> Samples:
        for player in (self.tone, self.digit):
            if player is not None and not player.ended:
                frame = mixed(frame, player.next(FRAME_SAMPLES))
        return frame

    def _complain(self, what: str, error: Exception) -> None:
        if not self._complained:
            self._complained = True
            _log.error("a frame of the %s was lost, further ones are not logged", what, exc_info=error)

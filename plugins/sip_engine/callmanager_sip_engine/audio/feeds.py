"""What stands between an open device and the conference bridge, one class per role.

Each object lives as long as the audio system; `begin` and `end` frame the time in which a device is attached to it. Between
them the bridge's thread and the device's thread use it at once, joined by an elastic buffer.
"""

from typing import Protocol

from callmanager_sip_engine.audio.elastic import BufferStatistics, ElasticBuffer
from callmanager_sip_engine.audio.frames import FRAME_SAMPLES, Samples, scaled, silence
from callmanager_sip_engine.audio.tones import SoundPlayer


class VoiceProcessing(Protocol):
    """Echo cancellation and its kin; each method belongs to one device's thread."""

    def render(self, sound: Samples) -> None:
        """The loudspeaker plays this now."""

    def capture(self, sound: Samples) -> Samples:
        """What the microphone heard, cleaned; may hold back up to 10 ms."""


class SpeakerFeed:
    def __init__(self) -> None:
        self._buffer: ElasticBuffer | None = None
        self.processing: VoiceProcessing | None = None

    def begin(self) -> None:
        self._buffer = ElasticBuffer()

    def end(self) -> None:
        self._buffer = None

    def statistics(self) -> BufferStatistics | None:
        buffer = self._buffer
        return buffer.statistics() if buffer else None

    def write(self, frame: Samples) -> None:
        """A frame of the bridge; dropped while no device is there to play it."""
        buffer = self._buffer
        if buffer:
            buffer.put(frame)

    def pull(self, count: int) -> Samples:
        buffer = self._buffer
        sound = buffer.get(count) if buffer else silence(count)
        # The echo canceller must see exactly what is played, with every splice; so it listens behind the buffer.
        processing = self.processing
        if processing:
            processing.render(sound)
        return sound


class MicrophoneFeed:
    def __init__(self) -> None:
        self._buffer: ElasticBuffer | None = None
        self.processing: VoiceProcessing | None = None

    def begin(self) -> None:
        self._buffer = ElasticBuffer()

    def end(self) -> None:
        self._buffer = None

    def statistics(self) -> BufferStatistics | None:
        buffer = self._buffer
        return buffer.statistics() if buffer else None

    def push(self, sound: Samples) -> None:
        processing = self.processing
        if processing:
            sound = processing.capture(sound)
        buffer = self._buffer
        if buffer:
            buffer.put(sound)

    def read(self) -> Samples:
        """A frame for the bridge; silence while no device is there to hear."""
        buffer = self._buffer
        return buffer.get(FRAME_SAMPLES) if buffer else silence(FRAME_SAMPLES)


class RingerFeed:
    """Plays one sound on the ringer; paced by the device alone, so it needs no buffer."""

    def __init__(self) -> None:
        self.volume = 1.0
        self.player: SoundPlayer | None = None

    def begin(self) -> None:
        pass

    def end(self) -> None:
        pass

    def pull(self, count: int) -> Samples:
        player = self.player
        return scaled(player.next(count), self.volume) if player else silence(count)

"""What a caller said, given back: a small buffer between the packets that come and the clock that plays."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from callmanager_demo.office.rtp import FRAME_SAMPLES

if TYPE_CHECKING:
    from callmanager_demo.office.rtp import RtpPacket

_TARGET = 3 * FRAME_SAMPLES
_LIMIT = 10 * FRAME_SAMPLES
_LARGEST_GAP = 5 * FRAME_SAMPLES


class Echo:
    """A sound without end. Starts when 60 ms are there, gives silence when the far end sends none, never holds more than 200
    ms; gaps are filled with silence, packets that come late or twice are dropped."""

    def __init__(self) -> None:
        self._samples: array[int] = array("h")
        self._next: int | None = None
        self._ssrc = 0
        self._playing = False

    def heard(self, packet: RtpPacket, samples: array[int]) -> None:
        """Take what arrived."""
        gap = 0
        if self._next is not None and packet.ssrc == self._ssrc:
            gap = (packet.timestamp - self._next + 2**31) % 2**32 - 2**31
            if -_LARGEST_GAP < gap < 0:
                return
        if 0 < gap <= _LARGEST_GAP:
            self._samples.extend(bytes(gap))
        self._ssrc = packet.ssrc
        self._next = (packet.timestamp + len(samples)) % 2**32
        self._samples.extend(samples)
        if len(self._samples) > _LIMIT:
            del self._samples[:-_TARGET]

    def read(self, count: int) -> array[int]:
        if not self._playing and len(self._samples) < _TARGET:
            return array("h", bytes(2 * count))
        taken = self._samples[:count]
        del self._samples[:count]
        self._playing = len(taken) == count
        taken.extend(bytes(count - len(taken)))
        return taken

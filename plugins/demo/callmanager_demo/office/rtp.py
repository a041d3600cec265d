"""RTP packets, and what a receiver learns from them (RFC 3550 sections 5 and 6.4, appendices A.1, A.3 and A.8)."""

from __future__ import annotations

import struct

import attrs

CLOCK_RATE = 8000
FRAME_SAMPLES = 160
"""20 ms."""
_HEADER = struct.Struct("!BBHII")
_MAXIMUM_DROPOUT = 3000


@attrs.frozen(kw_only=True)
class RtpPacket:
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False

    def encode(self) -> bytes:
        second = self.payload_type | (0x80 if self.marker else 0)
        return _HEADER.pack(0x80, second, self.sequence & 0xFFFF, self.timestamp & 0xFFFFFFFF, self.ssrc) + self.payload


def parse_rtp(data: bytes) -> RtpPacket | None:
    """None for anything that is not an RTP packet of version 2."""
    if len(data) < _HEADER.size or data[0] >> 6 != 2:
        return None
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    start = _HEADER.size + 4 * (first & 0x0F)
    if first & 0x10:
        if len(data) < start + 4:
            return None
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4])
    end = len(data) - (data[-1] if first & 0x20 else 0)
    if start > end or (first & 0x20 and data[-1] == 0):
        return None
    return RtpPacket(
        payload_type=second & 0x7F,
        marker=bool(second & 0x80),
        sequence=sequence,
        timestamp=timestamp,
        ssrc=ssrc,
        payload=data[start:end],
    )


@attrs.frozen(kw_only=True)
class Reception:
    """What goes into a report block about one source (section 6.4.1). `jitter` is in timestamp units."""

    ssrc: int
    fraction_lost: int
    lost: int
    highest_sequence: int
    jitter: int


class Receiver:
    """Counts the packets of one far end. A new SSRC begins afresh; a sequence jump is believed as a restart."""

    def __init__(self) -> None:
        self.ssrc: int | None = None
        self.received = 0
        self._base = 0
        self._highest = 0
        self._jitter = 0.0
        self._transit: float | None = None
        self._expected_before = 0
        self._received_before = 0

    @property
    def expected(self) -> int:
        return self._highest - self._base + 1 if self.ssrc is not None else 0

    def count(self, packet: RtpPacket, arrival: float) -> None:
        """Note a packet; `arrival` is in seconds of any steady clock."""
        if packet.ssrc != self.ssrc:
            self._restart(packet)
        delta = (packet.sequence - self._highest) & 0xFFFF
        if delta < _MAXIMUM_DROPOUT:
            self._highest += delta
        elif delta < 0x10000 - _MAXIMUM_DROPOUT:
            self._restart(packet)
        self.received += 1
        transit = arrival * CLOCK_RATE - packet.timestamp
        if self._transit is not None:
            self._jitter += (min(abs(transit - self._transit), CLOCK_RATE) - self._jitter) / 16
        self._transit = transit

    def report(self) -> Reception | None:
        """The state since the last report; none before the first packet."""
        if self.ssrc is None:
            return None
        expected, received = self.expected - self._expected_before, self.received - self._received_before
        self._expected_before, self._received_before = self.expected, self.received
        lost_now = expected - received
        fraction = min(255, (lost_now << 8) // expected) if expected > 0 and lost_now > 0 else 0
        return Reception(
            ssrc=self.ssrc,
            fraction_lost=fraction,
            lost=max(-0x800000, min(0x7FFFFF, self.expected - self.received)),
            highest_sequence=self._highest & 0xFFFFFFFF,
            jitter=int(self._jitter),
        )

    def _restart(self, packet: RtpPacket) -> None:
        self.ssrc = packet.ssrc
        self.received = 0
        self._base = self._highest = packet.sequence
        self._jitter = 0.0
        self._transit = None
        self._expected_before = self._received_before = 0

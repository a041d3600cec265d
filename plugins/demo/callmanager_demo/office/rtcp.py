"""RTCP: sender and receiver reports, so that the phone can show loss, jitter and round trip (RFC 3550 section 6)."""

from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from callmanager_demo.office.rtp import Reception

_NTP_EPOCH = 2_208_988_800
"""Seconds from 1900 to 1970."""
_SENDER_REPORT, _RECEIVER_REPORT, _DESCRIPTION, _GOODBYE = 200, 201, 202, 203
_CNAME = b"office@127.0.0.1"


class RtcpReporter:
    """Makes the reports of one stream and remembers the far end's, whose time it sends back for the round trip."""

    def __init__(self, ssrc: int) -> None:
        self._ssrc = ssrc
        self._last_report = 0
        self._last_report_at = 0.0

    def received(self, data: bytes, now: float) -> None:
        """Take a compound packet; what is not one is ignored. `now` is of any steady clock."""
        offset = 0
        while offset + 8 <= len(data) and data[offset] >> 6 == 2:
            length = 4 * (1 + int.from_bytes(data[offset + 2 : offset + 4]))
            if data[offset + 1] == _SENDER_REPORT and length >= 28 and offset + length <= len(data):
                # The middle 32 bits of the 64-bit NTP time, which starts at byte 8.
                self._last_report = int.from_bytes(data[offset + 10 : offset + 14])
                self._last_report_at = now
            offset += length

    def report(self, *, packets: int, octets: int, timestamp: int, reception: Reception | None, now: float) -> bytes:
        """A compound packet: sender report if anything was sent, report block if anything came, and our name."""
        blocks = b"" if reception is None else self._block(reception, now)
        count = 0x80 | bool(blocks)
        if packets:
            wall = time.time() + _NTP_EPOCH
            seconds = int(wall)
            info = struct.pack(
                "!IIIIII",
                self._ssrc,
                seconds & 0xFFFFFFFF,
                int((wall - seconds) * 2**32),
                timestamp & 0xFFFFFFFF,
                packets,
                octets,
            )
            return _packet(count, _SENDER_REPORT, info + blocks) + self._description()
        return _packet(count, _RECEIVER_REPORT, struct.pack("!I", self._ssrc) + blocks) + self._description()

    def goodbye(self) -> bytes:
        """Our last packet: an empty report, our name, BYE."""
        empty = _packet(0x80, _RECEIVER_REPORT, struct.pack("!I", self._ssrc))
        return empty + self._description() + _packet(0x81, _GOODBYE, struct.pack("!I", self._ssrc))

    def _block(self, reception: Reception, now: float) -> bytes:
        delay = int((now - self._last_report_at) * 65536) if self._last_report else 0
        return struct.pack(
            "!IIIIII",
            reception.ssrc,
            reception.fraction_lost << 24 | reception.lost & 0xFFFFFF,
            reception.highest_sequence,
            reception.jitter,
            self._last_report,
            delay & 0xFFFFFFFF,
        )

    def _description(self) -> bytes:
        chunk = struct.pack("!IBB", self._ssrc, 1, len(_CNAME)) + _CNAME
        return _packet(0x81, _DESCRIPTION, chunk + bytes(4 - len(chunk) % 4))


def _packet(first: int, kind: int, content: bytes) -> bytes:
    return struct.pack("!BBH", first, kind, len(content) // 4) + content

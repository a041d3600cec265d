"""What really passed the PBX's cable and when: an AF_PACKET socket with the kernel's time stamps."""

import contextlib
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Self

import attrs

_ETH_P_ALL = 0x0003
_SO_TIMESTAMPNS = 35
_TCP, _UDP = 6, 17
_HEADERS = 128
_KEPT = 200_000

SIP_MESSAGE = 600
"""TCP payload that only a whole SIP request or an answer with a body reaches; keep-alives and ACKs are far below."""


@attrs.frozen(kw_only=True)
class Packet:
    """One IPv4 packet. `at` is the kernel's clock (seconds since the epoch); `size` counts the transport's payload."""

    at: float
    outgoing: bool
    protocol: int
    pbx_port: int
    size: int
    first: int

    @property
    def is_sip(self) -> bool:
        return self.protocol == _TCP and self.size >= SIP_MESSAGE

    @property
    def is_media(self) -> bool:
        """(S)RTP but not RTCP, STUN or DTLS (RFC 7983, RFC 5761)."""
        return self.protocol == _UDP and self.first >> 6 == 2 and self.size >= 60


class Wire:
    """Listens on the host's end of the cable between `start` and `stop`; a thread of its own stamps nothing, it only reads."""

    def __init__(self, interface: str, pbx: str) -> None:
        self._interface = interface
        self._pbx = socket.inet_aton(pbx)
        self._packets: deque[Packet] = deque(maxlen=_KEPT)
        self._news = threading.Condition()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="bench-wire", daemon=True)

    def __enter__(self) -> Self:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_000_000)
        self._socket.bind((self._interface, 0))
        self._socket.settimeout(0.2)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(5)
        self._socket.close()

    def first(self, wanted: Callable[[Packet], bool], *, since: float, within: float, what: str) -> float:
        """When the first such packet after `since` passed; AssertionError when none did in time."""
        deadline = time.time() + within
        with self._news:
            while True:
                for packet in list(self._packets):
                    if packet.at >= since and wanted(packet):
                        return packet.at
                if time.time() > deadline:
                    raise AssertionError(f"{what} did not pass the cable within {within:g} s")
                self._news.wait(0.05)

    def first_sip_out(self, *, since: float, within: float = 10) -> float:
        return self.first(lambda p: p.is_sip and p.outgoing, since=since, within=within, what="a request to the PBX")

    def first_sip_in(self, *, since: float, within: float = 10) -> float:
        return self.first(lambda p: p.is_sip and not p.outgoing, since=since, within=within, what="a request from the PBX")

    def media_both_ways(self, *, since: float, within: float = 10) -> float:
        """When audio had passed in both directions."""
        out = self.first(lambda p: p.is_media and p.outgoing, since=since, within=within, what="audio to the PBX")
        back = self.first(lambda p: p.is_media and not p.outgoing, since=since, within=within, what="audio from the PBX")
        return max(out, back)

    def _listen(self) -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                data, ancillary, _, address = self._socket.recvmsg(_HEADERS, 64)
                packet = self._parse(data, ancillary, outgoing=address[2] == socket.PACKET_OUTGOING)
                if packet is not None:
                    with self._news:
                        self._packets.append(packet)
                        if packet.is_sip or packet.is_media:
                            self._news.notify_all()

    def _parse(self, data: bytes, ancillary: list[tuple[int, int, bytes]], *, outgoing: bool) -> Packet | None:
        if len(data) < 34 or data[12:14] != b"\x08\x00":
            return None
        header = (data[14] & 0x0F) * 4
        protocol = data[23]
        if self._pbx not in (data[26:30], data[30:34]) or protocol not in (_TCP, _UDP):
            return None
        start = 14 + header
        if len(data) < start + 8:
            return None
        total = struct.unpack_from(">H", data, 16)[0]
        ports = struct.unpack_from(">HH", data, start)
        if protocol == _TCP:
            if len(data) < start + 20:
                return None
            offset = (data[start + 12] >> 4) * 4
        else:
            offset = 8
        body = start + offset
        return Packet(
            at=_stamp(ancillary),
            outgoing=outgoing,
            protocol=protocol,
            pbx_port=ports[1] if outgoing else ports[0],
            size=max(0, total - header - offset),
            first=data[body] if body < len(data) else 0,
        )


def _stamp(ancillary: list[tuple[int, int, bytes]]) -> float:
    for level, kind, value in ancillary:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS:
            seconds, nanoseconds = struct.unpack("ll", value[:16])
            return float(seconds + nanoseconds / 1e9)
    return time.time()

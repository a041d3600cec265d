"""The RTP and RTCP ports on 127.0.0.1 behind which pjsua2 believes its far end to be."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from typing_extensions import override

from callmanager_sip_engine.edge.datagrams import fit_receive_buffer
from callmanager_sip_engine.edge.srtp import PacketKind, classify

_LOOPBACK = "127.0.0.1"
_ATTEMPTS = 50


class _Port(asyncio.DatagramProtocol):
    def __init__(self, receive: Callable[[bytes, int], None]) -> None:
        self._receive = receive

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._receive(data, addr[1])


class LoopbackMedia:
    """An even RTP port and the odd RTCP port above it.

    Packets from any other port than the two that pjsua2 announced in its SDP are dropped and counted: whatever else runs
    on this machine cannot speak into a call.
    """

    def __init__(self, receive: Callable[[bytes, PacketKind], None]) -> None:
        self._receive = receive
        self._rtp: asyncio.DatagramTransport | None = None
        self._rtcp: asyncio.DatagramTransport | None = None
        self._peer_rtp: int | None = None
        self._peer_rtcp: int | None = None
        self.rtp_port = 0
        self.foreign_packets = 0

    @property
    def rtcp_port(self) -> int:
        return self.rtp_port + 1

    async def open(self) -> None:
        """Bind; raises OSError when no pair is free."""
        loop = asyncio.get_running_loop()
        rtp, rtcp = _bind_pair()
        self.rtp_port = rtp.getsockname()[1]
        self._rtp, _ = await loop.create_datagram_endpoint(lambda: _Port(self._from_rtp_port), sock=rtp)
        self._rtcp, _ = await loop.create_datagram_endpoint(lambda: _Port(self._from_rtcp_port), sock=rtcp)
        fit_receive_buffer(self._rtp)
        fit_receive_buffer(self._rtcp)

    def set_peer(self, *, rtp: int, rtcp: int) -> None:
        """Say which ports pjsua2 announced; 0 means none."""
        self._peer_rtp = rtp or None
        self._peer_rtcp = rtcp or None

    def send(self, packet: bytes, kind: PacketKind) -> None:
        if kind is PacketKind.RTCP:
            if self._rtcp is not None and self._peer_rtcp is not None:
                self._rtcp.sendto(packet, (_LOOPBACK, self._peer_rtcp))
        elif self._rtp is not None and self._peer_rtp is not None:
            self._rtp.sendto(packet, (_LOOPBACK, self._peer_rtp))

    def close(self) -> None:
        for transport in (self._rtp, self._rtcp):
            if transport is not None:
                transport.close()
        self._rtp = self._rtcp = None

    def _from_rtp_port(self, packet: bytes, port: int) -> None:
        self._take(packet, port, self._peer_rtp)

    def _from_rtcp_port(self, packet: bytes, port: int) -> None:
        self._take(packet, port, self._peer_rtcp)

    def _take(self, packet: bytes, port: int, expected: int | None) -> None:
        if expected is None or port != expected:
            self.foreign_packets += 1
            return
        kind = classify(packet)
        if kind in {PacketKind.RTP, PacketKind.RTCP}:
            self._receive(packet, kind)


def _bind_pair() -> tuple[socket.socket, socket.socket]:
    for _ in range(_ATTEMPTS):
        first = _bind(0)
        port = first.getsockname()[1]
        if port % 2 == 0 and port < 65534:
            try:
                return first, _bind(port + 1)
            except OSError:
                first.close()
                continue
        first.close()
    raise OSError("no free pair of UDP ports on 127.0.0.1")


def _bind(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.bind((_LOOPBACK, port))
    except OSError:
        sock.close()
        raise
    return sock

"""The audio of one call: an RTP socket and an RTCP socket on loopback, a 20 ms clock between them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import secrets
from array import array
from typing import TYPE_CHECKING

from callmanager_demo.office.datagrams import Datagrams
from callmanager_demo.office.digits import EventDecoder
from callmanager_demo.office.rtcp import RtcpReporter
from callmanager_demo.office.rtp import FRAME_SAMPLES, Receiver, RtpPacket, parse_rtp
from callmanager_demo.office.wire import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable

    from callmanager_demo.office.sdp import Remote
    from callmanager_demo.office.sounds import Sound

_log = logging.getLogger(__name__)

_FRAME_SECONDS = 0.02
_LATEST = 5
"""So many frames late are made up for; after that (a machine that slept) the time in between is silence."""
_PORT_TRIES = 20
_REPORT_SECONDS = 3.0


class MediaSession:
    """Sends and hears for one call; loop thread only.

    Audio goes to the host that signals, at the port of its session description, until packets arrive, and then back to where
    those come from (symmetric RTP, RFC 4961). `on_digit` gets each DTMF digit once, `on_audio` what is heard.
    """

    def __init__(self) -> None:
        self.on_digit: Callable[[str], None] = lambda _: None
        self.on_audio: Callable[[RtpPacket, array[int]], None] = lambda *_: None
        self.port = 0
        self.heard_at = 0.0
        """Loop time of the last packet of either kind."""
        self._ssrc = secrets.randbits(32)
        self._sequence = secrets.randbits(15)
        self._timestamp = secrets.randbits(32)
        self._packets = 0
        self._octets = 0
        self._receiver = Receiver()
        self._reporter = RtcpReporter(self._ssrc)
        self._events = EventDecoder()
        self._remote: Remote | None = None
        self._rtp_address: tuple[str, int] = (LOOPBACK, 0)
        self._rtcp_address: tuple[str, int] = (LOOPBACK, 0)
        self._rtp: asyncio.DatagramTransport | None = None
        self._rtcp: asyncio.DatagramTransport | None = None
        self._tick_handle: asyncio.TimerHandle | None = None
        self._report_handle: asyncio.TimerHandle | None = None
        self._next_tick = 0.0
        self._marker = True
        self._sound: Sound | None = None
        self._finished: asyncio.Future[None] | None = None

    async def open(self) -> None:
        """Take an even port and the odd one after it (RFC 3550 section 11); raises `OSError` when there is none."""
        loop = asyncio.get_running_loop()
        for _ in range(_PORT_TRIES):
            port = random.randrange(20_000, 59_998, 2)  # noqa: S311 - any free port will do
            opened: list[asyncio.DatagramTransport] = []
            try:
                for number, take in ((port, self._rtp_received), (port + 1, self._rtcp_received)):
                    socket, _ = await loop.create_datagram_endpoint(
                        lambda take=take: Datagrams(take),  # type: ignore[misc] # bound now, not when it is called
                        local_addr=(LOOPBACK, number),
                    )
                    opened.append(socket)
            except OSError:
                for socket in opened:
                    socket.close()
                continue
            self._rtp, self._rtcp = opened
            self.port = port
            self.heard_at = loop.time()
            return
        raise OSError("no free pair of ports for audio on loopback")

    def agree(self, remote: Remote, host: str) -> None:
        """Begin with, or change to, what the session descriptions settled."""
        self._remote = remote
        self._rtp_address = (host, remote.port)
        self._rtcp_address = (host, remote.rtcp_port)
        if self._tick_handle is None and self._rtp is not None and not self._rtp.is_closing():
            loop = asyncio.get_running_loop()
            self._next_tick = loop.time()
            self._tick()
            self._report_handle = loop.call_later(_REPORT_SECONDS / 3, self._report)

    @property
    def sending(self) -> bool:
        """Neither held nor still without a far end."""
        return self._remote is not None and self._remote.direction.reversed.sends

    async def play(self, sound: Sound) -> None:
        """Play to the end; while the far end holds us the sound waits. Another `play`, or cancelling, ends it early."""
        self.stop()
        self._sound = sound
        finished = self._finished = asyncio.get_running_loop().create_future()
        try:
            await finished
        finally:
            if self._finished is finished:
                self.stop()

    def stop(self) -> None:
        """End what is playing now."""
        self._sound = None
        if self._finished is not None and not self._finished.done():
            self._finished.set_result(None)
        self._finished = None

    async def close(self) -> None:
        """Say BYE in RTCP and give the ports back. Idempotent."""
        for handle in (self._tick_handle, self._report_handle):
            if handle is not None:
                handle.cancel()
        self.stop()
        if self._rtcp is not None and not self._rtcp.is_closing() and self._packets:
            self._send(self._rtcp, self._reporter.goodbye(), self._rtcp_address)
        for socket in (self._rtp, self._rtcp):
            if socket is not None:
                socket.close()
        await asyncio.sleep(0)

    def _tick(self) -> None:
        # Times are reckoned from the first frame, not from the last call, so the pace does not drift.
        loop = asyncio.get_running_loop()
        late = int((loop.time() - self._next_tick) / _FRAME_SECONDS)
        if late > _LATEST:
            self._next_tick += late * _FRAME_SECONDS
            self._timestamp += late * FRAME_SAMPLES
            self._marker = True
        self._frame()
        self._next_tick += _FRAME_SECONDS
        self._tick_handle = loop.call_at(self._next_tick, self._tick)

    def _frame(self) -> None:
        assert self._remote is not None
        if not self.sending:
            self._timestamp += FRAME_SAMPLES
            self._marker = True
            return
        samples: array[int] = array("h")
        if self._sound is not None:
            samples = self._sound.read(FRAME_SAMPLES)
            if len(samples) < FRAME_SAMPLES:
                self.stop()
        samples.extend(bytes(FRAME_SAMPLES - len(samples)))
        packet = RtpPacket(
            payload_type=self._remote.law.payload_type,
            sequence=self._sequence,
            timestamp=self._timestamp,
            ssrc=self._ssrc,
            payload=self._remote.law.encode(samples),
            marker=self._marker,
        )
        self._marker = False
        self._sequence += 1
        self._timestamp += FRAME_SAMPLES
        self._packets += 1
        self._octets += len(packet.payload)
        self._send(self._rtp, packet.encode(), self._rtp_address)

    def _rtp_received(self, data: bytes, address: tuple[str, int]) -> None:
        packet = parse_rtp(data)
        if packet is None or self._remote is None:
            return
        now = asyncio.get_running_loop().time()
        self.heard_at = now
        self._receiver.count(packet, now)
        self._rtp_address = address
        if packet.payload_type == self._remote.event_type:
            digit = self._events.digit(packet)
            if digit is not None:
                self.on_digit(digit)
        elif packet.payload_type == self._remote.law.payload_type:
            self.on_audio(packet, self._remote.law.decode(packet.payload))

    def _rtcp_received(self, data: bytes, address: tuple[str, int]) -> None:
        now = asyncio.get_running_loop().time()
        self.heard_at = now
        self._rtcp_address = address
        self._reporter.received(data, now)

    def _report(self) -> None:
        loop = asyncio.get_running_loop()
        data = self._reporter.report(
            packets=self._packets,
            octets=self._octets,
            timestamp=self._timestamp,
            reception=self._receiver.report(),
            now=loop.time(),
        )
        self._send(self._rtcp, data, self._rtcp_address)
        # Spread, so that calls begun together do not report together (RFC 3550 section 6.3.1).
        self._report_handle = loop.call_later(_REPORT_SECONDS * random.uniform(0.5, 1.5), self._report)  # noqa: S311

    @staticmethod
    def _send(socket: asyncio.DatagramTransport | None, data: bytes, address: tuple[str, int]) -> None:
        if socket is not None and not socket.is_closing() and address[1]:
            with contextlib.suppress(OSError):  # a far end that has just closed its port; the call ends by BYE or by time
                socket.sendto(data, address)

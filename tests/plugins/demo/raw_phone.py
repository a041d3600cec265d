"""A phone made of strings: writes SIP by hand, sends and keeps RTP, so that a test can do what no real phone does."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
import secrets
from array import array
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from callmanager_demo.office.message import Request, Response, parse
from callmanager_demo.office.rtp import RtpPacket, parse_rtp

USER, PASSWORD = "2001", "correct horse"


class _Socket(asyncio.DatagramProtocol):
    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._take(data)


async def wait_until(condition: Callable[[], object], *, seconds: float = 10.0) -> None:
    """Return when the condition holds; raises `TimeoutError` when it does not in time."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for are plain values of the office
            await asyncio.sleep(0.005)


class RawPhone:
    """One account, one call at a time. `seen` is everything that came, in order; `rtp` every audio packet, `rtcp` the rest."""

    def __init__(self, office_port: int) -> None:
        self.office_port = office_port
        self.seen: list[Request | Response] = []
        self.rtp: list[RtpPacket] = []
        self.rtp_times: list[float] = []
        self.rtcp: list[bytes] = []
        self.cseq = 0
        self.call_id = secrets.token_hex(8)
        self.from_tag = secrets.token_hex(4)
        self._taken = 0
        self._sequence = 1000
        self.timestamp = 5000

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._sip, _ = await loop.create_datagram_endpoint(lambda: _Socket(self._sip_in), local_addr=("127.0.0.1", 0))
        self._rtp, _ = await loop.create_datagram_endpoint(lambda: _Socket(self._rtp_in), local_addr=("127.0.0.1", 0))
        self._rtcp, _ = await loop.create_datagram_endpoint(lambda: _Socket(self.rtcp.append), local_addr=("127.0.0.1", 0))
        self.port, self.rtp_port, self.rtcp_port = (
            socket.get_extra_info("sockname")[1] for socket in (self._sip, self._rtp, self._rtcp)
        )

    async def close(self) -> None:
        for socket in (self._sip, self._rtp, self._rtcp):
            socket.close()
        await asyncio.sleep(0)

    # ------------------------------------------------------------------------------------------------------------ writing

    def send(self, data: bytes | str) -> None:
        self._sip.sendto(data.encode() if isinstance(data, str) else data, ("127.0.0.1", self.office_port))

    def request(
        self,
        method: str,
        number: str,
        *,
        to_tag: str = "",
        cseq: int | None = None,
        branch: str = "",
        headers: str = "",
        body: str = "",
    ) -> str:
        if cseq is None:
            self.cseq += 1
            cseq = self.cseq
        uri = f"sip:{number}@127.0.0.1:{self.office_port}" if number else f"sip:127.0.0.1:{self.office_port}"
        to = f"<sip:{number or USER}@127.0.0.1>" + (f";tag={to_tag}" if to_tag else "")
        return (
            f"{method} {uri} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};rport;branch={branch or 'z9hG4bK' + secrets.token_hex(6)}\r\n"
            f"Max-Forwards: 70\r\n"
            f'From: "Desk" <sip:{USER}@127.0.0.1>;tag={self.from_tag}\r\n'
            f"To: {to}\r\nCall-ID: {self.call_id}\r\nCSeq: {cseq} {method}\r\n"
            f"Contact: <sip:{USER}@127.0.0.1:{self.port}>\r\n{headers}"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def sdp(self, *, formats: str = "0 8 101", direction: str = "sendrecv") -> str:
        return (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {self.rtp_port} RTP/AVP {formats}\r\na=rtcp:{self.rtcp_port}\r\n"
            f"a=rtpmap:101 telephone-event/8000\r\na={direction}\r\n"
        )

    # ------------------------------------------------------------------------------------------------------------ reading

    async def next_message(self, wanted: Callable[[Request | Response], bool], *, seconds: float = 10.0) -> Request | Response:
        """The next message that is wanted; those before it are passed over."""
        async with asyncio.timeout(seconds):
            while True:
                while self._taken < len(self.seen):
                    self._taken += 1
                    if wanted(self.seen[self._taken - 1]):
                        return self.seen[self._taken - 1]
                await asyncio.sleep(0.002)

    async def final(self, method: str) -> Response:
        """The final answer to a request."""
        message = await self.next_message(lambda m: isinstance(m, Response) and m.status >= 200 and m.cseq_method == method)
        assert isinstance(message, Response)
        return message

    async def incoming(self, method: str, *, seconds: float = 10.0) -> Request:
        message = await self.next_message(lambda m: isinstance(m, Request) and m.method == method, seconds=seconds)
        assert isinstance(message, Request)
        return message

    # ----------------------------------------------------------------------------------------------------------- dialogues

    def authorization(self, challenge: str, method: str, number: str, *, password: str = PASSWORD, count: int = 1) -> str:
        uri = f"sip:{number}@127.0.0.1:{self.office_port}" if number else f"sip:127.0.0.1:{self.office_port}"
        given = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge.removeprefix("Digest ")))

        def md5(text: str) -> str:
            return hashlib.md5(text.encode()).hexdigest()

        ha1 = md5(f"{USER}:{given['realm']}:{password}")
        response = md5(f"{ha1}:{given['nonce']}:{count:08x}:abc:auth:{md5(f'{method}:{uri}')}")
        return (
            f'Authorization: Digest username="{USER}", realm="{given["realm"]}", nonce="{given["nonce"]}", uri="{uri}", '
            f'response="{response}", algorithm=MD5, qop=auth, nc={count:08x}, cnonce="abc"\r\n'
        )

    async def ask(self, method: str, number: str, *, password: str = PASSWORD, headers: str = "", body: str = "") -> Response:
        """Send a request that needs a password; the final answer after the challenge."""
        self.send(self.request(method, number, headers=headers, body=body))
        challenged = await self.final(method)
        if challenged.status != 401:
            return challenged
        if method == "INVITE":
            self.acknowledge(challenged, number)
        signed = self.authorization(challenged.first("www-authenticate"), method, number, password=password)
        self.send(self.request(method, number, headers=headers + signed, body=body))
        return await self.final(method)

    async def register(self, *, password: str = PASSWORD, expires: int = 60) -> Response:
        return await self.ask("REGISTER", "", password=password, headers=f"Expires: {expires}\r\n")

    async def call(self, number: str, *, sdp: str | None = None) -> Response:
        """Dial; acknowledges the answer, whatever it is."""
        offer = self.sdp() if sdp is None else sdp
        kind = "Content-Type: application/sdp\r\n" if offer else ""
        response = await self.ask("INVITE", number, headers=kind, body=offer)
        self.acknowledge(response, number)
        if response.status == 200:
            self.number, self.to_tag = number, response.to_tag
            self.peer_rtp = int(re.search(rb"m=audio (\d+)", response.body)[1])  # type: ignore[index]
        return response

    def acknowledge(self, response: Response, number: str, *, body: str = "") -> None:
        # The ACK of a refusal has the branch of its INVITE, that of a 2xx has one of its own.
        branch = "" if response.status < 300 else response.branch
        kind = "Content-Type: application/sdp\r\n" if body else ""
        self.send(
            self.request("ACK", number, to_tag=response.to_tag, cseq=response.cseq, branch=branch, headers=kind, body=body)
        )

    async def within(self, method: str, *, headers: str = "", body: str = "") -> Response:
        """A request within the call."""
        self.send(self.request(method, self.number, to_tag=self.to_tag, headers=headers, body=body))
        response = await self.final(method)
        if method == "INVITE":
            self.acknowledge(response, self.number)
        return response

    async def hang_up(self) -> Response:
        return await self.within("BYE")

    def reply(self, request: Request, status: int, reason: str, *, body: str = "") -> None:
        """Answer a request of the office's."""
        to = request.first("to")
        if not request.to_tag:
            to += f";tag={self.from_tag}"
        vias = "".join(f"Via: {via}\r\n" for via in request.all("via"))
        kind = "Content-Type: application/sdp\r\n" if body else ""
        self.send(
            f"SIP/2.0 {status} {reason}\r\n{vias}From: {request.first('from')}\r\nTo: {to}\r\nCall-ID: {request.call_id}\r\n"
            f"CSeq: {request.first('cseq')}\r\nContact: <sip:{USER}@127.0.0.1:{self.port}>\r\n{kind}"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )

    # --------------------------------------------------------------------------------------------------------------- audio

    def send_rtp(self, payload: bytes, *, payload_type: int = 0, timestamp: int | None = None, marker: bool = False) -> None:
        packet = RtpPacket(
            payload_type=payload_type,
            sequence=self._sequence,
            timestamp=self.timestamp if timestamp is None else timestamp,
            ssrc=77,
            payload=payload,
            marker=marker,
        )
        self._sequence += 1
        self._rtp.sendto(packet.encode(), ("127.0.0.1", self.peer_rtp))

    def send_rtcp(self, data: bytes) -> None:
        self._rtcp.sendto(data, ("127.0.0.1", self.peer_rtp + 1))

    def press(self, digit: str, *, copies: int = 7) -> None:
        """One telephone event: its beginning, its middle and three ends (RFC 4733 section 2.5.1)."""
        event = "0123456789*#".index(digit)
        self.timestamp += 1600
        for index in range(copies):
            end = 0x80 if index >= copies - 3 else 0
            duration = min(index + 1, copies - 2) * 160
            payload = bytes([event, end | 10]) + duration.to_bytes(2, "big")
            self.send_rtp(payload, payload_type=101, marker=index == 0)

    def heard(self, decode: Callable[[bytes], array[int]], *, skip: int = 0) -> array[int]:
        samples = array("h")
        for packet in self.rtp[skip:]:
            samples.extend(decode(packet.payload))
        return samples

    def _sip_in(self, data: bytes) -> None:
        self.seen.append(parse(data))

    def _rtp_in(self, data: bytes) -> None:
        packet = parse_rtp(data)
        assert packet is not None
        self.rtp.append(packet)
        self.rtp_times.append(asyncio.get_running_loop().time())


@asynccontextmanager
async def raw_phone(office_port: int) -> AsyncIterator[RawPhone]:
    phone = RawPhone(office_port)
    await phone.open()
    try:
        yield phone
    finally:
        with contextlib.suppress(OSError):
            await phone.close()

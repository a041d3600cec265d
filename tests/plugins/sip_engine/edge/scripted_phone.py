"""A phone made of a TCP connection and two UDP sockets: what is left of pjsua2 when only the wire matters."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import math
import re
import secrets
import socket
import struct
import time

import numpy as np
from callmanager_sip_engine.edge.message import Message, Request, Response
from pbx.accounts import Account
from plugins.sip_engine.edge.far_ends import PATIENCE, RawClient

_FRAME = 160
_QUOTED = re.compile(r'(\w+)="?([^",]*)"?')


class ScriptedPhone:
    """Registers, calls, answers and sends a PCMU tone; every step raises TimeoutError instead of hanging."""

    def __init__(self, client: RawClient, account: Account, *, edge_port: int) -> None:
        self._client = client
        self._account = account
        self._edge_port = edge_port
        self._call_id = secrets.token_hex(8)
        self._cseq = 0
        self.rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.rtp.bind(("127.0.0.1", 0))
        self.rtp.setblocking(False)
        self._sequence = 0

    def close(self) -> None:
        self.rtp.close()

    def sdp(self, *, direction: str = "sendrecv", version: int = 1) -> bytes:
        port = self.rtp.getsockname()[1]
        return (
            f"v=0\r\no=- 7 {version} IN IP4 127.0.0.1\r\ns=phone\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na={direction}\r\n"
        ).encode()

    def _build(
        self, method: str, uri: str, *, to: str, call_id: str, cseq: int, extra: str, body: bytes, route: str = ""
    ) -> bytes:
        port = self._client.port
        content = "Content-Type: application/sdp\r\n" if body else ""
        route = route or f"Route: <sip:127.0.0.1:{self._edge_port};transport=tcp;lr>\r\n"
        return (
            f"{method} {uri} SIP/2.0\r\n"
            f"Via: SIP/2.0/TCP 127.0.0.1:{port};rport;branch=z9hG4bK{secrets.token_hex(6)}\r\n{route}"
            f"Max-Forwards: 70\r\nFrom: <{self._account.uri}>;tag=phone\r\nTo: {to}\r\nCall-ID: {call_id}\r\n"
            f"CSeq: {cseq} {method}\r\nContact: <sip:{self._account.user}@127.0.0.1:{port};transport=TCP;ob>\r\n"
            f"{extra}{content}Content-Length: {len(body)}\r\n\r\n"
        ).encode() + body

    def _authorization(self, method: str, uri: str, challenge: str) -> str:
        fields = dict(_QUOTED.findall(challenge))

        def md5(text: str) -> str:
            return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

        first = md5(f"{self._account.auth_user}:{fields['realm']}:{self._account.password}")
        nonce = f"{fields['nonce']}:00000001:abcdef:auth"
        digest = md5(f"{first}:{nonce}:{md5(f'{method}:{uri}')}")
        return (
            f'Authorization: Digest username="{self._account.auth_user}", realm="{fields["realm"]}", '
            f'nonce="{fields["nonce"]}", uri="{uri}", response="{digest}", algorithm=MD5, qop=auth, nc=00000001, '
            f'cnonce="abcdef", opaque="{fields.get("opaque", "")}"\r\n'
        )

    async def final(self, *, method: str) -> Response:
        """Return the final answer to the method, passing over everything else."""
        async with asyncio.timeout(PATIENCE):
            while True:
                message = await self._client.next()
                if isinstance(message, Response) and message.status >= 200 and message.cseq[1] == method:
                    return message

    async def transaction(
        self, method: str, uri: str, *, to: str, call_id: str, extra: str = "", body: bytes = b"", route: str = ""
    ) -> Response:
        """Send a request, answer its challenge, return the final response; an INVITE's refusals are acknowledged."""
        authorization = ""
        while True:
            self._cseq += 1
            await self._client.send(
                self._build(
                    method, uri, to=to, call_id=call_id, cseq=self._cseq, extra=extra + authorization, body=body, route=route
                )
            )
            answer = await self.final(method=method)
            if method == "INVITE":
                await self.acknowledge(answer, uri if answer.status >= 300 else None)
            if answer.status != 401 or authorization:
                return answer
            authorization = self._authorization(method, uri, answer.required("www-authenticate"))

    async def register(self, *, expires: int = 600) -> Response:
        registrar = f"sip:{self._account.host}"
        return await self.transaction(
            "REGISTER", registrar, to=f"<{self._account.uri}>", call_id=f"reg-{self._call_id}", extra=f"Expires: {expires}\r\n"
        )

    async def invite(
        self, number: str, *, call_id: str = "", to: str = "", body: bytes | None = None, route: str = "", uri: str = ""
    ) -> Response:
        uri = uri or f"sip:{number}@{self._account.host}"
        return await self.transaction(
            "INVITE",
            uri,
            to=to or f"<{uri}>",
            call_id=call_id or self._call_id,
            body=self.sdp() if body is None else body,
            route=route,
        )

    async def acknowledge(self, answer: Response, uri: str | None) -> None:
        number = answer.cseq[0]
        target = uri or self.target(answer)
        own_via = f"SIP/2.0/TCP 127.0.0.1:{self._client.port};branch=z9hG4bK{secrets.token_hex(6)}"
        via = answer.required("via") if answer.status >= 300 else own_via
        lines = (
            f"ACK {target} SIP/2.0\r\nVia: {via}\r\n{self.routes(answer)}Max-Forwards: 70",
            f"From: {answer.required('from')}",
            f"To: {answer.required('to')}",
            f"Call-ID: {answer.call_id}",
            f"CSeq: {number} ACK",
            "Content-Length: 0\r\n\r\n",
        )
        await self._client.send("\r\n".join(lines).encode())

    @staticmethod
    def target(answer: Message) -> str:
        contact = answer.required("contact")
        return contact[contact.index("<") + 1 : contact.index(">")]

    @staticmethod
    def routes(answer: Message) -> str:
        return "".join(f"Route: {route}\r\n" for route in reversed(answer.values("record-route")))

    async def bye(self, answer: Response) -> Response:
        return await self.transaction(
            "BYE", self.target(answer), to=answer.required("to"), call_id=answer.call_id, route=self.routes(answer)
        )

    async def next_request(self, method: str) -> Request:
        async with asyncio.timeout(PATIENCE):
            while True:
                message = await self._client.next()
                if isinstance(message, Request) and message.method == method:
                    return message

    async def reply(self, request: Request, status: int, reason: str, *, body: bytes = b"") -> None:
        lines = [f"SIP/2.0 {status} {reason}"]
        for header in request.headers:
            if header.key in {"via", "from", "call-id", "cseq", "record-route"}:
                lines.append(f"{header.name}: {header.value}")
            elif header.key == "to":
                lines.append(f"To: {header.value}" + ("" if ";tag=" in header.value else ";tag=phone"))
        lines.append(f"Contact: <sip:{self._account.user}@127.0.0.1:{self._client.port};transport=TCP;ob>")
        if body:
            lines.append("Content-Type: application/sdp")
        lines.append(f"Content-Length: {len(body)}")
        await self._client.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    async def talk(self, description: bytes, *, frequency: float, frames: int) -> tuple[float, float]:
        """Send a tone frame by frame to the edge's port; return when the first packet came (ms) and the share of the tone
        in what was heard."""  # fmt: skip
        port = int(re.search(rb"m=audio (\d+) ", description)[1])
        loop = asyncio.get_running_loop()
        heard = bytearray()
        first: float | None = None
        self._forget_what_waits()
        started = time.perf_counter()

        async def listen() -> None:
            nonlocal first
            while len(heard) < frames * _FRAME // 2:
                packet = await loop.sock_recv(self.rtp, 2048)
                if packet[1] & 0x7F == 0:
                    first = first or (time.perf_counter() - started) * 1000
                    heard.extend(packet[12:])

        async with asyncio.timeout(PATIENCE + frames * 0.02):
            listener = asyncio.create_task(listen())
            for number in range(frames):
                self._send_frame(port, frequency)
                await asyncio.sleep(max(0, started + (number + 1) * 0.02 - time.perf_counter()))
            await listener
        return first or math.inf, tone_share(bytes(heard), frequency)

    def _forget_what_waits(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self.rtp.recv(2048):
                pass

    def _send_frame(self, port: int, frequency: float) -> None:
        start = self._sequence * _FRAME
        samples = 8000 * np.sin(2 * np.pi * frequency * (start + np.arange(_FRAME)) / 8000)
        header = struct.pack("!BBHII", 0x80, 0, self._sequence & 0xFFFF, start, 0xBEEF)
        self.rtp.sendto(header + _encode_ulaw(samples), ("127.0.0.1", port))
        self._sequence += 1


def tone_share(ulaw: bytes, frequency: float) -> float:
    """Return the share of the energy that lies within 25 Hz of `frequency`."""
    samples = _decode_ulaw(ulaw)[-3200:]
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / 8000)
    total = float(spectrum.sum())
    return float(spectrum[np.abs(frequencies - frequency) <= 25].sum()) / total if total else 0.0


def _decode_ulaw(data: bytes) -> np.ndarray:
    code = ~np.frombuffer(data, np.uint8)
    magnitude = (((code & 0x0F).astype(int) << 3) + 0x84 << ((code >> 4) & 7).astype(int)) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude).astype(float)


def _encode_ulaw(samples: np.ndarray) -> bytes:
    values = np.clip(np.abs(samples).astype(int), 0, 32635) + 0x84
    exponent = np.floor(np.log2(values)).astype(int) - 7
    mantissa = (values >> (exponent + 3)) & 0x0F
    sign = np.where(samples < 0, 0x80, 0)
    return (~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8).tobytes()

"""The two sides of an edge in tests: a PBX that speaks SIP over WSS or TLS, and a raw SIP client in the place of pjsua2."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import ssl
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
from callmanager_sip_engine.edge import Edge, EdgeFailure, LegState
from callmanager_sip_engine.edge.framing import StreamFramer
from callmanager_sip_engine.edge.message import Request, Response, parse
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.asyncio.server import ServerConnection, serve

PATIENCE = 10.0


class Authority:
    """A certificate authority of one test run."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.ca_file = folder / f"{name}.pem"
        certificate = self._build(self._name, self._key.public_key(), days=30, ca=True, names=[])
        self.ca_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def server_context(self, *, host: str = "127.0.0.1", days: int = 10) -> ssl.SSLContext:
        """Return a context that shows a certificate for `host`; a negative number of days has run out."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        certificate = self._build(subject, key.public_key(), days=days, ca=False, names=[host])
        path = self._folder / f"{host}-{days}-{certificate.serial_number}.pem"
        path.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _build(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, *, days: int, ca: bool, names: list[str]
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=60))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if ca:
            usage = dict.fromkeys(
                (
                    "digital_signature",
                    "content_commitment",
                    "key_encipherment",
                    "data_encipherment",
                    "key_agreement",
                    "encipher_only",
                    "decipher_only",
                ),
                False,
            )
            builder = builder.add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage), critical=True)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([_general_name(n) for n in names]), critical=False)
        return builder.sign(self._key, hashes.SHA256())


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class FakePbx:
    """A SIP-over-WSS server on loopback; what arrives waits in `received`, what the test sends goes to the newest client."""

    def __init__(self) -> None:
        self.received: asyncio.Queue[bytes] = asyncio.Queue()
        self.client: ServerConnection | None = None
        self.arrived = asyncio.Event()
        self.port = 0

    async def _serve(self, connection: ServerConnection) -> None:
        self.client = connection
        self.arrived.set()
        async for frame in connection:
            self.received.put_nowait(frame.encode() if isinstance(frame, str) else frame)

    async def next(self) -> Request | Response:
        async with asyncio.timeout(PATIENCE):
            return parse(await self.received.get())

    async def send(self, message: bytes | str) -> None:
        """Send one text frame."""
        assert self.client is not None
        await self.client.send(message if isinstance(message, str) else message.decode())

    async def answer(
        self, request: Request | Response, status: int, reason: str, *, extra: str = "", body: bytes = b"", tag: str = "pbx"
    ) -> None:
        """Answer as a PBX does: the Vias as they came, a tag, the body."""
        lines = [f"SIP/2.0 {status} {reason}"]
        for header in request.headers:
            if header.key in {"via", "from", "call-id", "cseq"}:
                lines.append(f"{header.name}: {header.value}")
            elif header.key == "to":
                lines.append(f"To: {header.value}" + ("" if ";tag=" in header.value else f";tag={tag}"))
        lines += [line for line in extra.splitlines() if line]
        if body:
            lines.append("Content-Type: application/sdp")
        lines.append(f"Content-Length: {len(body)}")
        await self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


@contextlib.asynccontextmanager
async def fake_pbx(context: ssl.SSLContext, *, port: int = 0) -> AsyncIterator[FakePbx]:
    pbx = FakePbx()
    async with serve(
        pbx._serve, "127.0.0.1", port, ssl=context, subprotocols=["sip"], max_size=None, ping_interval=None, close_timeout=1
    ) as server:
        pbx.port = server.sockets[0].getsockname()[1]
        yield pbx


class RawClient:
    """A TCP connection that speaks SIP byte by byte, as pjsua2 would."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._framer = StreamFramer()
        self._ready: list[bytes] = []
        self.port: int = writer.get_extra_info("sockname")[1]

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def next(self) -> Request | Response:
        async with asyncio.timeout(PATIENCE):
            while not self._ready:
                data = await self._reader.read(65536)
                if not data:
                    raise ConnectionError("the edge closed the connection")
                self._ready += self._framer.feed(data)
        return parse(self._ready.pop(0))

    async def closed_by_edge(self) -> bool:
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._reader.read(1) == b""
        except ConnectionError:
            return True

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


@contextlib.asynccontextmanager
async def raw_client(port: int) -> AsyncIterator[RawClient]:
    client = RawClient(*await asyncio.open_connection("127.0.0.1", port))
    try:
        yield client
    finally:
        await client.close()


@attrs.define
class Witness:
    """An observer that keeps what it heard and lets a test wait for a fact."""

    connected: list[float | None] = attrs.field(factory=list)
    lost: list[EdgeFailure] = attrs.field(factory=list)
    media: list[tuple[str, LegState]] = attrs.field(factory=list)
    refused: list[str] = attrs.field(factory=list)
    _changed: asyncio.Event = attrs.field(factory=asyncio.Event)

    def edge_connected(self, edge: Edge, round_trip_ms: float | None) -> None:
        self.connected.append(round_trip_ms)
        self._changed.set()

    def edge_lost(self, edge: Edge, failure: EdgeFailure) -> None:
        self.lost.append(failure)
        self._changed.set()

    def edge_media(self, edge: Edge, call_id: str, media: LegState) -> None:
        self.media.append((call_id, media))
        self._changed.set()

    def edge_refused(self, edge: Edge, reason: str) -> None:
        self.refused.append(reason)
        self._changed.set()

    async def wait(self, fact: Callable[[Witness], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not fact(self):
                self._changed.clear()
                await self._changed.wait()


def request(
    method: str,
    *,
    call_id: str = "call-1@client",
    cseq: int = 1,
    uri: str = "sip:600@pbx.example.com",
    branch: str = "z9hG4bKclient1",
    to_tag: str = "",
    extra: str = "",
    body: bytes = b"",
) -> bytes:
    """Make a request in the form pjsua2 sends it."""
    tag = f";tag={to_tag}" if to_tag else ""
    head = (
        f"{method} {uri} SIP/2.0\r\n"
        f"Via: SIP/2.0/TCP 127.0.0.1:46001;rport;branch={branch};alias\r\n"
        "Max-Forwards: 70\r\n"
        "From: <sip:101@pbx.example.com>;tag=me\r\n"
        f"To: <sip:600@pbx.example.com>{tag}\r\n"
        f"Call-ID: {call_id}\r\n"
        f"CSeq: {cseq} {method}\r\n" + extra
    )
    content = "Content-Type: application/sdp\r\n" if body else ""
    return f"{head}{content}Content-Length: {len(body)}\r\n\r\n".encode() + body

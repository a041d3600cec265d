"""Each way an attempt to reach the PBX fails has its own kind, and a refused certificate is shown as evidence."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import http
import socket
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import attrs
import pytest
from callmanager_sip_engine.edge import Edge, EdgeFailure, EdgeSettings, FailureKind
from callmanager_sip_engine.edge.framing import StreamFramer
from plugins.sip_engine.edge.far_ends import PATIENCE, Witness, fake_pbx, raw_client, request
from websockets.asyncio.server import serve


async def _fails(settings: EdgeSettings) -> EdgeFailure:
    edge = Edge(settings, Witness())
    await edge.start()
    try:
        with pytest.raises(EdgeFailure) as caught:
            await edge.connect()
        assert not edge.connected
    finally:
        await edge.stop()
    return caught.value


@contextlib.asynccontextmanager
async def _tls_server(context: ssl.SSLContext) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A TLS server that keeps every byte it is sent after a handshake."""
    heard: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            heard.append(await reader.read())
        writer.transport.abort()

    server = await asyncio.start_server(take, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1], heard


@pytest.fixture
def way(authority) -> EdgeSettings:
    return EdgeSettings(host="127.0.0.1", port=1, transport="wss", ca_file=authority.ca_file)


@pytest.mark.parametrize("transport", ["wss", "tls"])
async def test_an_expired_certificate_is_shown_with_its_date(way, authority, transport):
    async with _tls_server(authority.server_context(days=-3)) as (port, heard):
        failure = await _fails(attrs.evolve(way, port=port, transport=transport))
    assert failure.kind is FailureKind.TLS
    assert failure.certificate.problem == "certificate has expired"
    assert failure.certificate.not_after < datetime.now(UTC)
    assert failure.certificate.issuer == "CN=office-ca"
    assert failure.certificate.names == ("127.0.0.1",)
    assert b"".join(heard) == b""


async def test_a_certificate_of_a_foreign_authority_is_shown_with_its_fingerprint(way, foreign_authority):
    async with _tls_server(foreign_authority.server_context()) as (port, heard):
        failure = await _fails(attrs.evolve(way, port=port))
        pem = await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", port))
    der = ssl.PEM_cert_to_DER_cert(pem)
    assert failure.kind is FailureKind.TLS
    assert failure.certificate.issuer == "CN=foreign-ca"
    assert failure.certificate.sha256.replace(":", "").lower() == hashlib.sha256(der).hexdigest()
    assert "unable to get local issuer" in failure.certificate.problem
    assert b"".join(heard) == b""


async def test_a_certificate_for_another_name_is_refused(way, authority):
    async with _tls_server(authority.server_context(host="pbx.example.com")) as (port, _):
        failure = await _fails(attrs.evolve(way, port=port))
    assert failure.kind is FailureKind.TLS
    assert "mismatch" in failure.certificate.problem
    assert failure.certificate.names == ("pbx.example.com",)


async def test_a_ca_file_that_is_not_there_is_named(way, tmp_path):
    failure = await _fails(attrs.evolve(way, ca_file=tmp_path / "no.pem"))
    assert failure.kind is FailureKind.TLS
    assert "CA file" in failure.detail


async def test_a_port_without_a_server_is_refused(way):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        failure = await _fails(attrs.evolve(way, port=free.getsockname()[1]))
    assert failure.kind is FailureKind.REFUSED


async def test_an_unknown_name_is_a_name_failure(way):
    longer_than_a_dns_label = "p" * 64 + ".invalid"  # fails in the resolver of this machine, no server is asked
    failure = await _fails(attrs.evolve(way, host=longer_than_a_dns_label))
    assert failure.kind is FailureKind.NAME


async def test_a_server_that_says_nothing_is_a_timeout(way):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        failure = await _fails(attrs.evolve(way, port=silent.getsockname()[1], connect_timeout=0.3))
    assert failure.kind is FailureKind.TIMEOUT


async def test_a_server_without_tls_is_a_tls_failure(way):
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        failure = await _fails(attrs.evolve(way, port=server.sockets[0].getsockname()[1]))
    assert failure.kind is FailureKind.TLS
    assert failure.certificate is None


@pytest.mark.parametrize("status", [404, 426, 400, 403])
async def test_an_http_status_instead_of_a_websocket_is_told(way, authority, status):
    def refuse(connection, _):
        return connection.respond(http.HTTPStatus(status), "no")

    async with serve(
        lambda _: None, "127.0.0.1", 0, ssl=authority.server_context(), process_request=refuse, close_timeout=1
    ) as server:
        failure = await _fails(attrs.evolve(way, port=server.sockets[0].getsockname()[1]))
    assert (failure.kind, failure.http_status) == (FailureKind.WSS, status)


async def test_a_websocket_without_sip_is_a_wss_failure(way, authority):
    async with serve(
        lambda connection: connection.wait_closed(), "127.0.0.1", 0, ssl=authority.server_context(), close_timeout=1
    ) as server:
        failure = await _fails(attrs.evolve(way, port=server.sockets[0].getsockname()[1]))
    assert failure.kind is FailureKind.WSS


async def test_a_pbx_that_stops_answering_is_noticed_by_its_missing_pong(way, authority):
    """A TCP relay in between goes deaf; no end says goodbye."""
    async with fake_pbx(authority.server_context()) as pbx, _relay(pbx.port) as relay:
        witness = Witness()
        edge = Edge(attrs.evolve(way, port=relay.port, ping_interval=0.2, ping_timeout=0.2), witness)
        await edge.start()
        try:
            await edge.connect()
            relay.deaf = True
            await witness.wait(lambda w: bool(w.lost))
            assert witness.lost[0].kind is FailureKind.LOST
            assert "pings" in witness.lost[0].detail
            assert not edge.connected
        finally:
            await edge.stop()


async def test_a_network_change_has_a_deaf_link_noticed_now(way, authority):
    async with fake_pbx(authority.server_context()) as pbx, _relay(pbx.port) as relay:
        witness = Witness()
        edge = Edge(attrs.evolve(way, port=relay.port, ping_interval=600, ping_timeout=0.2), witness)
        await edge.start()
        try:
            await edge.connect()
            await edge.network_changed()
            assert edge.connected
            relay.deaf = True
            await edge.network_changed()
            await witness.wait(lambda w: bool(w.lost))
        finally:
            await edge.stop()


@attrs.define
class _Relay:
    port: int = 0
    deaf: bool = False


@contextlib.asynccontextmanager
async def _relay(target: int) -> AsyncIterator[_Relay]:
    relay = _Relay()
    copies: set[asyncio.Task[None]] = set()

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if not relay.deaf:
                    writer.write(data)
        writer.transport.abort()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", target)
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            task = asyncio.create_task(copy(source, sink))
            copies.add(task)
            task.add_done_callback(copies.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    relay.port = server.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        server.close()
        for task in set(copies):
            task.cancel()
        await asyncio.gather(*copies, return_exceptions=True)
        await server.wait_closed()


async def test_sip_over_tls_passes_with_the_address_of_the_socket(way, authority):
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    ports: asyncio.Queue[int] = asyncio.Queue()

    async def pbx(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ports.put_nowait(writer.get_extra_info("peername")[1])
        framer = StreamFramer()
        while data := await reader.read(65536):
            for message in framer.feed(data):
                heard.put_nowait(message)
        writer.close()

    server = await asyncio.start_server(pbx, "127.0.0.1", 0, ssl=authority.server_context())
    witness = Witness()
    edge = Edge(attrs.evolve(way, port=server.sockets[0].getsockname()[1], transport="tls"), witness)
    port = await edge.start()
    try:
        await edge.connect()
        async with raw_client(port) as client, asyncio.timeout(PATIENCE):
            sdp = b"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
            await client.send(request("INVITE", extra="Contact: <sip:101@127.0.0.1:46001;ob>\r\n", body=sdp))
            seen = (await heard.get()).decode()
        own = await ports.get()
        assert f"Via: SIP/2.0/TLS 127.0.0.1:{own};rport;branch=" in seen
        assert f"Contact: <sip:101@127.0.0.1:{own};transport=tls>" in seen
        assert seen.endswith(sdp.decode())
        assert witness.connected[0] is not None
        server.close()
    finally:
        await edge.stop()
        server.close()
        await server.wait_closed()

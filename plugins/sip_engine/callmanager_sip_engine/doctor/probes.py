"""The steps below SIP: name, TCP, TLS, WebSocket, each tried on its own so that each has its own time and cause.

The connection is closed afterwards; the engine makes its own. TLS is verified exactly as in a call.
"""

import asyncio
import contextlib
import socket
import ssl
import time
from typing import Final

import attrs
from callmanager.api import Account, CertificateEvidence, Failure, FailureKind, Transport

_SECONDS: Final = 8.0
_MOST_ADDRESSES: Final = 4


class ProbeFailed(Exception):
    """Raised with the cause; what was found until then is in the steps before."""

    def __init__(self, failure: Failure, text: str) -> None:
        super().__init__(text)
        self.failure = failure


@attrs.frozen(kw_only=True)
class Probed:
    """What a probe brings: a sentence, its milliseconds, and evidence."""

    text: str
    milliseconds: float
    evidence: tuple[tuple[str, str], ...] = ()


async def probe_name(account: Account) -> Probed:
    """Look the server up as the system does."""
    began = time.perf_counter()
    try:
        async with asyncio.timeout(_SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(account.server, account.port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise _failed(FailureKind.NAME, f"the name {account.server} is not known", error) from error
    except TimeoutError as error:
        raise _failed(FailureKind.NAME, f"the name server does not answer for {account.server}", error) from error
    addresses = list(dict.fromkeys(str(address[4][0]) for address in found))[:_MOST_ADDRESSES]
    return Probed(text=f"{account.server} is {', '.join(addresses)}", milliseconds=_since(began))


async def probe_tcp(account: Account) -> Probed:
    """Open a connection to the port."""
    began = time.perf_counter()
    _, writer = await _open(account)
    elapsed = _since(began)
    await _close(writer)
    return Probed(text=f"port {account.port} is open", milliseconds=elapsed)


async def probe_tls(account: Account) -> Probed:
    """Shake hands as the engine does, and tell what the certificate says."""
    from callmanager_sip_engine.edge.trust import client_context, collect_evidence

    try:
        context = client_context(account.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise _failed(FailureKind.TLS, f"the CA file {account.ca_file} can't be used", error) from error
    began = time.perf_counter()
    try:
        _, writer = await _open(account, tls=context)
    except ssl.SSLCertVerificationError as error:
        problem = error.verify_message or str(error)
        seen = await collect_evidence(account.server, account.port, problem=problem)
        certificate = None
        if seen is not None:
            certificate = CertificateEvidence(
                subject=seen.subject,
                issuer=seen.issuer,
                sha256=seen.sha256,
                not_before=seen.not_before.isoformat(),
                not_after=seen.not_after.isoformat(),
                problem=problem,
            )
        failure = Failure(kind=FailureKind.TLS, detail=problem, certificate=certificate)
        raise ProbeFailed(failure, f"the certificate of {account.server} is not trusted: {problem}") from error
    except ssl.SSLError as error:
        raise _failed(FailureKind.TLS, f"port {account.port} does not speak TLS as expected", error) from error
    elapsed = _since(began)
    tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
    evidence = _tls_evidence(tls)
    await _close(writer)
    return Probed(text=f"{tls.version()} with a trusted certificate", milliseconds=elapsed, evidence=evidence)


async def probe_websocket(account: Account) -> Probed:
    """Ask for a WebSocket with the sub-protocol `sip` (RFC 7118), as the engine does."""
    from callmanager_sip_engine.edge.facts import EdgeFailure
    from callmanager_sip_engine.edge.settings import EdgeSettings
    from callmanager_sip_engine.edge.transport import open_link

    settings = EdgeSettings(
        host=account.server,
        port=account.port,
        transport="wss",
        path=account.websocket_path,
        ca_file=account.ca_file,
    )
    began = time.perf_counter()
    try:
        link = await open_link(settings)
    except EdgeFailure as error:
        raise _failed(FailureKind.WEBSOCKET, error.detail, error) from error
    elapsed = _since(began)
    await link.close()
    return Probed(text=f"speaks SIP over WebSocket at {account.websocket_path}", milliseconds=elapsed)


def probes_for(transport: Transport) -> tuple[str, ...]:
    """The names of the probes that make sense for a transport, in order; UDP has nothing to connect to."""
    return {
        Transport.WSS: ("name", "tcp", "tls", "websocket"),
        Transport.TLS: ("name", "tcp", "tls"),
        Transport.TCP: ("name", "tcp"),
        Transport.UDP: ("name",),
    }[transport]


async def _open(account: Account, *, tls: ssl.SSLContext | None = None) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        async with asyncio.timeout(_SECONDS):
            return await asyncio.open_connection(
                account.server, account.port, ssl=tls, server_hostname=account.server if tls else None
            )
    except ssl.SSLError:
        raise
    except ConnectionRefusedError as error:
        raise _failed(FailureKind.REFUSED, f"{account.server} refuses connections on port {account.port}", error) from error
    except TimeoutError as error:
        raise _failed(FailureKind.TIMEOUT, f"{account.server} port {account.port} does not answer", error) from error
    except OSError as error:
        raise _failed(FailureKind.REFUSED, f"{account.server} can't be reached from here", error) from error


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


def _tls_evidence(tls: ssl.SSLObject) -> tuple[tuple[str, str], ...]:
    from callmanager_sip_engine.edge.trust import read_evidence

    der = tls.getpeercert(binary_form=True)
    certificate = read_evidence(der, problem="") if der else None
    cipher = tls.cipher()
    found: tuple[tuple[str, str], ...] = (("cipher", cipher[0] if cipher else ""),)
    if certificate is not None:
        found = (
            ("subject", certificate.subject),
            ("issuer", certificate.issuer),
            ("valid until", certificate.not_after.isoformat()),
            *found,
        )
    return tuple((name, value) for name, value in found if value)


def _since(began: float) -> float:
    return (time.perf_counter() - began) * 1000


def _failed(kind: FailureKind, text: str, error: BaseException) -> ProbeFailed:
    return ProbeFailed(Failure(kind=kind, detail=str(error)), text)

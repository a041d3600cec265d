"""TLS towards the PBX: always verified, and evidence for a person when verification fails."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from callmanager_sip_engine.edge.facts import CertificateEvidence

if TYPE_CHECKING:
    from cryptography import x509

_EVIDENCE_TIMEOUT = 4.0
_MOST_NAMES = 20
_LONGEST_NAME = 300


def client_context(ca_file: Path | None) -> ssl.SSLContext:
    """Return a context that verifies chain and name against `ca_file`, or against the system's store when there is none.

    Raises OSError when the file cannot be read and ssl.SSLError when it holds no certificate.
    """
    context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


async def collect_evidence(host: str, port: int, *, problem: str) -> CertificateEvidence | None:
    """Fetch the certificate that was just refused, for showing; None when the server does not show it again.

    The connection is closed right after the handshake: nothing is sent over it and nothing read from it is used otherwise.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        async with asyncio.timeout(_EVIDENCE_TIMEOUT):
            _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
    except (OSError, TimeoutError):
        return None
    try:
        tls = writer.get_extra_info("ssl_object")
        der = tls.getpeercert(binary_form=True) if tls is not None else None
    finally:
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    return None if der is None else read_evidence(der, problem=problem)


def read_evidence(der: bytes, *, problem: str) -> CertificateEvidence | None:
    """Return what a certificate says about itself, bounded, None when it cannot be read."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    try:
        certificate = x509.load_der_x509_certificate(der)
        return CertificateEvidence(
            subject=_plain(certificate.subject.rfc4514_string()),
            issuer=_plain(certificate.issuer.rfc4514_string()),
            names=_names(certificate),
            sha256=certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            problem=problem,
        )
    except ValueError:
        return None


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    from cryptography import x509
    from cryptography.x509.oid import ExtensionOID

    try:
        extension = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    except (x509.ExtensionNotFound, x509.DuplicateExtension):
        return ()
    value = extension.value
    if not isinstance(value, x509.SubjectAlternativeName):
        return ()
    names = [str(name) for name in value.get_values_for_type(x509.DNSName)]
    names += [str(address) for address in value.get_values_for_type(x509.IPAddress)]
    return tuple(_plain(name) for name in names[:_MOST_NAMES])


def _plain(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text[:_LONGEST_NAME])

"""TLS of the HTTP client, and of plugins that talk to a server in another way: always verified against the system's store, and
evidence for a person when that fails."""

from __future__ import annotations

import logging
import re
import ssl
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from typing_extensions import override

from callmanager.errors import Unreachable
from callmanager.model.failures import CertificateEvidence
from callmanager.texts import plain

_log = logging.getLogger(__name__)

_BUNDLES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Gentoo
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # Alpine, Arch, BSD
)
_HASHED_NAME: Final = re.compile(r"[0-9a-f]{8}\.[0-9]+")


def client_context(ca_file: Path | None = None, *, chosen_in: str = "Settings, Network") -> ssl.SSLContext:
    """A context that verifies chain, name and dates; TLS 1.2 at least. Takes tens of milliseconds: use a worker thread.

    Trusted are the authorities of the operating system, and those in `ca_file` as well. Raises `Unreachable` when that file
    can't be used, and says that another is to be `chosen_in` this place. There is no way to switch verification off.
    """
    context = _operating_system() if sys.platform in {"win32", "darwin"} else _openssl()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=str(ca_file))
        except OSError as error:  # ssl.SSLError, for a file without a certificate, is one of them
            why = "it holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror or str(error)
            raise Unreachable(f"the CA file {ca_file} can't be used: {why}; choose another in {chosen_in}") from error
    return context


def _operating_system() -> ssl.SSLContext:
    """Windows and macOS judge certificates themselves, enterprise roots and revocation included."""
    import truststore

    class Context(truststore.SSLContext):
        @override
        def wrap_bio(self, *arguments: Any, **options: Any) -> ssl.SSLObject:
            return _keeping_evidence(super().wrap_bio(*arguments, **options))

    return Context(ssl.PROTOCOL_TLS_CLIENT)


def _openssl() -> ssl.SSLContext:
    """Elsewhere OpenSSL judges, with the distribution's authorities.

    truststore would do here too, but it reads the whole store anew for each connection: 30 ms of the loop thread.
    """

    class Context(ssl.SSLContext):
        @override
        def wrap_bio(self, *arguments: Any, **options: Any) -> ssl.SSLObject:
            return _keeping_evidence(super().wrap_bio(*arguments, **options))

    context = Context(ssl.PROTOCOL_TLS_CLIENT)
    context.load_default_certs()
    if not _knows_authorities(context):
        bundle = next((bundle for bundle in _BUNDLES if Path(bundle).is_file()), None)
        if bundle is None:
            import certifi

            bundle = certifi.where()
            _log.warning("this system has no certificate authorities of its own, so Mozilla's list is used")
        context.load_verify_locations(cafile=bundle)
    return context


def _knows_authorities(context: ssl.SSLContext) -> bool:
    """Whether there is any authority: read already, or waiting in the folder of hashed names that OpenSSL looks into."""
    if context.cert_store_stats()["x509_ca"]:
        return True
    folder = ssl.get_default_verify_paths().capath
    return bool(folder) and any(_HASHED_NAME.fullmatch(file.name) for file in Path(folder).iterdir())


# ------------------------------------------------------------------------------------------------------------------ evidence


def _keeping_evidence(connection: ssl.SSLObject) -> ssl.SSLObject:
    """Let the error of a refused handshake carry the certificate that was refused, also when it came through a proxy."""
    handshake: Callable[[], None] = connection.do_handshake

    def do_handshake() -> None:
        try:
            handshake()
        except ssl.SSLCertVerificationError as error:
            error.refused = _first_certificate(connection)  # type: ignore[attr-defined] # ours, read in `evidence_of`
            raise

    connection.do_handshake = do_handshake  # type: ignore[method-assign] # the one place where a handshake is made
    return connection


def _first_certificate(connection: ssl.SSLObject) -> bytes | None:
    # Python makes this public in 3.13; a refused certificate is never given by getpeercert
    try:
        chain = connection._sslobj.get_unverified_chain()  # type: ignore[attr-defined]  # noqa: SLF001 - see above
        return ssl.PEM_cert_to_DER_cert(chain[0].public_bytes()) if chain else None
    except (AttributeError, IndexError, ValueError, ssl.SSLError):
        return None


def evidence_of(error: BaseException | None) -> tuple[str, CertificateEvidence | None] | None:
    """What a refused certificate looked like: the check that failed, and the certificate where it is known.

    None when the error, and what caused it, is not about a certificate.
    """
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    if error is None:
        return None
    problem = plain(getattr(error, "verify_message", "") or str(error.reason or error), limit=200)
    der = getattr(error, "refused", None)
    return problem, None if der is None else _read(der, problem=problem)


def _read(der: bytes, *, problem: str) -> CertificateEvidence | None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    try:
        certificate = x509.load_der_x509_certificate(der)
        return CertificateEvidence(
            subject=plain(certificate.subject.rfc4514_string(), limit=300),
            issuer=plain(certificate.issuer.rfc4514_string(), limit=300),
            sha256=certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
            not_before=certificate.not_valid_before_utc.isoformat(),
            not_after=certificate.not_valid_after_utc.isoformat(),
            problem=problem,
        )
    except ValueError:
        return None

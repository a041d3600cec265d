"""The certificate this phone shows in DTLS handshakes: made once per run, known to the far end by its fingerprint in SDP."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

import attrs
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_LIFETIME = timedelta(days=30)
_CLOCK_TOLERANCE = timedelta(days=1)


@attrs.frozen(kw_only=True)
class DtlsCertificate:
    """A certificate with its key: self-signed as RFC 5763 section 5 allows, on P-256 as RFC 8827 section 6.5 asks."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = attrs.field(repr=False)

    @property
    def fingerprint(self) -> str:
        """SHA-256 in the form of RFC 8122: upper-case hex with colons."""
        return self.certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def make_certificate() -> DtlsCertificate:
    """Make one whose name says nothing about the person or the machine."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, secrets.token_hex(8))])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_TOLERANCE)
        .not_valid_after(now + _LIFETIME)
    )
    return DtlsCertificate(certificate=builder.sign(key, hashes.SHA256()), key=key)

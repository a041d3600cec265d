"""The DTLS handshake that yields SRTP keys (RFC 5764), over whatever carries datagrams.

OpenSSL works on memory buffers here; sending, receiving and the clock stay with asyncio. The version is held at
DTLS 1.2, the one RFC 8827 asks for and PBXes speak.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import attrs
from cryptography.hazmat.primitives import hashes
from OpenSSL import SSL

from callmanager_sip_engine.edge.certificate import DtlsCertificate
from callmanager_sip_engine.edge.sdp import Fingerprint

_DTLS_1_2 = 0xFEFD
_MTU = 1200
_RECORD_HEADER = 13
_EXPORT_LABEL = b"EXTRACTOR-dtls_srtp"
_LARGEST_READ = 65536
_HASHES: dict[str, type[hashes.SHA256 | hashes.SHA384 | hashes.SHA512]] = {
    "sha-256": hashes.SHA256,
    "sha-384": hashes.SHA384,
    "sha-512": hashes.SHA512,
}


class DtlsError(Exception):
    """Raised when the handshake fails or the far end is not the one its SDP promised."""


@attrs.frozen(kw_only=True)
class SrtpProfile:
    """One way to protect SRTP, by its registered name, with the sizes of master key and salt in bytes."""

    name: str
    key_length: int
    salt_length: int


PROFILES = (
    SrtpProfile(name="SRTP_AEAD_AES_128_GCM", key_length=16, salt_length=12),  # RFC 7714
    SrtpProfile(name="SRTP_AES128_CM_SHA1_80", key_length=16, salt_length=14),  # RFC 5764
)


@attrs.frozen(kw_only=True)
class SrtpKeys:
    """Master key and salt for each direction, and the fingerprint of the certificate they were agreed with."""

    profile: SrtpProfile
    local: bytes = attrs.field(repr=False)
    remote: bytes = attrs.field(repr=False)
    peer_sha256: str


class DtlsSession:
    """One handshake, by asyncio's loop alone.

    `keys` is done once the far end has proved that it holds the key of a certificate whose digest its SDP named; it carries a
    `DtlsError` otherwise. `send` gets whole datagrams of at most 1200 bytes.
    """

    def __init__(
        self,
        *,
        certificate: DtlsCertificate,
        client: bool,
        fingerprints: tuple[Fingerprint, ...],
        send: Callable[[bytes], object],
    ) -> None:
        self._fingerprints = fingerprints
        self._client = client
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self.keys: asyncio.Future[SrtpKeys] = self._loop.create_future()
        self._ssl = SSL.Connection(_make_context(certificate), None)
        self._ssl.set_ciphertext_mtu(_MTU)
        if client:
            self._ssl.set_connect_state()
        else:
            self._ssl.set_accept_state()

    def start(self) -> None:
        """Send the first flight when we are the client."""
        if self._client:
            self._advance()

    def receive(self, datagram: bytes) -> None:
        """Take one datagram of the far end; rubbish is dropped by OpenSSL as RFC 6347 section 4.1.2.7 wants."""
        if self._closed:
            return
        self._ssl.bio_write(datagram)
        if self.keys.done():
            self._answer_late_records()
        else:
            self._advance()

    def close(self) -> None:
        """Stop all timers and say goodbye when there is somebody to say it to."""
        if self._closed:
            return
        self._closed = True
        self._stop_timer()
        if not self.keys.done():
            self.keys.cancel()
        elif not self.keys.cancelled() and self.keys.exception() is None:
            try:
                self._ssl.shutdown()
            except SSL.Error:
                return
            self._flush()

    def _advance(self) -> None:
        self._stop_timer()
        try:
            self._ssl.do_handshake()
        except SSL.WantReadError:
            self._flush()
            self._start_timer()
            return
        except SSL.Error as error:
            self._flush()
            self._fail(f"the DTLS handshake failed ({_reason(error)})")
            return
        self._flush()
        try:
            keys = self._make_keys()
        except DtlsError as error:
            self._fail(str(error))
            return
        self.keys.set_result(keys)

    def _answer_late_records(self) -> None:
        # the far end repeats its last flight when ours was lost; reading makes OpenSSL repeat ours
        try:
            self._ssl.read(_LARGEST_READ)
        except SSL.Error:  # nothing for the application ever comes this way: WantRead, or the far end's goodbye
            self._flush()

    def _on_timer(self) -> None:
        self._timer = None
        try:
            self._ssl.DTLSv1_handle_timeout()
        except SSL.Error as error:
            self._fail(f"the far end does not answer the DTLS handshake ({_reason(error)})")
            return
        self._flush()
        self._start_timer()

    def _start_timer(self) -> None:
        seconds = self._ssl.DTLSv1_get_timeout()
        if seconds is not None and not self._closed:
            self._timer = self._loop.call_later(seconds, self._on_timer)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _flush(self) -> None:
        try:
            data = self._ssl.bio_read(_LARGEST_READ)
        except SSL.Error:  # the buffer is empty
            return
        for datagram in pack_records(data):
            self._send(datagram)

    def _fail(self, detail: str) -> None:
        self._stop_timer()
        if not self.keys.done():
            self.keys.set_exception(DtlsError(detail))

    def _make_keys(self) -> SrtpKeys:
        peer = self._ssl.get_peer_certificate(as_cryptography=True)
        if peer is None:
            raise DtlsError("the far end showed no certificate")
        if not any(peer.fingerprint(_HASHES[f.algorithm]()) == f.digest for f in self._fingerprints):
            raise DtlsError("the certificate of the far end is not the one its SDP announced")
        name = self._ssl.get_selected_srtp_profile().decode()
        profile = next((profile for profile in PROFILES if profile.name == name), None)
        if profile is None:
            raise DtlsError("the far end agreed to no SRTP profile")
        key, salt = profile.key_length, profile.salt_length
        material = self._ssl.export_keying_material(_EXPORT_LABEL, 2 * (key + salt))
        salts = material[2 * key :]  # RFC 5764 section 4.2: client key, server key, client salt, server salt
        of_client = material[:key] + salts[:salt]
        of_server = material[key : 2 * key] + salts[salt:]
        return SrtpKeys(
            profile=profile,
            local=of_client if self._client else of_server,
            remote=of_server if self._client else of_client,
            peer_sha256=peer.fingerprint(hashes.SHA256()).hex(":").upper(),
        )


def pack_records(data: bytes, *, limit: int = _MTU) -> list[bytes]:
    """Cut OpenSSL's output at record borders into datagrams of at most `limit` bytes.

    The memory buffer joins what would have been separate datagrams, and a record must not be split over two of them
    (RFC 6347 section 4.1.1).
    """
    datagrams: list[bytes] = []
    current = b""
    while data:
        length = _RECORD_HEADER + int.from_bytes(data[11:13], "big")
        record, data = data[:length], data[length:]
        if current and len(current) + len(record) > limit:
            datagrams.append(current)
            current = b""
        current += record
    if current:
        datagrams.append(current)
    return datagrams


def _make_context(certificate: DtlsCertificate) -> SSL.Context:
    context = SSL.Context(SSL.DTLS_METHOD)
    context.set_min_proto_version(_DTLS_1_2)
    context.set_max_proto_version(_DTLS_1_2)
    # every certificate is accepted by OpenSSL because none has an issuer; the fingerprint is checked before keys are handed out
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
    context.set_cipher_list(b"ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES")
    context.set_options(SSL.OP_NO_QUERY_MTU)
    context.set_tlsext_use_srtp(b":".join(profile.name.encode() for profile in PROFILES))
    context.use_certificate(certificate.certificate)
    context.use_privatekey(certificate.key)
    return context


def _reason(error: SSL.Error) -> str:
    first = error.args[0] if error.args else None
    if isinstance(first, list) and first:
        return str(first[0][-1])
    return str(first or type(error).__name__)

"""The media of one call: ICE, DTLS and SRTP towards the PBX, plain RTP on loopback towards pjsua2.

Packets are forwarded, never decoded. Nothing but SRTP leaves this machine, and nothing that was not authenticated
reaches pjsua2.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

import aioice
import attrs

from callmanager_sip_engine.edge.certificate import DtlsCertificate
from callmanager_sip_engine.edge.dtls import DtlsError, DtlsSession, SrtpKeys
from callmanager_sip_engine.edge.facts import DtlsState, IceState, LegState
from callmanager_sip_engine.edge.ice import MediaConnection, default_candidate
from callmanager_sip_engine.edge.loopback import LoopbackMedia
from callmanager_sip_engine.edge.sdp import LocalTransport, RemoteTransport, Setup
from callmanager_sip_engine.edge.srtp import PacketKind, SrtpTransform, classify

_log = logging.getLogger(__name__)

_ICE_TIMEOUT = 15.0
_DTLS_TIMEOUT = 15.0
_REPORT_INTERVAL = 1.0
_DISCARD_PORT = 9


class MediaLeg:
    """One transport towards the PBX; loop thread only.

    `open`, then `connect` once both descriptions are known, then `close`. A failure never raises out of here: it is told
    through `changed` as a state, and the call goes on without media until somebody ends it.
    """

    def __init__(self, *, ice: MediaConnection, certificate: DtlsCertificate, changed: Callable[[LegState], None]) -> None:
        self._ice = ice
        self._certificate = certificate
        self._changed = changed
        self._state = LegState()
        self._task: asyncio.Task[None] | None = None
        self._dtls: DtlsSession | None = None
        self._srtp: SrtpTransform | None = None
        self._packets_in = 0
        self._packets_out = 0
        self._packets_dropped = 0
        self._rtcp_mux = True
        self._closed = False
        self.loopback = LoopbackMedia(self._from_pjsua)
        self.remote: RemoteTransport | None = None
        self.dtls_client = False

    @property
    def state(self) -> LegState:
        """The newest state with the counters of this moment."""
        return attrs.evolve(
            self._state,
            packets_in=self._packets_in,
            packets_out=self._packets_out,
            packets_dropped=self._packets_dropped + self.loopback.foreign_packets,
        )

    @property
    def started(self) -> bool:
        return self._task is not None

    @property
    def local(self) -> LocalTransport:
        """What our SDP says about this leg; constant, so a re-INVITE restarts nothing (RFC 8839 section 4.4.1)."""
        default = default_candidate(self._ice)
        return LocalTransport(
            ufrag=self._ice.local_username,
            password=self._ice.local_password,
            candidates=tuple(candidate.to_sdp() for candidate in self._ice.local_candidates),
            fingerprint=self._certificate.fingerprint,
            address=default.host if default is not None else "0.0.0.0",  # noqa: S104 - SDP for "none", not a bind
            port=default.port if default is not None else _DISCARD_PORT,
        )

    @property
    def setup(self) -> Setup:
        """Our DTLS role in an answer."""
        return Setup.ACTIVE if self.dtls_client else Setup.PASSIVE

    async def open(self) -> None:
        """Bind the loopback ports; raises OSError."""
        await self.loopback.open()

    def connect(self, remote: RemoteTransport, *, dtls_client: bool) -> None:
        """Start ICE and then DTLS against what the PBX's SDP says; the second and later calls change nothing."""
        if self._task is not None or self._closed:
            return
        self.remote = remote
        self.dtls_client = dtls_client
        self._rtcp_mux = remote.rtcp_mux
        self._task = asyncio.create_task(self._run(remote), name="edge-leg")

    def fail(self, detail: str) -> None:
        """Tell a failure that was found outside, for example in the SDP."""
        self._update(ice=IceState.FAILED, failure=detail)

    async def close(self) -> None:
        """End the media and wait until every socket and task of it is gone; idempotent."""
        if self._closed:
            return
        self._closed = True
        if self._dtls is not None:
            self._dtls.close()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self.loopback.close()
        await self._ice.close()
        if self._state.ice not in {IceState.FAILED, IceState.LOST}:
            self._update(ice=IceState.CLOSED)
        else:
            self._changed(self.state)

    async def _run(self, remote: RemoteTransport) -> None:
        reporter: asyncio.Task[None] | None = None
        try:
            if not await self._connect_ice(remote):
                return
            self._start_dtls(remote)
            reporter = asyncio.create_task(self._report(), name="edge-leg-report")
            await self._receive_all()
        finally:
            if reporter is not None:
                reporter.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await reporter

    async def _connect_ice(self, remote: RemoteTransport) -> bool:
        self._ice.remote_username = remote.ufrag
        self._ice.remote_password = remote.password
        self._ice.remote_is_lite = remote.ice_lite
        if remote.ice_lite:
            self._ice.ice_controlling = True  # RFC 8445 section 6.1.1
        self._update(ice=IceState.CHECKING)
        started = time.perf_counter()
        try:
            for text in remote.candidates:
                await self._add_candidate(text)
            await self._ice.add_remote_candidate(None)
            async with asyncio.timeout(_ICE_TIMEOUT):
                await self._ice.connect()
        except TimeoutError:
            self._update(ice=IceState.FAILED, failure=f"no media path to the PBX was found in {_ICE_TIMEOUT:.0f} seconds")
            return False
        except (ConnectionError, OSError, ValueError) as error:
            _log.info("ICE failed: %s", error)
            self._update(ice=IceState.FAILED, failure="no media path to the PBX was found; check STUN/TURN and firewalls")
            return False
        local_type, remote_type = _pair_types(self._ice)
        self._update(
            ice=IceState.CONNECTED,
            ice_ms=(time.perf_counter() - started) * 1000,
            local_candidate=local_type,
            remote_candidate=remote_type,
        )
        return True

    async def _add_candidate(self, text: str) -> None:
        try:
            candidate = aioice.Candidate.from_sdp(text)
        except ValueError:
            _log.info("a candidate of the PBX cannot be read")
            return
        # component 2 is RTCP's own port, which rtcp-mux leaves unused; names would mean a lookup in the local network
        if candidate.component == 1 and candidate.transport.lower() == "udp" and 0 < candidate.port < 65536:
            if candidate.host.endswith(".local"):
                return
            await self._ice.add_remote_candidate(candidate)

    def _start_dtls(self, remote: RemoteTransport) -> None:
        started = time.perf_counter()
        self._update(dtls=DtlsState.HANDSHAKE)
        self._dtls = DtlsSession(
            certificate=self._certificate,
            client=self.dtls_client,
            fingerprints=remote.fingerprints,
            send=self._send,
        )
        loop = asyncio.get_running_loop()
        limit = loop.call_later(_DTLS_TIMEOUT, self._dtls_too_late)

        def done(keys: asyncio.Future[SrtpKeys]) -> None:
            limit.cancel()
            if not keys.cancelled():
                self._dtls_done((time.perf_counter() - started) * 1000)

        self._dtls.keys.add_done_callback(done)
        self._dtls.start()

    def _dtls_too_late(self) -> None:
        if self._dtls is not None and not self._dtls.keys.done():
            self._dtls.keys.set_exception(DtlsError(f"the DTLS handshake took longer than {_DTLS_TIMEOUT:.0f} seconds"))

    def _dtls_done(self, milliseconds: float) -> None:
        assert self._dtls is not None
        error = self._dtls.keys.exception()
        if error is not None:
            self._update(dtls=DtlsState.FAILED, failure=str(error))
            return
        keys = self._dtls.keys.result()
        self._srtp = SrtpTransform(keys)
        self._update(
            dtls=DtlsState.CONNECTED,
            dtls_ms=milliseconds,
            fingerprint=keys.peer_sha256,
            srtp_profile=keys.profile.name,
        )

    async def _receive_all(self) -> None:
        self._ice.deliver_to(self._from_pbx)
        try:
            while True:  # for what came before; then it waits for the end
                self._from_pbx(await self._ice.recv())
        except ConnectionError:
            if not self._closed:
                self._update(ice=IceState.LOST, failure="the PBX no longer answers on the media path")

    def _from_pbx(self, datagram: bytes) -> None:
        kind = classify(datagram)
        if kind is PacketKind.DTLS:
            if self._dtls is not None:
                self._dtls.receive(datagram)
            return
        if kind is PacketKind.OTHER or self._srtp is None:
            return  # media that overtook the handshake cannot be read and is not an error
        packet = self._srtp.unprotect(datagram, kind)
        if packet is None:
            self._packets_dropped += 1
            return
        self._packets_in += 1
        self.loopback.send(packet, kind)
        if not self._state.encrypted:
            self._update(encrypted=True)

    def _from_pjsua(self, packet: bytes, kind: PacketKind) -> None:
        if self._srtp is None or (kind is PacketKind.RTCP and not self._rtcp_mux):
            return
        protected = self._srtp.protect(packet, kind)
        if protected is None:
            self._packets_dropped += 1
            return
        if self._send(protected):
            self._packets_out += 1

    def _send(self, datagram: bytes) -> bool:
        sent = self._ice.send_now(datagram)
        if not sent:
            self._packets_dropped += 1
        return sent

    async def _report(self) -> None:
        reported = (0, 0)
        while True:
            await asyncio.sleep(_REPORT_INTERVAL)
            now = (self._packets_in, self._packets_out)
            if now != reported:
                reported = now
                self._changed(self.state)

    def _update(
        self,
        *,
        ice: IceState | None = None,
        dtls: DtlsState | None = None,
        encrypted: bool | None = None,
        fingerprint: str | None = None,
        srtp_profile: str | None = None,
        local_candidate: str | None = None,
        remote_candidate: str | None = None,
        ice_ms: float | None = None,
        dtls_ms: float | None = None,
        failure: str | None = None,
    ) -> None:
        old = self._state
        self._state = LegState(
            ice=ice or old.ice,
            dtls=dtls or old.dtls,
            encrypted=old.encrypted if encrypted is None else encrypted,
            fingerprint=fingerprint or old.fingerprint,
            srtp_profile=srtp_profile or old.srtp_profile,
            local_candidate=local_candidate or old.local_candidate,
            remote_candidate=remote_candidate or old.remote_candidate,
            ice_ms=ice_ms or old.ice_ms,
            dtls_ms=dtls_ms or old.dtls_ms,
            failure=failure or old.failure,
        )
        self._changed(self.state)


def _pair_types(ice: aioice.Connection) -> tuple[str | None, str | None]:
    # aioice has no public way to ask for the nominated pair
    pair = ice._nominated.get(1)  # noqa: SLF001
    if pair is None:
        return None, None
    return pair.local_candidate.type, pair.remote_candidate.type

"""One account in pjsua2: its configuration, its REGISTERs and the calls that come to it."""

import logging
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

import attrs
from callmanager.api import Account, Transport

from callmanager_sip_engine.sip import _pj
from callmanager_sip_engine.sip.endpoint import SipEndpoint
from callmanager_sip_engine.sip.reports import RegisterAnswered
from callmanager_sip_engine.sip.translate import address_of_record, challenge_realm, plain, registrar_uri

_log: Final = logging.getLogger(__name__)


@attrs.frozen(kw_only=True)
class AccountRoute:
    """How SIP of an account leaves this machine: through an edge on loopback, or straight to an address of the PBX."""

    account: Account
    password: str = attrs.field(repr=False)
    generation: int
    edge_port: int | None = None
    peer_address: str = ""
    local_address: str = ""

    @property
    def through_edge(self) -> bool:
        return self.edge_port is not None

    @property
    def sdes_offered(self) -> bool:
        """Whether pjsip itself may encrypt the media: where the signalling that carries the keys is encrypted (RFC 4568)."""
        return self.account.transport is Transport.TLS

    def is_source(self, address: str) -> bool:
        """Whether requests of this account may come from there (`host:port`)."""
        host, _, port = address.rpartition(":")
        if self.through_edge:
            return host == "127.0.0.1" and port == str(self.edge_port)
        return host.strip("[]") == self.peer_address


class AccountHost(Protocol):
    """What an account needs of its surroundings."""

    endpoint: SipEndpoint

    def report(self, report: Any) -> None: ...
    def soon(self, job: Callable[[], None]) -> None: ...
    def call_offered(self, account: "SipAccount", pj_call_id: int, source: str, message: str) -> None: ...


class _PjAccount(_pj.Account):  # type: ignore[misc]  # pjsua2 has no types
    """Hands callbacks over; an exception that left one would be printed and lost."""

    def __init__(self, owner: "SipAccount") -> None:
        super().__init__()
        self.owner: SipAccount | None = owner

    def onRegState(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
        try:
            if self.owner:
                self.owner.register_answered(prm)
        except Exception:  # noqa: BLE001 - logged; nothing may leave a callback
            _log.exception("a registration answer was lost")

    def onIncomingCall(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
        try:
            if self.owner:
                self.owner.host.call_offered(self.owner, prm.callId, str(prm.rdata.srcAddress), str(prm.rdata.wholeMsg))
        except Exception:  # noqa: BLE001 - logged; nothing may leave a callback
            _log.exception("an incoming call was lost")


class SipAccount:
    """SIP thread only.

    Credentials are bound to one realm: the registrar's own, learnt from its first challenge, which is answered by a second
    REGISTER. A far end that challenges an INVITE with another realm gets no hash of the password to crack.
    """

    def __init__(self, host: AccountHost, route: AccountRoute) -> None:
        self.host = host
        self.route = route
        self.realm: str | None = None
        self._asked_at: float | None = None
        self.pj: Any = _PjAccount(self)
        self.pj.create(self._config())

    def reroute(self, route: AccountRoute) -> None:
        """Take another password, edge or address; the calls go on."""
        same_registrar = route.account.server == self.route.account.server and route.account.port == self.route.account.port
        if not same_registrar:
            self.realm = None
        self.route = route
        self.pj.modify(self._config())

    def register(self) -> None:
        """Send a REGISTER; the outcome is a `RegisterAnswered`. While one is under way nothing more is sent."""
        self._asked_at = time.monotonic()
        try:
            self.pj.setRegistration(True)
        except _pj.Error as error:
            self._refuse(error)

    def unregister(self) -> None:
        try:
            self.pj.setRegistration(False)
        except _pj.Error:
            _log.debug("nothing to unregister")

    def restart_register(self) -> None:
        """Give up the REGISTER under way (its retransmissions grow seconds apart) and send a fresh one."""
        self.pj.modify(self._config(attempt=time.monotonic_ns()))
        self.register()

    def close(self) -> None:
        self.pj.owner = None
        self.pj.shutdown()

    def register_answered(self, prm: Any) -> None:
        code, reason, expires = int(prm.code), plain(str(prm.reason)), int(prm.expiration)
        if code in {401, 407} and self.realm is None and (realm := challenge_realm(str(prm.rdata.wholeMsg))):
            self.realm = realm
            # pjsua still works on the old REGISTER while it calls us.
            self.host.soon(self._register_with_credentials)
            return
        took = None if self._asked_at is None else (time.monotonic() - self._asked_at) * 1000
        self._asked_at = None
        self.host.report(
            RegisterAnswered(
                account_id=self.route.account.id,
                generation=self.route.generation,
                # pjsua invents 408 and 503 for a REGISTER that nothing answered or that could not be sent.
                code=code if str(prm.rdata.wholeMsg) else 0,
                reason=reason,
                expires=expires if 200 <= code < 300 else 0,
                round_trip_ms=took,
            )
        )

    def _register_with_credentials(self) -> None:
        self._asked_at = time.monotonic()
        self.pj.modify(self._config())
        self.register()

    def _refuse(self, error: Exception) -> None:
        self.host.report(
            RegisterAnswered(
                account_id=self.route.account.id,
                generation=self.route.generation,
                code=0,
                reason=plain(str(getattr(error, "reason", error))),
                expires=0,
                round_trip_ms=None,
            )
        )

    def _config(self, *, attempt: int = 0) -> Any:
        account, route = self.route.account, self.route
        config = _pj.AccountConfig()
        config.idUri = address_of_record(account)
        registration = config.regConfig
        registration.registrarUri = registrar_uri(account)
        registration.registerOnAdd = False
        registration.disableRegOnModify = True
        registration.timeoutSec = account.register_expires
        # When and whether to try again is decided in one place, which is not here.
        registration.retryIntervalSec = 0
        registration.firstRetryIntervalSec = 0
        registration.randomRetryIntervalSec = 0
        registration.unregWaitMsec = 500
        if attempt:
            registration.contactParams = f";attempt={attempt % 1_000_000}"
        if self.realm is not None:
            config.sipConfig.authCreds.append(
                _pj.AuthCredInfo("digest", self.realm, account.authentication_user, 0, route.password)
            )
        config.presConfig.publishEnabled = False
        config.mwiConfig.enabled = False
        config.natConfig.iceEnabled = False
        config.natConfig.sipStunUse = _pj.STUN_OFF
        config.natConfig.sipOutboundUse = 0
        # One codec is agreed by the order of the answer; the extra UPDATE that pins it says nothing new.
        config.mediaConfig.lockCodecEnabled = False
        config.mediaConfig.srtpUse = _pj.SRTP_DISABLED
        config.mediaConfig.srtpSecureSignaling = 0
        config.mediaConfig.transportConfig.port = 0
        if route.through_edge:
            self._through_edge(config)
        else:
            self._straight(config)
        return config

    def _through_edge(self, config: Any) -> None:
        endpoint = self.host.endpoint
        config.sipConfig.proxies.append(f"sip:127.0.0.1:{self.route.edge_port};transport=tcp;lr")
        config.sipConfig.transportId = endpoint.transport(Transport.TCP, "127.0.0.1")
        config.natConfig.contactRewriteUse = 0
        config.natConfig.viaRewriteUse = 0
        config.natConfig.sdpNatRewriteUse = 0
        config.natConfig.udpKaIntervalSec = 0
        config.natConfig.mediaStunUse = _pj.STUN_OFF
        if self.route.account.transport is Transport.WSS:
            _bind(config.mediaConfig.transportConfig, "127.0.0.1")
        else:
            _bind(config.mediaConfig.transportConfig, self.route.local_address)
            config.mediaConfig.srtpUse = _pj.SRTP_OPTIONAL if self.route.sdes_offered else _pj.SRTP_DISABLED

    def _straight(self, config: Any) -> None:
        account = self.route.account
        config.sipConfig.transportId = self.host.endpoint.transport(account.transport, self.route.local_address)
        config.natConfig.contactRewriteUse = 2
        config.natConfig.viaRewriteUse = 1
        config.natConfig.sdpNatRewriteUse = 1
        config.natConfig.udpKaIntervalSec = 15 if account.transport is Transport.UDP else 0
        _bind(config.mediaConfig.transportConfig, self.route.local_address)
        if account.stun_servers:
            # A published address of our own would keep pjsua2 from publishing the one that STUN found.
            config.mediaConfig.transportConfig.publicAddress = ""
            self.host.endpoint.use_stun(account.stun_servers)
            config.natConfig.mediaStunUse = _pj.STUN_RETRY_ON_FAILURE
        else:
            config.natConfig.mediaStunUse = _pj.STUN_OFF


def _bind(transport: Any, address: str) -> None:
    """Bind media there and say so: left alone, pjsua2 publishes the address of the default route instead."""
    transport.boundAddress = address
    transport.publicAddress = address

"""One account in pjsua2: its configuration, its REGISTERs and the calls that come to it."""

import logging
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

import attrs
from callmanager.api import Account, Header, Transport

from callmanager_sip_engine.sip import _pj
from callmanager_sip_engine.sip.digest import answer, challenge_in
from callmanager_sip_engine.sip.endpoint import SipEndpoint
from callmanager_sip_engine.sip.reports import RegisterAnswered
from callmanager_sip_engine.sip.translate import address_of_record, plain, registrar_uri

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

    REGISTER is authenticated here and not by pjsip: a challenge is answered once, and once more only when the PBX calls
    the nonce stale, so that a wrong password is one failure in the PBX's books. The credentials that pjsip holds, for calls,
    are bound to the realm of the registrar: a far end that challenges an INVITE with another realm gets no hash to crack.
    """

    def __init__(self, host: AccountHost, route: AccountRoute) -> None:
        self.host = host
        self.route = route
        self._realm: str | None = None
        self._asked_at: float | None = None
        self._answers = 0
        self._answer_due = False
        self._leaving = False
        self._attempts = 0
        self._registration_alive = False
        self.pj: Any = _PjAccount(self)
        self.pj.create(self._config())

    def reroute(self, route: AccountRoute) -> None:
        """Take another password, edge or address; the calls go on."""
        if (route.account.server, route.account.port) != (self.route.account.server, self.route.account.port):
            self._realm = None
        self.route = route

    def register(self) -> None:
        """Send a REGISTER; the outcome is a `RegisterAnswered`. One that is still unanswered is given up."""
        self._leaving = False
        self._send(None)

    def refresh(self) -> None:
        """Send the REGISTER that stands again, as proof that the PBX is reachable."""
        if not self._registration_alive or self._asked_at is not None:
            self.register()
            return
        self._asked_at = time.monotonic()
        self._set_registration(True)

    def unregister(self) -> None:
        self._leaving = True
        if self._answer_due:
            return  # the REGISTER that answers the challenge says goodbye
        if self._asked_at is not None:
            # pjsua2 unregisters nothing while a REGISTER is unanswered; one that takes its place can say goodbye as well.
            self._send(None)
        elif self._registration_alive:
            self._asked_at = time.monotonic()
            self._set_registration(False)
        else:
            self._report(0, "not registered", 0)

    def close(self) -> None:
        self.pj.owner = None
        self.pj.shutdown()

    def register_answered(self, prm: Any) -> None:
        message = str(prm.rdata.wholeMsg)
        # pjsua invents 408 and 503 for a REGISTER that nothing answered or that could not be sent.
        code = int(prm.code) if message else 0
        reason, expires = plain(str(prm.reason)), int(prm.expiration)
        accepted = 200 <= code < 300
        self._registration_alive = accepted and expires > 0
        challenge = challenge_in(message) if code in {401, 407} else None
        if challenge is not None and (self._answers == 0 or (self._answers == 1 and challenge.stale)):
            self._answers += 1
            self._realm = challenge.realm
            credentials = answer(
                challenge,
                user=self.route.account.authentication_user,
                password=self.route.password,
                method="REGISTER",
                uri=registrar_uri(self.route.account),
            )
            # pjsua still works on the old REGISTER while it calls us.
            self._asked_at = None
            self._answer_due = True
            self.host.soon(lambda: self._send(credentials))
            return
        self._report(code, reason, expires if accepted and not self._leaving else 0)

    def _send(self, credentials: Header | None) -> None:
        """Start a registration of its own in pjsua2; it keeps the credentials it starts with and gets none of pjsip's."""
        self._answer_due = False
        if credentials is None:
            self._answers = 0
        stuck = self._asked_at is not None
        self._asked_at = time.monotonic()
        self._attempts += 1
        try:
            if stuck or self._registration_alive:
                # A change makes pjsua2 drop what it has, which it does in no other way while that is unanswered.
                self.pj.modify(self._config(registering=True, credentials=credentials, anew=True))
            else:
                self.pj.modify(self._config(registering=True, credentials=credentials))
                self.pj.setRegistration(True)
        except _pj.Error as error:
            self._report(0, plain(str(getattr(error, "reason", error))), 0)
        self.pj.modify(self._config(credentials=credentials))

    def _set_registration(self, renew: bool) -> None:  # noqa: FBT001 - pjsua2's own argument
        self._answers = 0
        try:
            self.pj.setRegistration(renew)
        except _pj.Error as error:
            self._report(0, plain(str(getattr(error, "reason", error))), 0)

    def _report(self, code: int, reason: str, expires: int) -> None:
        took = None if self._asked_at is None or not code else (time.monotonic() - self._asked_at) * 1000
        self._asked_at = None
        self._answers = 0
        self.host.report(
            RegisterAnswered(
                account_id=self.route.account.id,
                generation=self.route.generation,
                code=code,
                reason=reason,
                expires=expires,
                round_trip_ms=took,
            )
        )

    def _config(self, *, registering: bool = False, credentials: Header | None = None, anew: bool = False) -> Any:
        account, route = self.route.account, self.route
        config = _pj.AccountConfig()
        config.idUri = address_of_record(account)
        registration = config.regConfig
        registration.registrarUri = registrar_uri(account)
        registration.registerOnAdd = False
        registration.disableRegOnModify = not anew
        registration.timeoutSec = account.register_expires
        # When and whether to try again is decided in one place, which is not here.
        registration.retryIntervalSec = 0
        registration.firstRetryIntervalSec = 0
        registration.randomRetryIntervalSec = 0
        registration.unregWaitMsec = 500
        if self._leaving:
            # RFC 3261 section 10.2.1.1: goes before the Expires header, which pjsua2 does not let be 0.
            registration.contactParams = ";expires=0"
        elif self._attempts > 1:
            registration.contactParams = f";attempt={self._attempts % 1000}"
        if credentials is not None:
            header = _pj.SipHeader()
            header.hName, header.hValue = credentials.name, credentials.value
            registration.headers.append(header)
        if self._realm is not None and not registering:
            config.sipConfig.authCreds.append(
                _pj.AuthCredInfo("digest", self._realm, account.authentication_user, 0, route.password)
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

"""`Edge`: pjsua2 on one side of the loopback port, the PBX on the other."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import attrs

from callmanager_sip_engine.edge import rewrite
from callmanager_sip_engine.edge.addresses import SipUri
from callmanager_sip_engine.edge.calls import CallTable, TooManyCalls, UnknownCall
from callmanager_sip_engine.edge.facts import EdgeFailure, EdgeObserver, FailureKind, LegState
from callmanager_sip_engine.edge.guard import TooLargeForPjsua, check_for_pjsua, serialise_for_pjsua
from callmanager_sip_engine.edge.message import Message, MessageError, Request, Response, parse
from callmanager_sip_engine.edge.peer import LocalPeer
from callmanager_sip_engine.edge.rewrite import EdgeIdentity
from callmanager_sip_engine.edge.sdp import SdpError
from callmanager_sip_engine.edge.settings import EdgeSettings
from callmanager_sip_engine.edge.transport import Link, open_link

_log = logging.getLogger(__name__)

_M = TypeVar("_M", Request, Response)
_SESSION_METHODS = frozenset({"INVITE", "ACK", "PRACK", "UPDATE"})
_LOGGED_REFUSALS = 20
_REFUSAL_WINDOW = 60.0
_REGISTER_FIRST_SECONDS = 0.25


class Edge:
    """A WebRTC endpoint to the PBX, a plain SIP proxy and RTP peer to pjsua2.

    Belongs to one asyncio loop. Messages of one direction are handled strictly in order. `start` once, then `connect`
    whenever the owner wants an attempt; media legs outlive a lost link, and requests inside a dialog pass again over the
    next one.
    """

    def __init__(self, settings: EdgeSettings, observer: EdgeObserver) -> None:
        self._settings = settings
        self._observer = observer
        self._calls = CallTable(settings, changed=self._media_changed)
        self._peer = LocalPeer(receive=self._from_peer, gone=self._calls.end_all, refused=self._refuse)
        self._link: Link | None = None
        self._reader: asyncio.Task[None] | None = None
        self._connecting = asyncio.Lock()
        self._preparing: asyncio.TimerHandle | None = None
        self._peer_contact: SipUri | None = None
        self._tag = secrets.token_hex(6)
        self._secret = secrets.token_bytes(32)
        self._invalid_host = f"{secrets.token_hex(6)}.invalid"
        self._me: EdgeIdentity | None = None
        self._stopped = False
        self._refusals = 0
        self._refusals_since = 0.0

    @property
    def connected(self) -> bool:
        return self._link is not None

    async def start(self) -> int:
        """Open the loopback listener and return its TCP port; raises OSError. The PBX need not be there."""
        return await self._peer.listen()

    async def connect(self) -> None:
        """Make one attempt to reach the PBX; returns at once when the link is up, raises `EdgeFailure` when it fails."""
        async with self._connecting:
            if self._stopped:
                raise EdgeFailure(FailureKind.LOST, "the edge has been stopped")
            if self._link is not None:
                return
            await self._end_reader()
            link = await open_link(self._settings)
            await self._refuse_when_stopped(link)
            self._me = self._identity(link)
            self._calls.prefer(link.local_address[0] or None)
            self._link = link
            self._reader = asyncio.create_task(self._read_link(link), name="edge-link")
            self._prepare_media()
        self._observer.edge_connected(self, link.round_trip_ms)

    async def network_changed(self) -> None:
        """Drop the warm candidates and check the link now instead of at the next ping."""
        if self._settings.transport == "wss":
            self._calls.network_changed()
        link = self._link
        if link is not None and not await link.check(self._settings.ping_timeout):
            await link.close()

    async def stop(self) -> None:
        """Close the link, the listener and every leg; nothing of the edge is left afterwards. Idempotent."""
        self._stopped = True
        if self._preparing is not None:
            self._preparing.cancel()
        link, self._link = self._link, None
        if link is not None:
            await link.close()
        await self._end_reader()
        await self._peer.close()
        await self._calls.close()

    def _prepare_media(self) -> None:
        """Load the libraries of media a moment after the link is up: the interpreter's time belongs to the REGISTER first."""
        if self._settings.transport == "wss" and self._preparing is None:
            self._preparing = asyncio.get_running_loop().call_later(_REGISTER_FIRST_SECONDS, self._calls.prepare)

    async def _refuse_when_stopped(self, link: Link) -> None:
        if self._stopped:  # while the attempt was under way
            await link.close()
            raise EdgeFailure(FailureKind.LOST, "the edge has been stopped")

    def _identity(self, link: Link) -> EdgeIdentity:
        if self._settings.transport == "wss":
            return EdgeIdentity(
                loopback_port=self._peer.port,
                via_transport="WSS",
                contact_transport="ws",  # RFC 7118 section 5.2: ws in URIs, whether or not TLS is below
                host=self._invalid_host,
                secret=self._secret,
            )
        address, port = link.local_address
        return EdgeIdentity(
            loopback_port=self._peer.port,
            via_transport="TLS",
            contact_transport="tls",
            host=f"[{address}]" if ":" in address else address,
            port=port,
            secret=self._secret,
        )

    async def _end_reader(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reader

    async def _read_link(self, link: Link) -> None:
        while True:
            try:
                raw = await link.receive()
            except MessageError as error:
                self._refuse(f"message from the PBX refused: {error}")
                continue
            except EdgeFailure as failure:
                await link.close()
                if self._link is link:
                    self._link = None
                    self._observer.edge_lost(self, failure)
                return
            await self._contained(self._from_pbx, raw, origin="the PBX")

    async def _contained(self, handle: Callable[[bytes], Awaitable[None]], raw: bytes, *, origin: str) -> None:
        try:
            await handle(raw)
        except MessageError as error:
            self._refuse(f"message from {origin} refused: {error}")
        except Exception:  # noqa: BLE001 - a fault of ours in one message must not take the line down
            _log.exception("a message from %s could not be handled; this is a fault of the program", origin)

    async def _from_peer(self, raw: bytes) -> None:
        await self._contained(self._from_pjsua, raw, origin="pjsua2")

    async def _from_pjsua(self, raw: bytes) -> None:
        message = parse(raw)
        if isinstance(message, Request):
            await self._request_out(message)
        else:
            await self._response_out(message)

    async def _request_out(self, request: Request) -> None:
        link, me = self._link, self._me
        self._peer_contact = rewrite.contact_of(request) or self._peer_contact
        if link is None or me is None:
            self._calls.passed(request)
            await self._answer_pjsua(request, 503, "No Connection To PBX")
            return
        try:
            translated = await self._translate(request, outbound=True)
        except (SdpError, TooManyCalls, OSError) as error:
            self._refuse(f"{request.method} of pjsua2 refused: {error}")
            await self._answer_pjsua(request, 488, "Not Acceptable Here")
            return
        try:
            await link.send(rewrite.outbound_request(translated, me).serialise())
        except MessageError as error:
            self._refuse(f"{request.method} of pjsua2 refused: {error}")
            await self._answer_pjsua(request, 400, "Bad Request")
        except EdgeFailure:
            await self._answer_pjsua(request, 503, "No Connection To PBX")
        self._calls.passed(request)

    async def _response_out(self, response: Response) -> None:
        link, me = self._link, self._me
        if me is None:
            return
        try:
            response = await self._translate(response, outbound=True)
        except (SdpError, TooManyCalls, OSError) as error:
            self._refuse(f"answer of pjsua2 cannot be translated: {error}")
            self._calls.fail(response.call_id, str(error))
            response = attrs.evolve(response.without_body(), status=488, reason="Not Acceptable Here")
        self._calls.passed(response)
        if link is not None:
            with contextlib.suppress(EdgeFailure):  # the link's reader reports it
                await link.send(rewrite.outbound_response(response, me).serialise())

    async def _from_pbx(self, raw: bytes) -> None:
        message = parse(raw)
        check_for_pjsua(message)
        if isinstance(message, Request):
            await self._request_in(message)
        else:
            await self._response_in(message)

    async def _request_in(self, request: Request) -> None:
        assert self._me is not None
        if not self._peer.connected:
            await self._answer_pbx(request, 480, "Temporarily Unavailable")
            return
        inner = rewrite.inbound_request(request, self._me, peer=self._peer_contact)
        try:
            inner = await self._translate(inner, outbound=False)
        except (SdpError, TooManyCalls, OSError) as error:
            self._refuse(f"{request.method} of the PBX refused: {error}")
            await self._answer_pbx(request, 488, "Not Acceptable Here")
            return
        try:
            await self._peer.send(serialise_for_pjsua(inner))
        except TooLargeForPjsua as error:
            self._refuse(f"{request.method} of the PBX refused: {error}")
            await self._answer_pbx(request, 513, "Message Too Large")
            self._calls.passed(rewrite.reply(request, 513, "Message Too Large", tag=self._tag))
            return
        self._calls.passed(request)

    async def _response_in(self, response: Response) -> None:
        assert self._me is not None
        inner = rewrite.inbound_response(response, self._me, peer=self._peer_contact)
        try:
            inner = await self._translate(inner, outbound=False)
        except (SdpError, TooManyCalls, OSError) as error:
            self._refuse(f"answer of the PBX cannot be translated: {error}")
            self._calls.fail(response.call_id, str(error))
            inner = inner.without_body()
        try:
            await self._peer.send(serialise_for_pjsua(inner))
        except TooLargeForPjsua as error:
            self._refuse(f"answer of the PBX refused: {error}")
            if response.status >= 200:  # nothing at all would keep a call ringing for ever
                self._calls.fail(response.call_id, str(error))
                await self._peer.send(serialise_for_pjsua(rewrite.substitute(inner, 502, "Bad Gateway")))
        self._calls.passed(response)

    async def _translate(self, message: _M, *, outbound: bool) -> _M:
        if self._settings.transport != "wss" or not message.carries_sdp:
            return message
        if _refuses(message) or message.cseq[1] not in _SESSION_METHODS:
            return message.without_body()  # capabilities, as in an answer to OPTIONS; they would name plain RTP
        try:
            return attrs.evolve(message, body=await self._calls.translate(message, outbound=outbound))
        except UnknownCall:
            return message.without_body()  # pjsua2 knows no such call either and says so

    async def _answer_pjsua(self, request: Request, status: int, reason: str) -> None:
        if request.method != "ACK":
            await self._peer.send(rewrite.reply(request, status, reason, tag=self._tag).serialise())

    async def _answer_pbx(self, request: Request, status: int, reason: str) -> None:
        link = self._link
        if link is not None and request.method != "ACK":
            with contextlib.suppress(EdgeFailure):  # the link's reader reports it
                await link.send(rewrite.reply(request, status, reason, tag=self._tag).serialise())

    def _media_changed(self, call_id: str, state: LegState) -> None:
        self._observer.edge_media(self, call_id, state)

    def _refuse(self, reason: str) -> None:
        self._observer.edge_refused(self, reason)
        now = time.monotonic()
        if now - self._refusals_since > _REFUSAL_WINDOW:
            if self._refusals > _LOGGED_REFUSALS:
                _log.warning("%d more refusals were not logged", self._refusals - _LOGGED_REFUSALS)
            self._refusals, self._refusals_since = 0, now
        self._refusals += 1
        if self._refusals <= _LOGGED_REFUSALS:  # whoever sends rubbish all day must not fill the disk
            _log.warning("%s", reason)


def _refuses(message: Message) -> bool:
    return isinstance(message, Response) and message.status >= 300

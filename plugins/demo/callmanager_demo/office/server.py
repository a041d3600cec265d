"""`Office`: takes requests from the wire to the registrar, to a new call or to the call they belong to."""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import TYPE_CHECKING

import attrs

from callmanager_demo.office.call import ALLOW, Call, Person
from callmanager_demo.office.dialog import Dialog, new_tag
from callmanager_demo.office.digest import Authenticator, Verdict
from callmanager_demo.office.inbound import InboundCall
from callmanager_demo.office.media import MediaSession
from callmanager_demo.office.message import Request, answer, user_of
from callmanager_demo.office.outbound import OutboundCall
from callmanager_demo.office.registrar import Registrar
from callmanager_demo.office.sdp import SdpError
from callmanager_demo.office.timers import Timers
from callmanager_demo.office.transactions import Handlers, ServerTransaction, Transactions
from callmanager_demo.office.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from callmanager_demo.office.peers import Peer

_log = logging.getLogger(__name__)

REALM = "rehearsal-office"
_MAXIMUM_CALLS = 16
_SILENT_SECONDS = 60.0
"""A phone that is neither heard nor seen in RTCP for so long is gone, and so is its call."""
_HELD_SECONDS = 1800.0
_UNANSWERED_SECONDS = 180.0
"""Timer C of a proxy (RFC 3261 section 16.6): no call rings for longer."""


@attrs.frozen(kw_only=True)
class Credentials:
    """The one account of the office; made anew for each run."""

    user: str
    password: str = attrs.field(repr=False)


class Office:
    """The whole office; loop thread only. `on_registered` is called each time the phone becomes registered."""

    def __init__(self, credentials: Credentials, *, timers: Timers | None = None) -> None:
        clock = asyncio.get_running_loop().time
        self.user = credentials.user
        self.on_registered: Callable[[], None] = lambda: None
        self.calls: dict[tuple[str, str], Call] = {}
        self.registrar = Registrar(clock=clock)
        self._authenticator = Authenticator(realm=REALM, user=credentials.user, password=credentials.password, clock=clock)
        self._peers: dict[str, Peer] = {}
        handlers = Handlers(self._requested, self._acknowledged)
        self._transactions = Transactions(handlers, timers=Timers() if timers is None else timers)
        self._wire = Wire(self._transactions.receive)
        self._tasks: set[asyncio.Task[None]] = set()
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def port(self) -> int:
        """UDP and TCP port on 127.0.0.1."""
        return self._wire.port

    @property
    def dropped(self) -> int:
        """Messages that were not SIP."""
        return self._wire.dropped

    def add(self, peer: Peer) -> None:
        """Let a peer answer at its number, instead of who did before."""
        self._peers[peer.person.number] = peer

    async def open(self) -> None:
        await self._wire.open()
        _log.info("open on port %d", self.port)

    async def close(self) -> None:
        """Hang up everywhere and give back all sockets."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._transactions.close()
        await self._wire.close()

    async def wait_unregistered(self) -> None:
        """Return when no phone is registered: at once if none is."""
        await self._empty.wait()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside; it ends with the office at the latest."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    async def call_phone(
        self, person: Person, conversation: Callable[[Call], Coroutine[Any, Any, None]], *, ring_seconds: float = 30.0
    ) -> bool:
        """Call the registered phone and, once it answers, converse. False if it isn't registered or does not answer."""
        bindings = self.registrar.bindings
        if not bindings or len(self.calls) >= _MAXIMUM_CALLS:
            return False
        dialog = Dialog(
            call_id=secrets.token_hex(12),
            local=f"{person.identity};tag={new_tag()}",
            remote=f"<{bindings[0].contact}>",
            target=bindings[0].contact,
        )
        media = MediaSession()
        await media.open()
        call = OutboundCall(person=person, dialog=dialog, flow=bindings[0].flow, media=media, transactions=self._transactions)
        answered = False

        async def converse() -> None:
            nonlocal answered
            answered = await call.dial(ring_seconds=ring_seconds)
            if answered:
                await conversation(call)

        await self._serve(call, converse())
        return answered

    # ---------------------------------------------------------------------------------------------------------- requests

    def _requested(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        if request.method == "CANCEL":
            self._cancel(transaction)
        elif request.to_tag:
            call = self.calls.get((request.call_id, request.to_tag))
            if call is None:
                self._refuse(transaction, 481, "Call/Transaction Does Not Exist")
            else:
                call.received(transaction)
        elif not request.uri.lower().startswith(("sip:", "sips:")):
            self._refuse(transaction, 416, "Unsupported URI Scheme")
        elif request.all("require"):
            self._refuse(transaction, 420, "Bad Extension", ("Unsupported", ", ".join(request.all("require"))))
        elif request.first("max-forwards") == "0":
            self._refuse(transaction, 483, "Too Many Hops")
        elif request.method == "OPTIONS":
            self._refuse(transaction, 200, "OK", ("Allow", ALLOW), ("Accept", "application/sdp"))
        elif request.method not in ("REGISTER", "INVITE"):
            self._refuse(transaction, 405, "Method Not Allowed", ("Allow", ALLOW))
        elif self._authenticated(transaction):
            if request.method == "REGISTER":
                self._register(transaction)
            else:
                self._invite(transaction)

    def _acknowledged(self, ack: Request) -> None:
        call = self.calls.get((ack.call_id, ack.to_tag))
        if call is not None:
            call.acknowledged(ack)

    def _authenticated(self, transaction: ServerTransaction) -> bool:
        request = transaction.request
        verdict = self._authenticator.check(
            method=request.method, uri=request.uri, authorization=request.first("authorization")
        )
        if verdict is not Verdict.GOOD:
            challenge = self._authenticator.challenge(stale=verdict is Verdict.STALE)
            self._refuse(transaction, 401, "Unauthorized", ("WWW-Authenticate", challenge))
        return verdict is Verdict.GOOD

    def _register(self, transaction: ServerTransaction) -> None:
        before = bool(self.registrar.bindings)
        transaction.respond(self.registrar.register(transaction.request, transaction.flow))
        after = bool(self.registrar.bindings)
        if before and not after:
            self._empty.set()
            _log.info("the phone is no longer registered")
        elif after and not before:
            self._empty.clear()
            _log.info("the phone is registered")
            self.on_registered()

    def _invite(self, transaction: ServerTransaction) -> None:
        peer = self._peers.get(user_of(transaction.request.uri))
        if peer is None:
            self._refuse(transaction, 404, "Not Found")
        elif len(self.calls) >= _MAXIMUM_CALLS:
            self._refuse(transaction, 503, "Service Unavailable", ("Retry-After", "10"))
        else:
            transaction.respond(answer(transaction.request, 100, "Trying"))
            self.start(self._take(peer, transaction))

    def _cancel(self, transaction: ServerTransaction) -> None:
        invite = self._transactions.find_invite(transaction.request)
        if invite is None:
            self._refuse(transaction, 481, "Call/Transaction Does Not Exist")
            return
        self._refuse(transaction, 200, "OK")
        for call in self.calls.values():
            if isinstance(call, InboundCall) and call.invite is invite:
                call.cancelled()

    @staticmethod
    def _refuse(transaction: ServerTransaction, status: int, reason: str, *headers: tuple[str, str]) -> None:
        transaction.respond(answer(transaction.request, status, reason, tag=new_tag(), headers=headers))

    # ------------------------------------------------------------------------------------------------------------- calls

    async def _take(self, peer: Peer, transaction: ServerTransaction) -> None:
        """Let a peer serve an INVITE."""
        media = MediaSession()
        dialog = Dialog.answering(transaction.request, tag=new_tag())
        call = InboundCall(person=peer.person, dialog=dialog, invite=transaction, media=media, transactions=self._transactions)
        # Known before the sockets are open, so that a CANCEL in between finds it.
        self.calls[dialog.key] = call
        try:
            await media.open()
            call.offered()
        except (SdpError, OSError) as error:
            _log.info("refused a call: %s", error)
            del self.calls[dialog.key]
            if not call.ended:
                status = (488, "Not Acceptable Here") if isinstance(error, SdpError) else (500, "Server Internal Error")
                call.reject(*status)
            await media.close()
            return
        await self._serve(call, peer.answer(call))

    async def _serve(self, call: Call, work: Coroutine[Any, Any, None]) -> None:
        """Run a peer's work until it is done or the call is over, then tidy up."""
        self.calls[call.dialog.key] = call
        running = [asyncio.ensure_future(step) for step in (work, call.wait_ended(), self._watch(call))]
        try:
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            call.hang_up()
            await call.media.close()
            del self.calls[call.dialog.key]

    async def _watch(self, call: Call) -> None:
        """Return when the far end has been gone for too long."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + _UNANSWERED_SECONDS
        while call.confirmed or loop.time() < give_up:
            limit = _HELD_SECONDS if call.held else _SILENT_SECONDS
            left = call.media.heard_at + limit - loop.time()
            if call.confirmed and left <= 0:
                _log.info("hung up: nothing was heard for %d seconds", limit)
                return
            await asyncio.sleep(max(1.0, min(left, 10.0)))

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a peer failed", exc_info=error)

"""A call of the office: a dialog with audio, and what the peers do with it."""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import TYPE_CHECKING

import attrs

from callmanager_demo.office.digits import digit_in_info
from callmanager_demo.office.message import Request, answer, quoted_name
from callmanager_demo.office.sdp import Local, Remote, SdpError, parse_sdp
from callmanager_demo.office.wire import LOOPBACK

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable

    from callmanager_demo.office.dialog import Dialog
    from callmanager_demo.office.media import MediaSession
    from callmanager_demo.office.rtp import RtpPacket
    from callmanager_demo.office.sounds import Sound
    from callmanager_demo.office.transactions import ServerTransaction, Transactions
    from callmanager_demo.office.wire import Flow

_log = logging.getLogger(__name__)

ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE"
SDP_TYPE = "application/sdp"
_MAXIMUM_DIGITS = 200


@attrs.frozen(kw_only=True)
class Person:
    """Who answers or calls: a number of the office and the name that the phone shows. All of them are made up."""

    number: str
    name: str

    @property
    def identity(self) -> str:
        """As From and P-Asserted-Identity (RFC 3325) carry it."""
        return f"{quoted_name(self.name)} <sip:{self.number}@{LOOPBACK}>"


class Call:
    """What calls in both directions share; loop thread only. A peer plays, listens and hangs up;
    signalling goes on beside it."""

    def __init__(self, *, person: Person, dialog: Dialog, flow: Flow, media: MediaSession, transactions: Transactions) -> None:
        self.person = person
        self.dialog = dialog
        self.media = media
        self.digits = ""
        """Every DTMF digit received, in order."""
        self.confirmed = False
        """Answered, by whichever side."""
        self._flow = flow
        self._transactions = transactions
        self._session = secrets.randbits(31)
        self._version = 0
        self._offered = False
        """A 2xx of ours bears an offer, its ACK will bear the answer."""
        self._unacknowledged: dict[int, ServerTransaction] = {}
        """INVITEs that we answered with 2xx, by CSeq: the ACK has a branch of its own, so only the dialog can match it."""
        self._ended = asyncio.Event()
        self._digits: asyncio.Queue[str] = asyncio.Queue()
        media.on_digit = self._digit

    # ------------------------------------------------------------------------------------------------------- for the peers

    @property
    def ended(self) -> bool:
        return self._ended.is_set()

    @property
    def held(self) -> bool:
        """The far end holds us."""
        return not self.media.sending

    async def wait_ended(self) -> None:
        await self._ended.wait()

    async def play(self, sound: Sound) -> None:
        """Play to the end; waits while the far end holds us."""
        await self.media.play(sound)

    async def next_digit(self) -> str:
        """The next DTMF digit that was not asked for yet."""
        return await self._digits.get()

    def listen(self, take: Callable[[RtpPacket, array[int]], None]) -> None:
        """Hand over what the far end says, from now on."""
        self.media.on_audio = take

    def hang_up(self) -> None:
        """End the call whatever its state. Idempotent."""
        if self.ended:
            return
        if self.confirmed:
            self._transactions.send(
                self.dialog.request("BYE"),
                self._flow,
                on_response=lambda _: None,
                on_timeout=lambda: _log.info("BYE was not answered"),
            )
        self._end()

    # --------------------------------------------------------------------------------------------------- for the signalling

    def received(self, transaction: ServerTransaction) -> None:
        """A request within the dialog."""
        request = transaction.request
        if not self.dialog.in_order(request):
            self._respond(transaction, 500, "Request Out of Order")
        elif request.method == "BYE":
            self._respond(transaction, 200, "OK")
            self._bye()
        elif request.method in ("INVITE", "UPDATE"):
            self._flow = transaction.flow
            self._renegotiate(transaction)
        elif request.method == "INFO":
            self._info(transaction)
        elif request.method == "OPTIONS":
            self._respond(transaction, 200, "OK", headers=(("Allow", ALLOW),))
        else:
            self._respond(transaction, 405, "Method Not Allowed", headers=(("Allow", ALLOW),))

    def acknowledged(self, ack: Request) -> None:
        """The ACK of a 2xx; it bears the answer if the 2xx bore the offer."""
        invite = self._unacknowledged.pop(ack.cseq, None)
        if invite is None:
            return
        invite.acknowledged()
        if not self._offered:
            return
        self._offered = False
        try:
            self._agree(parse_sdp(ack.body))
        except SdpError as error:
            _log.info("hung up: %s", error)
            self.hang_up()

    def _end(self) -> None:
        self._ended.set()
        self.media.stop()

    def _bye(self) -> None:
        self._end()

    def _agree(self, remote: Remote) -> None:
        self.media.agree(remote, self._flow.address[0])

    def _local(self) -> Local:
        self._version += 1
        return Local(port=self.media.port, session=self._session, version=self._version)

    def _renegotiate(self, transaction: ServerTransaction) -> None:
        """Hold, resume, or a session refresh (RFC 3264 section 8, RFC 3311)."""
        request = transaction.request
        if request.method == "INVITE" and not self.confirmed:
            self._respond(transaction, 500, "Server Internal Error", headers=(("Retry-After", "1"),))
        elif request.body:
            try:
                remote = parse_sdp(request.body)
            except SdpError as error:
                _log.info("refused a change of session: %s", error)
                self._respond(transaction, 488, "Not Acceptable Here")
                return
            self._agree(remote)
            self._accept(transaction, self._local().answer(remote))
        elif request.method == "INVITE":
            self._offered = True
            self._accept(transaction, self._local().offer())
        else:
            self._accept(transaction, b"")

    def _accept(self, transaction: ServerTransaction, body: bytes) -> None:
        """A 2xx to INVITE or UPDATE, with a session description if there is one."""
        if transaction.is_invite:
            self._unacknowledged[transaction.request.cseq] = transaction
            transaction.on_unacknowledged = self._not_acknowledged
        kind = (("Content-Type", SDP_TYPE),) if body else ()
        self._respond(transaction, 200, "OK", headers=(*self._own_headers(), ("Allow", ALLOW), *kind), body=body)

    def _not_acknowledged(self) -> None:
        _log.info("hung up: the answer was not acknowledged")
        self.hang_up()

    def _info(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        digit = digit_in_info(request.first("content-type"), request.body)
        if digit is None and request.body:
            self._respond(transaction, 415, "Unsupported Media Type", headers=(("Accept", "application/dtmf-relay"),))
            return
        if digit is not None:
            self._digit(digit)
        self._respond(transaction, 200, "OK")

    def _digit(self, digit: str) -> None:
        if len(self.digits) < _MAXIMUM_DIGITS:
            self.digits += digit
            self._digits.put_nowait(digit)

    def _own_headers(self) -> tuple[tuple[str, str], ...]:
        port, suffix = self._flow.local_port, ";transport=tcp" if self._flow.transport == "TCP" else ""
        return (
            ("Contact", f"<sip:{self.person.number}@{LOOPBACK}:{port}{suffix}>"),
            ("P-Asserted-Identity", self.person.identity),
        )

    def _respond(
        self,
        transaction: ServerTransaction,
        status: int,
        reason: str,
        *,
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes = b"",
    ) -> None:
        transaction.respond(answer(transaction.request, status, reason, tag=self.dialog.key[1], headers=headers, body=body))

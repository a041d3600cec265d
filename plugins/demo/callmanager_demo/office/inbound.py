"""Calls that come in from the phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from callmanager_demo.office.call import SDP_TYPE, Call, Person
from callmanager_demo.office.sdp import Remote, parse_sdp

if TYPE_CHECKING:
    from callmanager_demo.office.dialog import Dialog
    from callmanager_demo.office.media import MediaSession
    from callmanager_demo.office.transactions import ServerTransaction, Transactions


class InboundCall(Call):
    """A call of the phone's to one of the office's numbers."""

    def __init__(
        self, *, person: Person, dialog: Dialog, invite: ServerTransaction, media: MediaSession, transactions: Transactions
    ) -> None:
        super().__init__(person=person, dialog=dialog, flow=invite.flow, media=media, transactions=transactions)
        self.invite = invite
        self._remote: Remote | None = None

    def offered(self) -> None:
        """Read the phone's offer; raises `SdpError` when it can't be served. An INVITE without one is answered with ours."""
        if self.invite.request.body:
            self._remote = parse_sdp(self.invite.request.body)

    def ring(self) -> None:
        """180."""
        self._respond(self.invite, 180, "Ringing", headers=self._own_headers())

    def speak_early(self) -> None:
        """183 with audio before the answer; plain ringing for a phone that made no offer."""
        if self._remote is None:
            self.ring()
            return
        self._agree(self._remote)
        body = self._local().answer(self._remote)
        # One session description for the whole INVITE (RFC 3261 section 13.2.1): the 200 repeats this one.
        self._version -= 1
        headers = (*self._own_headers(), ("Content-Type", SDP_TYPE))
        self._respond(self.invite, 183, "Session Progress", headers=headers, body=body)

    def answer(self) -> None:
        """200; the audio runs from now on."""
        self.confirmed = True
        if self._remote is None:
            self._offered = True
            self._accept(self.invite, self._local().offer())
            return
        self._agree(self._remote)
        self._accept(self.invite, self._local().answer(self._remote))

    def reject(self, status: int, reason: str) -> None:
        """Refuse instead of answering; the call is over."""
        self._respond(self.invite, status, reason)
        self._end()

    def cancelled(self) -> None:
        """The phone gave up (section 9.2)."""
        if not self.invite.final:
            self.reject(487, "Request Terminated")

    @override
    def hang_up(self) -> None:
        if not self.ended and not self.invite.final:
            self.reject(480, "Temporarily Unavailable")
        super().hang_up()

    @override
    def _bye(self) -> None:
        self.cancelled()
        super()._bye()

"""Calls of the office's to the phone."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from typing_extensions import override

from callmanager_demo.office.call import ALLOW, SDP_TYPE, Call
from callmanager_demo.office.client import with_via
from callmanager_demo.office.message import Response, tag_of
from callmanager_demo.office.sdp import SdpError, parse_sdp

if TYPE_CHECKING:
    from callmanager_demo.office.client import ClientTransaction

_log = logging.getLogger(__name__)


class OutboundCall(Call):
    """An INVITE to the phone and what comes of it."""

    _invite: ClientTransaction | None = None
    _cancelled = False

    async def dial(self, *, ring_seconds: float) -> bool:
        """Let the phone ring; true once it answers, false when it refuses or nobody answers in time. Being cancelled takes the
        call back."""
        answered: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def settle(*, success: bool) -> None:
            if not answered.done():
                answered.set_result(success)

        def responded(response: Response) -> None:
            if response.status < 200:
                self._progressed()
            elif response.status < 300:
                settle(success=self._answered(response))
            else:
                _log.info("the phone refused the call: %d", response.status)
                self._end()
                settle(success=False)

        def timed_out() -> None:
            _log.info("the phone did not answer the INVITE")
            self._end()
            settle(success=False)

        headers = (*self._own_headers(), ("Allow", ALLOW), ("Content-Type", SDP_TYPE))
        invite = self.dialog.request("INVITE", headers=headers, body=self._local().offer())
        self._invite = self._transactions.send(invite, self._flow, on_response=responded, on_timeout=timed_out)
        try:
            return await asyncio.wait_for(answered, ring_seconds)
        except TimeoutError:
            return False
        finally:
            if not self.confirmed:
                self.hang_up()

    @override
    def hang_up(self) -> None:
        if not self.confirmed and self._invite is not None and not self._invite.final and not self._cancelled:
            self._cancelled = True
            if self._invite.provisional:
                self._transactions.cancel(self._invite)
        super().hang_up()

    def _progressed(self) -> None:
        # A CANCEL before the first provisional answer has to wait for it (RFC 3261 section 9.1).
        if self._cancelled and self._invite is not None:
            self._transactions.cancel(self._invite)

    def _answered(self, response: Response) -> bool:
        """Acknowledge a 2xx, each copy of it again; false when there can be no call."""
        if self.confirmed and tag_of(response.first("to")) != tag_of(self.dialog.remote):
            return True  # a second branch of a forked call; the phone is one device, so this is never seen in practice
        self.dialog.settled(response)
        ack = self.dialog.request("ACK", cseq=response.cseq)
        self._flow.send(with_via(ack, self._flow).encode())
        if self.confirmed:
            return True
        self.confirmed = True
        try:
            self._agree(parse_sdp(response.body))
        except SdpError as error:
            _log.info("hung up: %s", error)
            self.hang_up()
            return False
        if self._cancelled:
            # Answer and CANCEL crossed; we have ended already, so only the BYE is left to send.
            self._ended.clear()
            self.hang_up()
            return False
        return True

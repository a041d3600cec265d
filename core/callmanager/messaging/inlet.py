"""Where transports leave what comes in: stored once, then told; and what carriers say of earlier messages."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import attrs

from callmanager.errors import StorageError, Unreachable
from callmanager.messaging.checks import check_incoming, remote_text
from callmanager.model.messages import Delivery, Message, MessageDirection, MessageId
from callmanager.texts import plain

if TYPE_CHECKING:
    from datetime import datetime

    from callmanager.clock import Clock
    from callmanager.messaging.checks import Normalise
    from callmanager.messaging.journal import Journal
    from callmanager.model.messages import DeliveryReport, IncomingMessage

EARLY_KEPT: Final = timedelta(minutes=5)
EARLY_MOST: Final = 200


class EarlyReports:
    """Reports that overtook the receipt of their message; kept in memory for a few minutes, the oldest given up first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[tuple[str, str], tuple[datetime, DeliveryReport]] = {}

    def keep(self, transport_id: str, report: DeliveryReport) -> None:
        """Keep the carrier's last word on a message; that it was delivered is never taken back."""
        before = self.get(transport_id, report.remote_id)
        self.drop(transport_id, report.remote_id)
        if before is not None and before.delivery is Delivery.DELIVERED:
            report = before
        self._kept[transport_id, report.remote_id] = self._clock(), report
        while len(self._kept) > EARLY_MOST:
            del self._kept[next(iter(self._kept))]

    def get(self, transport_id: str, remote_id: str) -> DeliveryReport | None:
        at, report = self._kept.get((transport_id, remote_id), (None, None))
        return report if at is not None and self._clock() - at <= EARLY_KEPT else None

    def drop(self, transport_id: str, remote_id: str) -> None:
        self._kept.pop((transport_id, remote_id), None)


@attrs.define(eq=False, kw_only=True)
class TransportInlet:
    """What one transport is handed to leave its messages in (protocol `Inlet`). Loop thread only.

    A message is on the disk, and told to views and plugins, when `receive` returns; it is told once, however often it comes.
    When the disk refuses, `Unreachable` is raised: the transport ends without telling its carrier, and is tried again.
    """

    transport_id: str
    journal: Journal
    normalise: Normalise
    clock: Clock
    early: EarlyReports
    received: Callable[[Message], None]
    alive: Callable[[str], None]

    async def receive(self, message: IncomingMessage) -> None:
        checked = check_incoming(message, self.normalise)
        now = self.clock()
        stored = Message(
            id=MessageId(os.urandom(12).hex()),
            transport_id=self.transport_id,
            direction=MessageDirection.RECEIVED,
            own=checked.own,
            peer=checked.peer,
            text=checked.text,
            attachments=checked.attachments,
            at=min(message.at, now) if message.at.tzinfo else now,
            reason=checked.left_out,
            remote_id=checked.remote_id,
            unread=True,
        )
        try:
            await self.journal.change(
                lambda store, connection, effects: store.add_received(connection, effects, stored, remote_key=checked.key),
                then=self._told,
            )
        except StorageError as error:
            raise Unreachable(f"a message that came in can't be saved: {error}") from error
        self.alive(self.transport_id)

    async def report(self, report: DeliveryReport) -> None:
        remote_id = remote_text(report.remote_id)
        if not remote_id or report.delivery not in {Delivery.DELIVERED, Delivery.FAILED}:
            return
        self.early.keep(self.transport_id, attrs.evolve(report, remote_id=remote_id))
        try:
            await self.apply_early(remote_id)
        except StorageError as error:
            raise Unreachable(f"a delivery report can't be saved: {error}") from error
        self.alive(self.transport_id)

    async def apply_early(self, remote_id: str) -> None:
        """Apply a report that is kept for this message; it is kept further while there is no such message."""
        report = self.early.get(self.transport_id, remote_id)
        if report is None:
            return
        reason = plain(report.reason, limit=300)
        if report.delivery is Delivery.FAILED:
            reason = reason or "the carrier could not deliver it"

        def done(known: bool) -> None:  # noqa: FBT001 - the answer of the change
            if known:
                self.early.drop(self.transport_id, remote_id)

        await self.journal.change(
            lambda store, connection, effects: store.queue.report(
                connection,
                effects,
                transport_id=self.transport_id,
                remote_id=remote_id,
                delivery=report.delivery,
                reason=reason,
            ),
            then=done,
        )

    def _told(self, stored: Message | None) -> None:
        if stored is not None:
            self.received(stored)

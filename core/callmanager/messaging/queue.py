"""The statements of the outbox: which message is next, and how far each has got."""

# ruff: noqa: S608 - statements are put together of constants; every value is a parameter

from __future__ import annotations

from typing import TYPE_CHECKING

from callmanager.errors import UserError
from callmanager.messaging.rows import SELECT, from_stamp, message_of, to_stamp
from callmanager.messaging.table import OPTED_OUT, change_message, fail_queued, number_of, refuse_opted_out, wants_none
from callmanager.model.messages import Delivery, MessageDirection

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from callmanager.messaging.table import Effects
    from callmanager.model.messages import ConversationKey, Message, MessageId


class Queue:
    """Everything runs on the database's thread inside a transaction of the caller's."""

    def heads(self, connection: sqlite3.Connection) -> tuple[Message, ...]:
        """The message whose turn it is in each conversation that has queued ones and none under way, oldest first."""
        rows = connection.execute(
            f"{SELECT} WHERE m.number IN (SELECT min(number) FROM message WHERE delivery IN ('queued', 'sending') "
            "GROUP BY conversation) AND m.delivery = 'queued' ORDER BY m.number"
        )
        return tuple(message_of(row) for row in rows)

    def oldest_queued(self, connection: sqlite3.Connection) -> datetime | None:
        (stamp,) = connection.execute("SELECT min(queued_at) FROM message WHERE delivery = 'queued'").fetchone()
        return from_stamp(stamp) if stamp is not None else None

    def claim(
        self,
        connection: sqlite3.Connection,
        effects: Effects,
        message_id: MessageId,
        *,
        transport_id: str,
        not_before: datetime,
    ) -> Message | None:
        """Note on the disk that the network is about to be asked; none if this message may not be sent now after all."""
        row = connection.execute(
            f"{SELECT} WHERE m.id = ? AND m.delivery = 'queued' AND m.queued_at >= ? AND NOT EXISTS "
            "(SELECT 1 FROM message AS o WHERE o.conversation = m.conversation AND o.delivery = 'sending')",
            (message_id, to_stamp(not_before)),
        ).fetchone()
        if row is None:
            return None
        if wants_none(connection, message_of(row)):
            change_message(connection, effects, row, delivery=Delivery.FAILED, reason=OPTED_OUT)
            return None
        return change_message(connection, effects, row, delivery=Delivery.SENDING, reason="", transport_id=transport_id)

    def settle(
        self,
        connection: sqlite3.Connection,
        effects: Effects,
        message_id: MessageId,
        *,
        delivery: Delivery,
        reason: str = "",
        remote_id: str = "",
    ) -> Message | None:
        """What became of a message that was being sent; none if it is not being sent any more. One that would wait for another
        try fails when the other side has opted out meanwhile."""
        row = connection.execute(f"{SELECT} WHERE m.id = ? AND m.delivery = 'sending'", (message_id,)).fetchone()
        if row is None:
            return None
        if delivery is Delivery.QUEUED and wants_none(connection, message_of(row)):
            delivery, reason = Delivery.FAILED, OPTED_OUT
        return change_message(connection, effects, row, delivery=delivery, reason=reason, remote_id=remote_id)

    def requeue(self, connection: sqlite3.Connection, effects: Effects, message_id: MessageId, *, now: datetime) -> Message:
        """Send once more because the user says so. Raises `UserError` for one that is under way or has been taken."""
        row = connection.execute(f"{SELECT} WHERE m.id = ?", (message_id,)).fetchone()
        message = message_of(row) if row else None
        if message is None or message.direction is MessageDirection.RECEIVED:
            raise UserError("there is no such message to send again")
        if message.delivery not in {Delivery.QUEUED, Delivery.FAILED, Delivery.UNCERTAIN}:
            raise UserError(
                "this message has been sent already" if message.delivery is not Delivery.SENDING else "it is being sent"
            )
        refuse_opted_out(connection, number_of(connection, message.conversation))
        connection.execute("UPDATE message SET queued_at = ? WHERE number = ?", (to_stamp(now), row[0]))
        return change_message(connection, effects, row, delivery=Delivery.QUEUED, reason="", remote_id="")

    def note(self, connection: sqlite3.Connection, effects: Effects, reasons: dict[ConversationKey, str]) -> None:
        """Why the queued messages of these conversations still wait."""
        for key, reason in reasons.items():
            rows = connection.execute(
                f"{SELECT} WHERE c.own = ? AND c.peer = ? AND m.delivery = 'queued' AND m.reason <> ?",
                (key.own, key.peer, reason),
            ).fetchall()
            for row in rows:
                change_message(connection, effects, row, reason=reason)

    def expire(self, connection: sqlite3.Connection, effects: Effects, *, before: datetime, reason: str) -> None:
        """Give up what was queued before this time."""
        fail_queued(connection, effects, "m.queued_at < ?", (to_stamp(before),), reason=reason)

    def recover(self, connection: sqlite3.Connection, effects: Effects, *, reason: str) -> None:
        """What was being sent when the last run ended may have been taken."""
        for row in connection.execute(f"{SELECT} WHERE m.delivery = 'sending'").fetchall():
            change_message(connection, effects, row, delivery=Delivery.UNCERTAIN, reason=reason)

    def report(
        self,
        connection: sqlite3.Connection,
        effects: Effects,
        *,
        transport_id: str,
        remote_id: str,
        delivery: Delivery,
        reason: str,
    ) -> bool:
        """Take the carrier's word on a message that it took; false if there is no such message. Never goes back: only what was
        sent, or may have been, can be delivered or fail, and what failed can still turn out to be delivered."""
        row = connection.execute(
            f"{SELECT} WHERE m.transport = ? AND m.remote_id = ? AND NOT m.received ORDER BY m.number DESC",
            (transport_id, remote_id),
        ).fetchone()
        if row is None:
            return False
        known = message_of(row).delivery
        if delivery is Delivery.DELIVERED and known in {Delivery.SENT, Delivery.UNCERTAIN, Delivery.FAILED}:
            change_message(connection, effects, row, delivery=delivery, reason="")
        elif delivery is Delivery.FAILED and known in {Delivery.SENT, Delivery.UNCERTAIN}:
            change_message(connection, effects, row, delivery=delivery, reason=reason)
        return True

"""What is written to and read from `messages.sqlite3`: conversations, messages and who wants none."""

# ruff: noqa: S608 - statements are put together of constants; every value is a parameter

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from callmanager.errors import UserError
from callmanager.messaging.keywords import MessageKeyword, message_keyword
from callmanager.messaging.queue import Queue
from callmanager.messaging.rows import (
    SELECT,
    SELECT_CONVERSATION,
    attachments_text,
    conversation_of,
    from_stamp,
    message_of,
    to_stamp,
)
from callmanager.messaging.search import SearchIndex
from callmanager.messaging.table import OPTED_OUT, Effects, fail_queued, find_conversation, number_of, refuse_opted_out, touch
from callmanager.model.messages import Delivery, MessageDirection, ThreadPage

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from callmanager.model.messages import Conversation, ConversationKey, FoundMessage, Message, MessageId


class MessageStore:
    """The statements. Everything runs on the database's thread inside a transaction of the caller's."""

    def __init__(self) -> None:
        self.index = SearchIndex()
        self.queue = Queue()

    # ----------------------------------------------------------------------------------------------------------- reading

    def unread(self, connection: sqlite3.Connection) -> int:
        """Over all conversations that are not muted."""
        (count,) = connection.execute("SELECT coalesce(sum(unread), 0) FROM conversation WHERE NOT muted").fetchone()
        return int(count)

    def get(self, connection: sqlite3.Connection, message_id: MessageId) -> Message | None:
        row = connection.execute(f"{SELECT} WHERE m.id = ?", (message_id,)).fetchone()
        return message_of(row) if row else None

    def conversation(self, connection: sqlite3.Connection, key: ConversationKey) -> Conversation | None:
        return find_conversation(connection, key)

    def conversations(
        self, connection: sqlite3.Connection, *, archived: bool, digits: str, limit: int, before: ConversationKey | None
    ) -> tuple[Conversation, ...]:
        where = ["c.archived = ?", "(c.last IS NOT NULL OR c.draft <> '')"]
        values: list[object] = [archived]
        if digits:
            where.append("c.peer LIKE ?")
            values.append(f"%{digits}%")
        if before is not None:
            where.append("(c.last_at, c.number) < (SELECT last_at, number FROM conversation WHERE own = ? AND peer = ?)")
            values += [before.own, before.peer]
        rows = connection.execute(
            f"{SELECT_CONVERSATION} WHERE {' AND '.join(where)} ORDER BY c.last_at DESC, c.number DESC LIMIT ?",
            (*values, limit),
        )
        return tuple(conversation_of(row) for row in rows)

    def thread(
        self, connection: sqlite3.Connection, key: ConversationKey, *, limit: int, before: MessageId | None
    ) -> ThreadPage:
        where, values = "c.own = ? AND c.peer = ?", [key.own, key.peer]
        if before is not None:
            where += " AND (m.at, m.number) < (SELECT at, number FROM message WHERE id = ?)"
            values.append(before)
        rows = connection.execute(
            f"{SELECT} WHERE {where} ORDER BY m.at DESC, m.number DESC LIMIT ?", (*values, limit + 1)
        ).fetchall()
        return ThreadPage(messages=tuple(message_of(row) for row in reversed(rows[:limit])), more=len(rows) > limit)

    def find(self, connection: sqlite3.Connection, text: str, *, limit: int) -> tuple[FoundMessage, ...]:
        return self.index.find(connection, text, limit=limit)

    # ----------------------------------------------------------------------------------------------- what comes and goes

    def add_sent(self, connection: sqlite3.Connection, effects: Effects, message: Message) -> Message:
        """Put a written message into the queue; one whose id is known is returned as it is stored. A draft that says the same
        is cleared. Raises `UserError` when the other side wants no messages."""
        known = self.get(connection, message.id)
        if known is not None:
            return known
        conversation = number_of(connection, message.conversation)
        refuse_opted_out(connection, conversation)
        connection.execute(
            "UPDATE conversation SET archived = 0, draft = CASE WHEN trim(draft) = ? THEN '' ELSE draft END WHERE number = ?",
            (message.text, conversation),
        )
        return self._insert(connection, effects, conversation, message)

    def add_received(
        self, connection: sqlite3.Connection, effects: Effects, message: Message, *, remote_key: str
    ) -> Message | None:
        """Store what came in; none for a repetition. A conversation in the archive comes back, unless it is muted."""
        arrived = connection.execute(
            "INSERT OR IGNORE INTO arrival (transport, remote_id) VALUES (?, ?)", (message.transport_id, remote_key)
        )
        if not arrived.rowcount:
            return None
        conversation = number_of(connection, message.conversation)
        connection.execute("UPDATE conversation SET archived = archived AND muted WHERE number = ?", (conversation,))
        keyword = message_keyword(message.text)
        if keyword is MessageKeyword.STOP:
            connection.execute(
                "UPDATE conversation SET opted_out = coalesce(opted_out, ?) WHERE number = ?",
                (to_stamp(message.at), conversation),
            )
            fail_queued(connection, effects, "m.conversation = ?", (conversation,), reason=OPTED_OUT)
        elif keyword is MessageKeyword.START:
            connection.execute("UPDATE conversation SET opted_out = NULL WHERE number = ?", (conversation,))
        return self._insert(connection, effects, conversation, message)

    def delete(self, connection: sqlite3.Connection, effects: Effects, message_id: MessageId) -> None:
        """A queued one is withdrawn; raises `UserError` for one that is being sent. Nothing happens if it is gone."""
        row = connection.execute(f"{SELECT} WHERE m.id = ?", (message_id,)).fetchone()
        if row is None:
            return
        message = message_of(row)
        if message.delivery is Delivery.SENDING:
            raise UserError("this message is being sent", "Delete it in a moment.")
        self.index.remove(connection, row[0], message.text)
        connection.execute("DELETE FROM message WHERE number = ?", (row[0],))
        effects.removed.append(message)
        touch(connection, effects, message.conversation)

    def delete_conversation(self, connection: sqlite3.Connection, effects: Effects, key: ConversationKey) -> None:
        """All messages, the draft and the marks; that the other side wants no messages is kept."""
        rows = connection.execute(
            "SELECT m.number, m.text, m.delivery FROM message AS m JOIN conversation AS c ON c.number = m.conversation "
            "WHERE c.own = ? AND c.peer = ?",
            (key.own, key.peer),
        ).fetchall()
        if any(delivery == Delivery.SENDING.value for _, _, delivery in rows):
            raise UserError("a message of this conversation is being sent", "Delete it in a moment.")
        for number, text, _ in rows:
            self.index.remove(connection, number, text)
            connection.execute("DELETE FROM message WHERE number = ?", (number,))
        connection.execute(
            "UPDATE conversation SET draft = '', muted = 0, archived = 0 WHERE own = ? AND peer = ?", (key.own, key.peer)
        )
        connection.execute("DELETE FROM conversation WHERE own = ? AND peer = ? AND opted_out IS NULL", (key.own, key.peer))
        touch(connection, effects, key)

    # ------------------------------------------------------------------------------------------------------------- marks

    def mark_read(self, connection: sqlite3.Connection, effects: Effects, key: ConversationKey) -> None:
        rows = connection.execute(f"{SELECT} WHERE c.own = ? AND c.peer = ? AND m.unread", (key.own, key.peer)).fetchall()
        for row in rows:
            connection.execute("UPDATE message SET unread = 0 WHERE number = ?", (row[0],))
            before = message_of(row)
            effects.changed.append((before, attrs.evolve(before, unread=False)))
        if rows:
            touch(connection, effects, key)

    def set_marks(
        self, connection: sqlite3.Connection, effects: Effects, key: ConversationKey, *, now: datetime, **marks: object
    ) -> None:
        """Change columns of a conversation: `draft`, `muted`, `archived`, `opted_out`."""
        before = find_conversation(connection, key)
        if before is None and not any(marks.values()):
            return
        number = number_of(connection, key)
        for name, value in marks.items():
            connection.execute(f"UPDATE conversation SET {name} = ? WHERE number = ?", (value, number))
        connection.execute("UPDATE conversation SET last_at = ? WHERE number = ? AND last IS NULL", (to_stamp(now), number))
        if find_conversation(connection, key) != before:
            touch(connection, effects, key)

    # ---------------------------------------------------------------------------------------------------------- internal

    def _insert(self, connection: sqlite3.Connection, effects: Effects, conversation: int, message: Message) -> Message:
        cursor = connection.execute(
            "INSERT INTO message (id, conversation, transport, received, text, attachments, at, delivery, reason, remote_id, "
            "unread, queued_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                message.id,
                conversation,
                message.transport_id,
                message.direction is MessageDirection.RECEIVED,
                message.text,
                attachments_text(message.attachments),
                to_stamp(message.at),
                message.delivery.value if message.delivery else None,
                message.reason,
                message.remote_id,
                message.unread,
                to_stamp(message.at),
            ),
        )
        self.index.add(connection, int(cursor.lastrowid or 0), message.text)
        stored = attrs.evolve(message, at=from_stamp(to_stamp(message.at)))
        effects.added.append(stored)
        touch(connection, effects, message.conversation)
        return stored

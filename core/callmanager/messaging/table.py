"""What all changes of messages and conversations have in common, and what they leave for the events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from callmanager.errors import UserError
from callmanager.messaging.rows import SELECT, SELECT_CONVERSATION, conversation_of, message_of
from callmanager.model.messages import Delivery

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from callmanager.model.messages import Conversation, ConversationKey, Message

OPTED_OUT: Final = "they asked to get no more messages from this number"
OPTED_OUT_HINT: Final = "They can text START to this number to get messages again."


@attrs.define
class Effects:
    """What a transaction has changed, for the events that tell of it once it is on the disk."""

    added: list[Message] = attrs.Factory(list)
    changed: list[tuple[Message, Message]] = attrs.Factory(list)
    removed: list[Message] = attrs.Factory(list)
    conversations: dict[ConversationKey, Conversation | None] = attrs.Factory(dict)
    unread: int = 0


def find_conversation(connection: sqlite3.Connection, key: ConversationKey) -> Conversation | None:
    row = connection.execute(f"{SELECT_CONVERSATION} WHERE c.own = ? AND c.peer = ?", (key.own, key.peer)).fetchone()
    return conversation_of(row) if row else None


def change_message(connection: sqlite3.Connection, effects: Effects, row: Sequence[Any], **changes: Any) -> Message:
    before = message_of(row)
    after = attrs.evolve(before, **changes)
    connection.execute(
        "UPDATE message SET delivery = ?, reason = ?, remote_id = ?, transport = ? WHERE number = ?",
        (after.delivery.value if after.delivery else None, after.reason, after.remote_id, after.transport_id, row[0]),
    )
    if after != before:
        effects.changed.append((before, after))
        touch(connection, effects, after.conversation)
    return after


def fail_queued(
    connection: sqlite3.Connection, effects: Effects, where: str, values: tuple[object, ...], *, reason: str
) -> None:
    for row in connection.execute(f"{SELECT} WHERE m.delivery = 'queued' AND {where}", values).fetchall():
        change_message(connection, effects, row, delivery=Delivery.FAILED, reason=reason)


def number_of(connection: sqlite3.Connection, key: ConversationKey) -> int:
    connection.execute("INSERT OR IGNORE INTO conversation (own, peer) VALUES (?, ?)", (key.own, key.peer))
    (number,) = connection.execute("SELECT number FROM conversation WHERE own = ? AND peer = ?", (key.own, key.peer)).fetchone()
    return int(number)


def refuse_opted_out(connection: sqlite3.Connection, conversation: int) -> None:
    (opted_out,) = connection.execute("SELECT opted_out FROM conversation WHERE number = ?", (conversation,)).fetchone()
    if opted_out is not None:
        raise UserError(OPTED_OUT, OPTED_OUT_HINT)


def wants_none(connection: sqlite3.Connection, message: Message) -> bool:
    """Whether the other side of this message has opted out."""
    conversation = find_conversation(connection, message.conversation)
    return conversation is not None and conversation.opted_out is not None


def touch(connection: sqlite3.Connection, effects: Effects, key: ConversationKey) -> None:
    """Bring what a conversation knows of its messages up to date, and tell of it."""
    connection.execute(
        "UPDATE conversation SET (last, last_at) = (SELECT m.number, m.at FROM message AS m "
        "WHERE m.conversation = conversation.number ORDER BY m.at DESC, m.number DESC LIMIT 1), "
        "unread = (SELECT count(*) FROM message AS m WHERE m.conversation = conversation.number AND m.unread) "
        "WHERE own = ? AND peer = ? AND EXISTS (SELECT 1 FROM message AS m WHERE m.conversation = conversation.number)",
        (key.own, key.peer),
    )
    connection.execute(
        "UPDATE conversation SET last = NULL, unread = 0 WHERE own = ? AND peer = ? "
        "AND NOT EXISTS (SELECT 1 FROM message AS m WHERE m.conversation = conversation.number)",
        (key.own, key.peer),
    )
    now = find_conversation(connection, key)
    effects.conversations[key] = now if now is not None and (now.last is not None or now.draft) else None

"""From rows of `messages.sqlite3` to frozen values and back."""

# ruff: noqa: S608 - statements are put together of constants; every value is a parameter

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from callmanager.model.messages import (
    Attachment,
    Conversation,
    ConversationKey,
    Delivery,
    Message,
    MessageDirection,
    MessageId,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

COLUMNS: Final = (
    "m.number, m.id, m.transport, m.received, c.own, c.peer, m.text, m.attachments, m.at, m.delivery, m.reason, m.remote_id, "
    "m.unread"
)
SELECT: Final = f"SELECT {COLUMNS} FROM message AS m JOIN conversation AS c ON c.number = m.conversation"
SELECT_CONVERSATION: Final = (
    "SELECT c.own, c.peer, c.draft, c.muted, c.archived, c.opted_out, c.unread, "
    f"{COLUMNS} FROM conversation AS c LEFT JOIN message AS m ON m.number = c.last"
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def to_stamp(at: datetime) -> int:
    """Microseconds since 1970; a time without a zone is taken for UTC."""
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - _EPOCH) // _MICROSECOND


def from_stamp(stamp: int) -> datetime:
    return _EPOCH + timedelta(microseconds=stamp)


def message_of(row: Sequence[Any]) -> Message:
    """A row of `SELECT`."""
    _, identity, transport, received, own, peer, text, attachments, at, delivery, reason, remote_id, unread = row
    return Message(
        id=MessageId(identity),
        transport_id=transport,
        direction=MessageDirection.RECEIVED if received else MessageDirection.SENT,
        own=own,
        peer=peer,
        text=text,
        attachments=tuple(
            Attachment(media_type=media_type, url=url, name=name, size=size)
            for media_type, url, name, size in json.loads(attachments)
        ),
        at=from_stamp(at),
        delivery=Delivery(delivery) if delivery else None,
        reason=reason,
        remote_id=remote_id,
        unread=bool(unread),
    )


def conversation_of(row: Sequence[Any]) -> Conversation:
    """A row of `SELECT_CONVERSATION`."""
    own, peer, draft, muted, archived, opted_out, unread, *last = row
    return Conversation(
        key=ConversationKey(own=own, peer=peer),
        last=message_of(last) if last[0] is not None else None,
        unread=unread,
        draft=draft,
        muted=bool(muted),
        archived=bool(archived),
        opted_out=from_stamp(opted_out) if opted_out is not None else None,
    )


def attachments_text(attachments: Sequence[Attachment]) -> str:
    return json.dumps([[one.media_type, one.url, one.name, one.size] for one in attachments])

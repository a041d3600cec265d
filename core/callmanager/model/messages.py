"""Text messages: what a person wrote, what the carrier did with it, what came in."""

from datetime import datetime
from enum import Enum
from typing import NewType

import attrs

from callmanager.value import Value

MessageId = NewType("MessageId", str)
"""Ours, made when the message is written or received; the carrier's own is `remote_id`."""


class MessageDirection(Enum):
    RECEIVED = "received"
    SENT = "sent"


class Delivery(Enum):
    """How far a sent message got. `UNCERTAIN`: the answer was lost after the carrier may have taken it; not sent again."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNCERTAIN = "uncertain"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Attachment(Value):
    """A picture or file of a message. `url` is where the carrier keeps it, or a `file:` address of one we send."""

    media_type: str
    url: str
    name: str = ""
    size: int | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TransportAbilities(Value):
    """What a transport can carry. `text_limit` is in characters of one message, however many segments that makes."""

    text_limit: int = 1600
    attachments: bool = False
    delivery_reports: bool = False


@attrs.frozen(kw_only=True)
class ConversationKey:
    """Which conversation: one of our numbers and one of theirs."""

    own: str
    peer: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Message(Value):
    """One message as it is stored. `own` and `peer` are numbers in E.164 notation where the transport knows them so.

    `at` is when it was written or received. `reason` says in plain words why it failed or still waits, or what is missing of
    a received one. `text` may have several lines.
    """

    id: MessageId
    transport_id: str
    direction: MessageDirection
    own: str
    peer: str
    text: str
    attachments: tuple[Attachment, ...] = ()
    at: datetime
    delivery: Delivery | None = None
    reason: str = ""
    remote_id: str = ""
    unread: bool = False

    @property
    def conversation(self) -> ConversationKey:
        return ConversationKey(own=self.own, peer=self.peer)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Conversation(Value):
    """All that was written between two numbers, for a list. `last` is none while there is a draft only.

    `unread` counts this conversation's messages; a muted one does not count in the total. `opted_out` is since when the other
    side wants no more messages (they wrote STOP): sending is refused until they write START.
    """

    key: ConversationKey
    last: Message | None = None
    unread: int = 0
    draft: str = ""
    muted: bool = False
    archived: bool = False
    opted_out: datetime | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ThreadPage(Value):
    """A stretch of a conversation, oldest first. `more` says whether there are older ones before the first."""

    messages: tuple[Message, ...]
    more: bool = False


@attrs.frozen(kw_only=True, eq=False, repr=False)
class FoundMessage(Value):
    """A search result. `marks` are start and end of the words that were found, in characters of `snippet`."""

    message: Message
    snippet: str
    marks: tuple[tuple[int, int], ...] = ()


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Sender(Value):
    """A number that messages may come from, and who carries them."""

    number: str
    transport_id: str
    label: str
    abilities: TransportAbilities


@attrs.frozen(kw_only=True, eq=False, repr=False)
class OutgoingMessage(Value):
    """What a transport is asked to send. `id` is stable over retries, for transports that can tell a repetition."""

    id: MessageId
    own: str
    peer: str
    text: str
    attachments: tuple[Attachment, ...] = ()


@attrs.frozen(kw_only=True, eq=False, repr=False)
class IncomingMessage(Value):
    """What a transport received. `remote_id` tells a repetition from a second message with the same words."""

    remote_id: str
    own: str
    peer: str
    text: str
    attachments: tuple[Attachment, ...] = ()
    at: datetime


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Receipt(Value):
    """The carrier took the message."""

    remote_id: str
    delivery: Delivery = Delivery.SENT


@attrs.frozen(kw_only=True, eq=False, repr=False)
class DeliveryReport(Value):
    """What the carrier says of an earlier message."""

    remote_id: str
    delivery: Delivery
    reason: str = ""

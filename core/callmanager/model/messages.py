"""Text messages: what a person wrote, what the carrier did with it, what came in."""

from datetime import datetime
from enum import Enum
from typing import NewType

import attrs

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


@attrs.frozen(kw_only=True)
class Attachment:
    """A picture or file of a message. `url` is where the carrier keeps it, or a `file:` address of one we send."""

    media_type: str
    url: str
    name: str = ""
    size: int | None = None


@attrs.frozen(kw_only=True)
class Message:
    """One message as it is stored. `own` and `peer` are numbers in E.164 notation where the transport knows them so.

    `at` is when it was written or received. `reason` says in plain words why it failed.
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


@attrs.frozen(kw_only=True)
class OutgoingMessage:
    """What a transport is asked to send. `id` is stable over retries, for transports that can tell a repetition."""

    id: MessageId
    own: str
    peer: str
    text: str
    attachments: tuple[Attachment, ...] = ()


@attrs.frozen(kw_only=True)
class IncomingMessage:
    """What a transport received. `remote_id` tells a repetition from a second message with the same words."""

    remote_id: str
    own: str
    peer: str
    text: str
    attachments: tuple[Attachment, ...] = ()
    at: datetime


@attrs.frozen(kw_only=True)
class Receipt:
    """The carrier took the message."""

    remote_id: str
    delivery: Delivery = Delivery.SENT


@attrs.frozen(kw_only=True)
class DeliveryReport:
    """What the carrier says of an earlier message."""

    remote_id: str
    delivery: Delivery
    reason: str = ""


@attrs.frozen(kw_only=True)
class TransportAbilities:
    """What a transport can carry. `text_limit` is in characters of one message, however many segments that makes."""

    text_limit: int = 1600
    attachments: bool = False
    delivery_reports: bool = False

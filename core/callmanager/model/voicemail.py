"""Voicemail: mailboxes, folders, messages; the sound itself stays with the store until it is played."""

from datetime import datetime
from typing import Final, NewType

import attrs

from callmanager.model.calls import Party

VoicemailId = NewType("VoicemailId", str)
"""Unique within its mailbox and stable over moves, as Asterisk's `msg_id` is."""

INBOX: Final = "INBOX"
OLD: Final = "Old"
URGENT: Final = "Urgent"
"""Asterisk's own folders (app_voicemail); a mailbox may have more."""


@attrs.frozen(kw_only=True)
class Mailbox:
    """An address of a mailbox: number and context, as in `2001@default`."""

    number: str
    context: str = "default"

    @property
    def address(self) -> str:
        return f"{self.number}@{self.context}"


@attrs.frozen(kw_only=True)
class Voicemail:
    """One recorded message."""

    id: VoicemailId
    mailbox: Mailbox
    folder: str
    caller: Party
    at: datetime
    duration_seconds: float
    heard: bool
    urgent: bool = False


@attrs.frozen(kw_only=True)
class MailboxSnapshot:
    """All messages of a mailbox at one moment, newest first, and its folders in the order in which they are shown."""

    mailbox: Mailbox
    folders: tuple[str, ...]
    messages: tuple[Voicemail, ...]


@attrs.frozen(kw_only=True)
class VoicemailAbilities:
    """What a store can do beyond listing and playing."""

    mark: bool = False
    move: bool = False
    delete: bool = False
    forward: bool = False
    save: bool = False

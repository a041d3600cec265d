"""How a source of people, presence, messages or voicemail is doing, for the place where the user looks for it."""

from datetime import datetime
from enum import Enum

import attrs


class SourceKind(Enum):
    CONTACTS = "contacts"
    PRESENCE = "presence"
    PARKING = "parking"
    MESSAGES = "messages"
    VOICEMAIL = "voicemail"


class SourceStanding(Enum):
    NEW = "new"
    """Not asked yet."""
    WORKING = "working"
    LOST = "lost"
    """It can't be reached; the last good answer is shown and it is tried again."""
    SIGN_IN = "sign_in"
    """It needs credentials; it is not tried again by itself."""
    NOT_CONFIGURED = "not_configured"
    FAILED = "failed"
    """It had a fault; its plugin is named in the log."""


@attrs.frozen(kw_only=True)
class SourceState:
    """One source at one moment. `detail` is one sentence on why it does not work."""

    id: str
    label: str
    kind: SourceKind
    plugin_id: str
    standing: SourceStanding
    last_success: datetime | None = None
    detail: str = ""

"""What the user is told: problems that last until they are cleared, and notices that pass."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import Enum

import attrs


class Severity(Enum):
    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    ERROR = "error"


@attrs.frozen(kw_only=True)
class Problem:
    """Something that is wrong now. `id` deduplicates, `owner` is a plugin id or `core`; `hint` says what to do next."""

    id: str
    owner: str
    text: str
    hint: str = ""
    details: str = ""
    severity: Severity = Severity.ERROR
    since: datetime


@attrs.frozen(kw_only=True)
class NoticeAction:
    """The one thing that can be done about a passing message, such as Undo. `run` is started as a task of the message's owner,
    once, while the message is shown; a `UserError` becomes the next message."""

    label: str
    run: Callable[[], Awaitable[None]]


@attrs.frozen(kw_only=True)
class Notice:
    """A passing message; `details` is for the curious and for support."""

    text: str
    hint: str = ""
    details: str = ""
    owner: str = "core"
    severity: Severity = Severity.INFO
    action: NoticeAction | None = None
    at: datetime

"""Passing messages to the user: posted here, shown by whoever listens."""

import logging

import attrs

from callmanager.bus import EventBus
from callmanager.clock import Clock, utc_now
from callmanager.events import NoticePosted
from callmanager.model.notices import Notice, NoticeAction, Severity

_log = logging.getLogger(__name__)


@attrs.frozen(kw_only=True)
class NoticePost:
    """Posts in the name of one owner (protocol `Notices`)."""

    bus: EventBus
    owner: str = "core"
    clock: Clock = utc_now

    def post(
        self,
        text: str,
        *,
        hint: str = "",
        details: str = "",
        severity: Severity = Severity.INFO,
        action: NoticeAction | None = None,
    ) -> None:
        _log.info("notice of %s: %s", self.owner, text)
        notice = Notice(
            text=text, hint=hint, details=details, owner=self.owner, severity=severity, action=action, at=self.clock()
        )
        self.bus.publish(NoticePosted(notice=notice))

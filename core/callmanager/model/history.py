"""A call that is over, as history keeps it."""

from datetime import datetime

import attrs

from callmanager.model.calls import Call, CallEnd, CallId, Direction, Party, name_of_party
from callmanager.model.contacts import Match


@attrs.frozen(kw_only=True)
class CallRecord:
    """One finished call. `answered_at` is none for a call that nobody took.

    `screened_by` is the plugin that refused it before it rang, `screened_reason` why; `end` then says whether that counts as
    rejected or as missed.
    """

    id: CallId
    direction: Direction
    remote: Party
    called: str
    began_at: datetime
    answered_at: datetime | None
    ended_at: datetime
    end: CallEnd | None
    screened_by: str = ""
    screened_reason: str = ""
    note: str = ""
    match: Match | None = None
    """Who the contacts said it was, at that time."""

    @property
    def name(self) -> str:
        """As `Call.name`."""
        return name_of_party(self.remote, self.match)

    @property
    def talked_seconds(self) -> float:
        return (self.ended_at - self.answered_at).total_seconds() if self.answered_at else 0.0

    @classmethod
    def of(
        cls, call: Call, *, ended_at: datetime, screened_by: str = "", screened_reason: str = "", end: CallEnd | None = None
    ) -> "CallRecord":
        """The record of a call; `ended_at` and `end` stand in where the call itself does not say when and how it ended."""
        return cls(
            id=call.id,
            direction=call.direction,
            remote=call.remote,
            called=call.called,
            began_at=call.created_at,
            answered_at=call.answered_at,
            ended_at=call.ended_at or ended_at,
            end=call.end or end,
            screened_by=screened_by,
            screened_reason=screened_reason,
            match=call.match,
        )

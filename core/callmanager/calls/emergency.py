"""Whether an emergency call was made lately: the dispatcher may call back, from whatever number."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from callmanager.clock import Clock, utc_now
from callmanager.errors import SettingsError
from callmanager.settings.core_sections import DialingSettings

if TYPE_CHECKING:
    from callmanager.settings.service import SettingsService

_log = logging.getLogger(__name__)


class EmergencyWatch:
    """Remembers the last emergency call for the time that Settings say, across restarts. Loop thread only.

    Dispatchers call back from ordinary numbers, often withheld ones, so they can't be told apart: for that time everybody is
    let through (the phones of the big makers do the same).
    """

    def __init__(self, settings: SettingsService, *, clock: Clock = utc_now) -> None:
        self._settings = settings
        self._clock = clock
        self._called_at: datetime | None = None

    def called(self) -> None:
        """An emergency call was placed. Never raises: the call goes before anything that is written down."""
        self._called_at = self._clock()
        try:
            self._settings.update(DialingSettings, emergency_at=self._called_at.isoformat())
        except SettingsError as error:
            _log.warning("the time of the emergency call is known until the end of the program only: %s", error)

    @property
    def may_call_back(self) -> bool:
        settings = self._settings.get(DialingSettings)
        called_at = self._called_at or _time(settings.emergency_at)
        if called_at is None:
            return False
        # a clock that was set back must not keep the door open for good
        return timedelta() <= self._clock() - called_at < timedelta(minutes=settings.call_back_minutes)


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None

"""What time it is, as a parameter, so that tests own it."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The present as an aware UTC time."""
    return datetime.now(UTC)

"""What do not disturb does, and for whom it does not."""

from datetime import datetime
from enum import Enum

import attrs
from callmanager.api import FieldKind, setting


class Manner(Enum):
    """What a caller meets."""

    BUSY = "busy"
    SILENT = "silent"


def _pattern(text: str) -> str:
    from callmanager_call_control.patterns import complaint  # not at launch

    return complaint(text)


@attrs.frozen(kw_only=True)
class DoNotDisturbSettings:
    """Section `do_not_disturb`. `until` is an ISO 8601 time; empty means until it is turned off."""

    manner: Manner = setting(
        Manner.BUSY,
        label="Callers then",
        help="Whom the PBX sends to voicemail when you are busy, it sends there now, too.",
        choices={Manner.BUSY: "Get a busy signal", Manner.SILENT: "Wait unheard: no ringtone, no pop-up"},
    )
    favourites: bool = setting(False, label="Let favourites through", help="They ring as ever.")
    allowed: tuple[str, ...] = setting(
        (),
        label="Let these through, too",
        help="One a line: a number, or a beginning with * behind it.",
        kind=FieldKind.LINES,
        check=_pattern,
        advanced=True,
    )
    on: bool = setting(False, label="Switched on", kind=FieldKind.HIDDEN)
    until: str = setting("", label="Until", kind=FieldKind.HIDDEN)


def end_of(settings: DoNotDisturbSettings) -> datetime | None:
    """When it ends by itself; none when it does not."""
    try:
        found = datetime.fromisoformat(settings.until) if settings.until else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def in_force(settings: DoNotDisturbSettings, now: datetime) -> bool:
    """Whether the user wants to be left alone now (aware UTC)."""
    end = end_of(settings)
    return settings.on and (end is None or now < end)

"""Whether the user wants to be left alone, until when, and who called meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from callmanager.api import (
    Call,
    CallRemoved,
    CallScreened,
    DialingSettings,
    EndCause,
    SettingsChanged,
    Unsubscribe,
    UserError,
    Verdict,
    format_number,
    plain,
)

from callmanager_call_control.do_not_disturb.settings import DoNotDisturbSettings, Manner, end_of, in_force
from callmanager_call_control.patterns import NumberList, withheld
from callmanager_call_control.saving import save
from callmanager_call_control.timing import utc_now
from callmanager_call_control.watchers import Watchers

if TYPE_CHECKING:
    from callmanager.api import PluginContext

_BUSY: Final = 486
_REASON: Final = "do not disturb"
_LONGEST_SLEEP: Final = 30.0
"""Seconds; timers stand still while a computer sleeps, so the clock on the wall is looked at now and then."""
_MORNING: Final = 8
_MOST_NAMED: Final = 3


def tomorrow(now: datetime) -> datetime:
    """Eight o'clock of the next day, where the computer is."""
    local = now.astimezone()
    morning = local.replace(hour=_MORNING, minute=0, second=0, microsecond=0, tzinfo=None) + timedelta(days=1)
    return morning.astimezone(UTC)  # naive means local: the offset is that of tomorrow


class DoNotDisturbDesk:
    """Loop thread only. The state lies in the settings, so it is the same after a restart; who called is forgotten then."""

    def __init__(self, ctx: PluginContext, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._ctx = ctx
        self._clock = clock
        self._watchers = Watchers()
        self._missed: list[str] = []
        self._allowed = NumberList(lambda: self._settings.allowed, region=lambda: ctx.settings.get(DialingSettings).region)
        self._stop_waiting: Unsubscribe | None = None
        ctx.events.subscribe(SettingsChanged, self._settings_changed)
        ctx.events.subscribe(CallScreened, self._screened)
        ctx.events.subscribe(CallRemoved, self._removed)
        self._wait()

    # ------------------------------------------------------------------------------------------------------------ looking

    @property
    def on(self) -> bool:
        return in_force(self._settings, self._clock())

    @property
    def until(self) -> datetime | None:
        """When it ends by itself, in UTC."""
        return end_of(self._settings)

    @property
    def missed(self) -> tuple[str, ...]:
        """Who called in vain since it was switched on, the first one first."""
        return tuple(self._missed)

    def watch(self, watcher: Callable[[], None]) -> Unsubscribe:
        """Call it after each change."""
        return self._watchers.add(watcher)

    def verdict(self, call: Call) -> Verdict | None:
        """What becomes of an incoming call now. From memory."""
        if not self.on or self._let_through(call):
            return None
        if self._settings.manner is Manner.SILENT:
            return Verdict(silent=True, reason=_REASON)
        return Verdict(status=_BUSY, reason=_REASON, missed=True)

    # -------------------------------------------------------------------------------------------------------------- doing

    def turn_on(self, until: datetime | None = None) -> None:
        """From now on, to a time or until it is turned off. Raises `UserError` where the administrator has locked it."""
        if not self.on:
            self._missed.clear()
        self._save(on=True, until=until.astimezone(UTC).isoformat() if until is not None else "")

    def turn_on_for(self, span: timedelta) -> None:
        self.turn_on(self._clock() + span)

    def turn_on_until_tomorrow(self) -> None:
        self.turn_on(tomorrow(self._clock()))

    def turn_off(self) -> None:
        """And say who called meanwhile."""
        self._save(on=False, until="")
        if self._missed:
            self._ctx.notices.post(f"Meanwhile {_names(self._missed)} called.")
        self._missed.clear()
        self._watchers.tell()

    def toggle(self) -> None:
        if self.on:
            self.turn_off()
        else:
            self.turn_on()

    # ----------------------------------------------------------------------------------------------------------- internal

    @property
    def _settings(self) -> DoNotDisturbSettings:
        return self._ctx.settings.get(DoNotDisturbSettings)

    def _let_through(self, call: Call) -> bool:
        settings = self._settings
        if settings.favourites and call.match is not None and call.match.exact and call.match.contact.favourite:
            return True
        return self._allowed.names(call.remote)

    def _save(self, *, on: bool, until: str) -> None:
        save(self._ctx, DoNotDisturbSettings, on=on, until=until)

    def _settings_changed(self, event: SettingsChanged) -> None:
        if isinstance(event.after, DoNotDisturbSettings):
            self._wait()
            self._watchers.tell()

    def _screened(self, event: CallScreened) -> None:
        if event.plugin_id == self._ctx.plugin_id:
            self._note(event.call)

    def _removed(self, event: CallRemoved) -> None:
        call = event.call
        if call.silenced and call.end is not None and call.end.cause is EndCause.MISSED and self.on:
            self._note(call)

    def _note(self, call: Call) -> None:
        remote = call.remote
        number = "" if withheld(remote) else format_number(remote.number)
        self._missed.append(plain(call.name or number or "somebody without a number", limit=60))
        self._watchers.tell()

    def _wait(self) -> None:
        """Watch the clock while there is an end."""
        if self._stop_waiting is not None:
            self._stop_waiting()
            self._stop_waiting = None
        if self._settings.on and self.until is not None:
            self._stop_waiting = self._ctx.tasks.start(self._end(), name="waiting for the end of do not disturb")

    async def _end(self) -> None:
        until = self.until
        while until is not None and (left := (until - self._clock()).total_seconds()) > 0:  # noqa: ASYNC110 - the wall clock
            await asyncio.sleep(min(left, _LONGEST_SLEEP))
        self._stop_waiting = None  # turning it off must not cancel us
        with contextlib.suppress(UserError):  # the administrator has locked it; it is over all the same
            self.turn_off()


def _names(missed: list[str]) -> str:
    """`Dana`, `Dana and Marcus`, `Dana (3 times), Marcus and 2 more`."""
    counts: dict[str, int] = {}
    for name in missed:
        counts[name] = counts.get(name, 0) + 1
    words = [name if count == 1 else f"{name} ({count} times)" for name, count in counts.items()]
    if len(words) > _MOST_NAMED:
        words = [*words[: _MOST_NAMED - 1], f"{len(words) - _MOST_NAMED + 1} more"]
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))

"""Decides whose call is answered without the user, waits, and says loudly that it does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from callmanager.api import (
    Call,
    CallAdded,
    CallChanged,
    CallId,
    CallRemoved,
    CallState,
    DialingSettings,
    Direction,
    NoticeAction,
    Severity,
    Unsubscribe,
    UserError,
)

from callmanager_call_control.auto_answer.settings import AutoAnswerSettings
from callmanager_call_control.do_not_disturb.settings import DoNotDisturbSettings, in_force
from callmanager_call_control.patterns import NumberList
from callmanager_call_control.timing import utc_now
from callmanager_call_control.words import label_of

if TYPE_CHECKING:
    from callmanager.api import PluginContext

_WORTH_SAYING: Final = 1.0
"""Seconds; who has less can't read and decide."""


class AutoAnswerDesk:
    """Loop thread only. A call that it leaves alone, for whatever reason, rings as ever."""

    def __init__(self, ctx: PluginContext, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._ctx = ctx
        self._clock = clock
        self._waiting: dict[CallId, Unsubscribe] = {}
        self._answered: set[CallId] = set()
        """Calls that we ordered to be answered and that live: they count before the engine says so."""
        self._numbers = NumberList(lambda: self._settings.numbers, region=lambda: ctx.settings.get(DialingSettings).region)
        ctx.events.subscribe(CallAdded, lambda event: self._arrived(event.call))
        ctx.events.subscribe(CallChanged, lambda event: self._changed(event.after))
        ctx.events.subscribe(CallRemoved, lambda event: self._gone(event.call.id))

    @property
    def waiting(self) -> tuple[CallId, ...]:
        """The calls that it will answer."""
        return tuple(self._waiting)

    def delay_for(self, call: Call) -> float | None:
        """Seconds until a call is answered by itself; none when the user does it."""
        if call.direction is not Direction.INCOMING or call.state is not CallState.RINGING or call.silenced:
            return None
        settings = self._settings
        asked = call.answer_after if settings.by_header else None
        listed = float(settings.delay) if self._numbers.names(call.remote) else None
        return min((each for each in (asked, listed) if each is not None), default=None)

    def leave(self, call_id: CallId) -> None:
        """The user answers or refuses it; it rings on."""
        stop = self._waiting.pop(call_id, None)
        if stop is not None:
            stop()

    # ----------------------------------------------------------------------------------------------------------- internal

    @property
    def _settings(self) -> AutoAnswerSettings:
        return self._ctx.settings.get(AutoAnswerSettings)

    def _arrived(self, call: Call) -> None:
        delay = self.delay_for(call)
        if delay is None or not self._free(call):
            return
        if delay >= _WORTH_SAYING:
            self._ctx.notices.post(
                f"Answering {label_of(call)} in {delay:.0f} s.",
                severity=Severity.WARNING,
                action=NoticeAction(label="Don't", run=partial(self._leave, call.id)),
            )
        self._waiting[call.id] = self._ctx.tasks.start(self._answer(call.id, delay), name="waiting to answer")

    async def _answer(self, call_id: CallId, delay: float) -> None:
        await asyncio.sleep(delay)
        self._waiting.pop(call_id, None)
        call = self._ctx.calls.get(call_id)
        if call is None or self.delay_for(call) is None or not self._free(call):
            return
        try:
            self._ctx.calls.answer(call_id)
        except UserError:
            return  # it rings on, as a call does that nobody answers
        self._answered.add(call_id)
        self._ctx.notices.post(
            f"Answered {label_of(call)} by itself: you are heard now.",
            severity=Severity.WARNING,
            action=NoticeAction(label="Hang Up", run=partial(self._hang_up, call_id)),
        )

    def _free(self, call: Call) -> bool:
        """Nobody is talked to, dialled or held, and the user wants calls."""
        others = [other for other in self._ctx.calls.current() if other.id != call.id]
        busy = any(other.id in self._answered or other.state is not CallState.RINGING for other in others)
        return not busy and not self._disturbs()

    def _disturbs(self) -> bool:
        try:
            settings = self._ctx.settings.get(DoNotDisturbSettings)
        except TypeError:  # that plugin is switched off, and its section with it
            return False
        return in_force(settings, self._clock())

    def _changed(self, call: Call) -> None:
        if call.state is not CallState.RINGING:
            self.leave(call.id)

    def _gone(self, call_id: CallId) -> None:
        self.leave(call_id)
        self._answered.discard(call_id)

    async def _leave(self, call_id: CallId) -> None:
        self.leave(call_id)

    async def _hang_up(self, call_id: CallId) -> None:
        self._ctx.calls.hang_up(call_id)

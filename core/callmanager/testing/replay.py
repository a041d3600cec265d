"""Replay a recorded session against a plugin: what it would have answered, said and broken."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import attrs

from callmanager.events import (
    CallAdded,
    CallRemoved,
    CallScreened,
    ContributionsChanged,
    Event,
    NoticePosted,
    PluginStateChanged,
    ProblemCleared,
    ProblemRaised,
    SecretChanged,
    SourceChanged,
)
from callmanager.model.calls import CallRequest, Direction
from callmanager.model.history import CallRecord
from callmanager.model.notices import Notice, Problem
from callmanager.model.plugins import PluginRecord
from callmanager.numbers import clean_target
from callmanager.recording.reading import read_trace
from callmanager.testing.harness import Harness, running

_OF_THE_PLATFORM: Final = frozenset(
    {ContributionsChanged, NoticePosted, PluginStateChanged, ProblemCleared, ProblemRaised, SecretChanged, SourceChanged}
)
"""Consequences of what happened then; the same ones come about by themselves, or they do not."""


@attrs.frozen(kw_only=True)
class HookAnswer:
    """One call of the plugin's implementation of a hook."""

    hook: str
    answer: Any
    error: Exception | None
    seconds: float


@attrs.frozen(kw_only=True)
class Replayed:
    """What came of a replay. `complaints` are about the trace: what of it could not be understood, each with its line."""

    events: int
    answers: tuple[HookAnswer, ...]
    notices: tuple[Notice, ...]
    problems: tuple[Problem, ...]
    record: PluginRecord
    complaints: tuple[str, ...]

    def of(self, hook: str) -> tuple[HookAnswer, ...]:
        """The calls of one hook, in order."""
        return tuple(answer for answer in self.answers if answer.hook == hook)


async def replay(
    trace: Path | Iterable[str],
    plugin: type[Any],
    *,
    folder: Path,
    plugin_id: str = "plugin",
    known: Iterable[type[Event]] = (),
) -> Replayed:
    """Run the plugin in a headless phone, tell it the events of the trace in their order, and ask its hooks again.

    The clock stands at the second of each event. Asked again are screening for each incoming call, rewriting and preparing for
    each outgoing one, and the end of each. What the platform itself published then is left out. Raises `ValueError` when
    `trace` is none.
    """
    lines = (await asyncio.to_thread(trace.read_text, encoding="utf-8")).splitlines() if isinstance(trace, Path) else trace
    async with running(folder, plugins={plugin_id: plugin}) as harness:
        start = harness.clock()
        found = read_trace(lines, start=start, known=known)
        heard = _Ear(plugin_id)
        harness.app.plugins.hooks.trace = heard
        await harness.settle()
        harness.events.clear()
        told = 0
        for recorded in found.events:
            if type(recorded.event) in _OF_THE_PLATFORM:
                continue
            harness.clock.advance(max(0.0, recorded.at - (harness.clock() - start).total_seconds()))
            _ask(harness, recorded.event)
            harness.app.bus.publish(recorded.event)
            await harness.settle()
            told += 1
        (record,) = [record for record in harness.app.plugins.records() if record.id == plugin_id]
        return Replayed(
            events=told,
            answers=tuple(heard.answers),
            notices=tuple(event.notice for event in harness.published(NoticePosted)),
            problems=tuple(event.problem for event in harness.published(ProblemRaised)),
            record=record,
            complaints=found.complaints,
        )


def _ask(harness: Harness, event: Event) -> None:
    """The decisions that led to this event then."""
    hooks = harness.app.plugins.hooks
    match event:
        case CallAdded(call=call) if call.direction is Direction.INCOMING:
            hooks.screen_incoming(call)
        case CallAdded(call=call):
            hooks.rewrite_number(call.called, dialable=clean_target)
            hooks.prepare_outgoing(CallRequest(target=call.called))
        case CallScreened(call=call):
            hooks.screen_incoming(call)
            hooks.call_ended(CallRecord.of(call, ended_at=harness.clock(), screened_by=event.plugin_id))
        case CallRemoved(call=call):
            hooks.call_ended(CallRecord.of(call, ended_at=harness.clock()))


class _Ear:
    """Protocol `HookTrace`."""

    def __init__(self, plugin_id: str) -> None:
        self._plugin_id = plugin_id
        self.answers: list[HookAnswer] = []

    def hook_called(
        self, hook: str, plugin_id: str, *, seconds: float, result: object = None, error: Exception | None = None
    ) -> None:
        if plugin_id == self._plugin_id:
            self.answers.append(HookAnswer(hook=hook, answer=result, error=error, seconds=seconds))

"""See what the platform does with plugins: hook calls, events, steps of their lives; asked for by `CALLMANAGER_TRACE`.

`CALLMANAGER_TRACE=hooks,events,plugins` writes to standard error and to the log. Numbers, names and texts are masked, the same
way within one run. Nothing is imported, subscribed or measured while it is off.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from callmanager.events import Event, PluginStateChanged

if TYPE_CHECKING:
    from callmanager.bus import EventBus, Unsubscribe
    from callmanager.clock import Clock
    from callmanager.logs import Redactor
    from callmanager.recording.masking import Masker
    from callmanager.recording.recorder import Recorder

_log = logging.getLogger("callmanager.trace")

VARIABLE: Final = "CALLMANAGER_TRACE"
TOPICS: Final = ("hooks", "events", "plugins")
_LONGEST: Final = 400


class HookTrace(Protocol):
    """Told after each call of a hook implementation, on the loop thread. Must not raise."""

    def hook_called(
        self, hook: str, plugin_id: str, *, seconds: float, result: object = None, error: Exception | None = None
    ) -> None: ...


class SessionTrace:
    """What is traced in this run (protocol `HookTrace`): lines for people, a recording, or both."""

    def __init__(
        self, *, bus: EventBus, topics: frozenset[str], redactor: Redactor, clock: Clock, recorder: Recorder | None = None
    ) -> None:
        from callmanager.recording.masking import Masker

        self._topics = topics
        self._redactor = redactor
        self._recorder = recorder
        self._masker: Masker = recorder.masker if recorder is not None else Masker(since=clock())
        self._undo: Unsubscribe = bus.tap(self._event)

    def hook_called(
        self, hook: str, plugin_id: str, *, seconds: float, result: object = None, error: Exception | None = None
    ) -> None:
        if self._recorder is not None:
            self._recorder.hook_called(hook, plugin_id, seconds=seconds, result=result, error=error)
        if "hooks" in self._topics:
            answer = self._failed(error) if error is not None else self._short(result)
            self._say(f"hook {hook} {plugin_id} {seconds * 1_000_000:.0f} us: {answer}")

    def close(self) -> None:
        """Stop watching, finish the recording. Idempotent."""
        self._undo()
        if self._recorder is not None:
            self._recorder.close()

    def _event(self, event: Event) -> None:
        if self._recorder is not None:
            self._recorder.event(event)
        if "plugins" in self._topics and isinstance(event, PluginStateChanged):
            self._say(f"plugin {event.plugin_id} is {event.state.value}{f': {event.reason}' if event.reason else ''}")
        if "events" in self._topics:
            self._say(f"event {self._short(event)}")

    def _short(self, value: object) -> str:
        try:
            if isinstance(value, (list, tuple)):
                return f"{len(value)} x {type(value[0]).__name__}" if value else "none"
            return _words(value, self._masker.value(value, omit_defaults=True))
        except Exception as error:  # noqa: BLE001 - a value that can't be shown must not disturb the session
            return f"({type(value).__name__}, not shown: {type(error).__name__})"

    def _failed(self, error: Exception) -> str:
        return f"! {type(error).__name__}: {str(error)[:100]}"

    def _say(self, line: str) -> None:
        line = self._redactor.clean(" ".join(line.split())[:_LONGEST])
        _log.info("%s", line)
        if sys.stderr is not None:  # none in a windowed program on Windows
            sys.stderr.write(f"trace: {line}\n")


def open_trace(*, bus: EventBus, redactor: Redactor, clock: Clock, record: Path | None = None) -> SessionTrace | None:
    """What the environment and the command line ask for; none, and at no cost, when nothing does.

    Raises `UserError` when the recording can't be made.
    """
    wanted = [topic.strip().lower() for topic in os.environ.get(VARIABLE, "").split(",") if topic.strip()]
    unknown = sorted(set(wanted) - set(TOPICS))
    if unknown:
        _log.warning("%s knows %s, not %s", VARIABLE, ", ".join(TOPICS), ", ".join(unknown))
    topics = frozenset(wanted).intersection(TOPICS)
    if not topics and record is None:
        return None
    recorder = None
    if record is not None:
        from callmanager.recording.recorder import Recorder

        recorder = Recorder(record, clock=clock)
    return SessionTrace(bus=bus, topics=topics, redactor=redactor, clock=clock, recorder=recorder)


def _words(value: object, plain: Any) -> str:
    """A masked value in one line: the class, then fields that differ from their defaults."""
    if not isinstance(plain, Mapping):
        return str(plain)
    inner = " ".join(f"{name}={_words(getattr(value, name, None), item)}" for name, item in plain.items())
    return f"{type(value).__name__}({inner})"

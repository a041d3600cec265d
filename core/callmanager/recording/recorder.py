"""Write a session down as a trace: one JSON object a line, a header first, nothing that identifies anybody."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import attrs

from callmanager import __version__
from callmanager.clock import Clock, utc_now
from callmanager.errors import UserError
from callmanager.events import Event, SettingsChanged
from callmanager.markers import API_VERSION
from callmanager.recording.masking import Masker

_log = logging.getLogger(__name__)

FORMAT: Final = 1
"""The number in the header; it changes when older readers would misunderstand."""
_LARGEST: Final = 50_000_000


class Recorder:
    """Records until it is closed. Loop thread only; a disk that refuses ends the recording, never the session.

    Lines: the header `{"callmanager_trace": 1, …}`; events `{"t": seconds since the start, "event": class, "data": fields}`;
    calls of hooks `{"t", "hook", "plugin", "us": microseconds, "result"}`. Times are relative, numbers, names, hosts and ids
    are masked consistently, texts are masked to their lengths, secrets never come here. The values of settings are left out:
    their events name the changed fields only. Raises `UserError` when the file can't be made.
    """

    def __init__(self, file: Path, *, clock: Clock = utc_now) -> None:
        self._clock = clock
        self._started = clock()
        self.masker = Masker(since=self._started)
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        except OSError as error:
            raise UserError(f"the recording {file} can't be made: {error.strerror}", "Choose another file.") from error
        self._file: Any = os.fdopen(descriptor, "w", encoding="utf-8", newline="\n")
        self._written = 0
        self._write({"callmanager_trace": FORMAT, "version": __version__, "api": API_VERSION})
        _log.info("recording the session, masked, to %s", file)

    def event(self, event: Event) -> None:
        """Record one event; made for `EventBus.tap`."""
        self._contained(lambda: {"event": type(event).__name__, "data": self._fields(event)})

    def hook_called(
        self, hook: str, plugin_id: str, *, seconds: float, result: object = None, error: Exception | None = None
    ) -> None:
        """Record one call of a hook (protocol `HookTrace`)."""

        def line() -> dict[str, Any]:
            answer = f"! {type(error).__name__}" if error is not None else self.masker.value(result, omit_defaults=True)
            return {"hook": hook, "plugin": plugin_id, "us": round(seconds * 1_000_000), "result": answer}

        self._contained(line)

    def close(self) -> None:
        """Idempotent."""
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _fields(self, event: Event) -> Any:
        if isinstance(event, SettingsChanged):
            before, after = (attrs.asdict(values, recurse=False) if attrs.has(type(values)) else {}  # type: ignore[arg-type]
                             for values in (event.before, event.after))  # fmt: skip
            return {"section_id": event.section_id, "changed": sorted(key for key in after if after[key] != before.get(key))}
        return self.masker.value(event)

    def _contained(self, line: Callable[[], dict[str, Any]]) -> None:
        """Write what `line` makes; a value that can't be written ends the recording and disturbs nobody else."""
        if self._file is None:
            return
        try:
            self._write({"t": round((self._clock() - self._started).total_seconds(), 3), **line()})
        except Exception as error:  # noqa: BLE001 - raised from here it would stop an event or a hook
            _log.warning("the recording ends here, a value can't be written", exc_info=error)
            self.close()

    def _write(self, line: dict[str, Any]) -> None:
        text = json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"
        self._written += len(text)
        try:
            self._file.write(text)
            self._file.flush()
        except OSError as error:
            _log.warning("the recording ends here: %s", error.strerror or error)
            self.close()
            return
        if self._written > _LARGEST:
            _log.warning("the recording ends here: it is larger than %d bytes", _LARGEST)
            self.close()

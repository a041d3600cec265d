"""Read a trace back as events, those of older and newer releases as well: what is not known is told, not fatal."""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Union, get_args, get_origin, get_type_hints

import attrs

from callmanager import events as core_events
from callmanager.events import Event
from callmanager.recording.recorder import FORMAT

if TYPE_CHECKING:
    from cattrs import Converter

_LONGEST_LINE: Final = 1_000_000


@attrs.frozen(kw_only=True)
class RecordedEvent:
    """One event with the second in which it happened."""

    at: float
    event: Event


@attrs.frozen(kw_only=True)
class Trace:
    """A recorded session. `complaints` are sentences about what could not be understood, each with its line."""

    version: str
    events: tuple[RecordedEvent, ...]
    complaints: tuple[str, ...]


def read_trace(lines: Iterable[str], *, start: datetime, known: Iterable[type[Event]] = ()) -> Trace:
    """The events of a trace; times are put back relative to `start`. `known` are event classes of plugins.

    An event of an unknown class, or with fields that are missing or don't fit, is left out; a field that is not known is
    dropped; both are complained about. Raises `ValueError` when it is no trace, or one of a newer format.
    """
    numbered = enumerate(lines, start=1)
    version = _header(next(numbered, (1, ""))[1])
    reader = _Reader(start=start, classes=_by_name(known))
    found = [event for number, line in numbered if (event := reader.line(number, line)) is not None]
    return Trace(version=version, events=tuple(found), complaints=tuple(reader.complaints))


def _header(line: str) -> str:
    try:
        header = json.loads(line)
    except ValueError:
        header = None
    if not isinstance(header, dict) or not isinstance(header.get("callmanager_trace"), int):
        raise ValueError(  # noqa: TRY004 - one kind of error for whatever the file is
            "this is not a trace: its first line must be the header with callmanager_trace"
        )
    if header["callmanager_trace"] > FORMAT:
        raise ValueError(f"the trace has format {header['callmanager_trace']}, this release reads up to {FORMAT}; update it")
    return str(header.get("version", ""))


def _by_name(known: Iterable[type[Event]]) -> Mapping[str, type[Event]]:
    own = [cls for cls in vars(core_events).values() if isinstance(cls, type) and issubclass(cls, Event) and cls is not Event]
    return {cls.__name__: cls for cls in (*own, *known)}


class _Reader:
    def __init__(self, *, start: datetime, classes: Mapping[str, type[Event]]) -> None:
        self._classes = classes
        self._converter = _converter(start)
        self.complaints: list[str] = []

    def line(self, number: int, line: str) -> RecordedEvent | None:
        if not line.strip() or len(line) > _LONGEST_LINE:
            return self._left_out(number, "it is too long") if line.strip() else None
        try:
            entry = json.loads(line)
            at = float(entry.get("t", 0.0)) if isinstance(entry, dict) else None
        except (ValueError, TypeError, RecursionError):
            at = None
        if at is None or not 0 <= at < 10**9:
            return self._left_out(number, "it is damaged")
        if "event" not in entry:
            return None  # the calls of hooks are for people to read
        name, data = entry["event"], entry.get("data")
        cls = self._classes.get(name) if isinstance(name, str) else None
        if cls is None:
            return self._left_out(number, f"there is no event class {str(name)[:60]}")
        if cls is core_events.SettingsChanged:
            return self._left_out(number, "the values of settings are not recorded")
        if not isinstance(data, dict):
            return self._left_out(number, "it has no fields")
        for path in _unknown(cls, data, name):
            self.complaints.append(f"line {number}: {path} is not known and is dropped")
        try:
            event = self._converter.structure(data, cls)
        except Exception as error:  # noqa: BLE001 - an old trace may hold anything; it is told
            return self._left_out(number, f"{name} does not fit: {type(error).__name__} {error}"[:300])
        return RecordedEvent(at=at, event=event)

    def _left_out(self, number: int, why: str) -> RecordedEvent | None:
        self.complaints.append(f"line {number} is left out: {why}")
        return None


def _converter(start: datetime) -> Converter:
    import cattrs

    def a_time(value: Any, _: Any) -> datetime:
        return start + timedelta(seconds=float(value))

    converter = cattrs.Converter(detailed_validation=False)
    converter.register_structure_hook(datetime, a_time)
    converter.register_structure_hook(Path, lambda value, _: Path(value))
    converter.register_structure_hook_func(_is_function, lambda _value, _: _not_recorded)
    return converter


def _is_function(hint: Any) -> bool:
    return get_origin(hint) is Callable


async def _not_recorded(*_: object) -> None:
    """Stands for a function in a recorded event: a trace tells what was said, not what could have been done."""


def _unknown(cls: Any, data: Mapping[str, Any], path: str) -> Iterator[str]:
    """Paths of the fields that the class does not have, those of values within it as well."""
    hints = get_type_hints(cls)
    for key, value in data.items():
        if key not in hints:
            yield f"{path}.{key}"
            continue
        for inner in _classes_in(hints[key]):
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, dict):
                    yield from _unknown(inner, item, f"{path}.{key}")


def _classes_in(hint: Any) -> list[Any]:
    """The attrs classes that a type names: itself, one of a union, the items of a tuple."""
    if attrs.has(hint):
        return [hint]
    if get_origin(hint) in (types.UnionType, Union, tuple):
        return [cls for inner in get_args(hint) for cls in _classes_in(inner)]
    return []

"""What `callmanager status` tells: one value with everything, and its JSON for programs."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

import attrs

from callmanager.model.accounts import Account, Registration
from callmanager.model.calls import Call
from callmanager.model.notices import Problem


@attrs.frozen(kw_only=True)
class EngineStatus:
    running: bool
    version: str = ""


@attrs.frozen(kw_only=True)
class CallStatus:
    """A call with its age; `duration_seconds` counts from the answer and is none before it."""

    call: Call
    age_seconds: float
    duration_seconds: float | None


@attrs.frozen(kw_only=True)
class Status:
    version: str
    account: Account | None
    registration: Registration | None
    engine: EngineStatus
    calls: tuple[CallStatus, ...]
    problems: tuple[Problem, ...]


def status_json(status: Status) -> str:
    """The status as one JSON object on one line; times are ISO 8601 in UTC, states are their names, passwords are left out."""
    import json

    return json.dumps(_plain(status), ensure_ascii=False)


def _plain(value: object) -> Any:
    kind: type[Any] = type(value)
    if attrs.has(kind):
        shown = [attribute for attribute in attrs.fields(kind) if attribute.repr]
        return {attribute.name: _plain(getattr(value, attribute.name)) for attribute in shown}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return round(value, 3)
    return value

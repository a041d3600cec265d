"""`callmanager status` for people: a few lines made of the JSON that programs get."""

from __future__ import annotations

import json
from typing import Any


def status_lines(document: str) -> str:
    status: dict[str, Any] = json.loads(document)
    account = status.get("account") or {}
    registration = status.get("registration") or {}
    lines = [f"PC CallManager {status.get('version', '')}"]
    if account:
        state = registration.get("state", "offline")
        lines.append(f"extension {account.get('extension')} at {account.get('server')}:{account.get('port')}: {state}")
    else:
        lines.append("no account is set up")
    for entry in status.get("calls") or []:
        call = entry.get("call") or {}
        remote = call.get("remote") or {}
        seconds = entry.get("duration_seconds")
        time = f", {int(seconds) // 60:02}:{int(seconds) % 60:02}" if seconds is not None else ""
        held = ", on hold" if call.get("held") else ""
        who = remote.get("name") or remote.get("number") or remote.get("uri")
        lines.append(f"call with {who}: {call.get('state')}{held}{time}")
    lines.extend(f"problem: {problem.get('text')} {problem.get('hint')}".rstrip() for problem in status.get("problems") or [])
    return "\n".join(lines)

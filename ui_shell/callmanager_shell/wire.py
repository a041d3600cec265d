"""The language between `callmanager COMMAND` and the running phone: one JSON line each way, small and strict."""

from __future__ import annotations

import json
from typing import Final

import attrs

MOST_REQUEST: Final = 8 * 1024
MOST_REPLY: Final = 1024 * 1024

ARGUMENTS: Final = {
    "dial": 1,
    "hangup": 0,
    "answer": 0,
    "keypad": 1,
    "status": 0,
    "show": 0,
    "quit": 0,
    "screenshot": 1,
}
"""Every verb there is, and how many texts go with it."""


class NotUnderstood(Exception):
    """A line that is not of this language."""


@attrs.frozen(kw_only=True)
class Request:
    verb: str
    arguments: tuple[str, ...] = ()

    def line(self) -> bytes:
        return json.dumps({"verb": self.verb, "arguments": list(self.arguments)}).encode() + b"\n"


@attrs.frozen(kw_only=True)
class Reply:
    """`ok` with a text to print, or not, with the reason and what to do next."""

    ok: bool
    text: str = ""
    hint: str = ""

    def line(self) -> bytes:
        return json.dumps({"ok": self.ok, "text": self.text, "hint": self.hint}).encode() + b"\n"


def read_request(line: bytes) -> Request:
    """Raises `NotUnderstood` for anything but a known verb with its texts."""
    document = _object(line)
    verb, arguments = document.get("verb"), document.get("arguments")
    if set(document) != {"verb", "arguments"} or not isinstance(verb, str) or verb not in ARGUMENTS:
        raise NotUnderstood("unknown command")
    if not isinstance(arguments, list) or len(arguments) != ARGUMENTS[verb]:
        raise NotUnderstood(f"wrong number of arguments for {verb}")
    if not all(isinstance(argument, str) and len(argument) <= 4096 and "\0" not in argument for argument in arguments):
        raise NotUnderstood(f"unusable argument for {verb}")
    return Request(verb=verb, arguments=tuple(arguments))


def read_reply(line: bytes) -> Reply:
    document = _object(line)
    ok, text, hint = document.get("ok"), document.get("text"), document.get("hint")
    if not isinstance(ok, bool) or not isinstance(text, str) or not isinstance(hint, str):
        raise NotUnderstood("the running phone sent something else")
    return Reply(ok=ok, text=text, hint=hint)


def _object(line: bytes) -> dict[str, object]:
    try:
        document = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise NotUnderstood("not a JSON line") from error
    if not isinstance(document, dict):
        raise NotUnderstood("not a JSON object")
    return document

"""Cuts what an AMI server sends into messages, with bounds on everything. Knows neither sockets nor what messages mean."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from callmanager.api import Unreachable

LONGEST_MESSAGE: Final = 128 * 1024
"""An event of Asterisk is a few KiB; 128 headers of the longest it sends still fit."""
LONGEST_GREETING: Final = 200
_GREETING: Final = b"Asterisk Call Manager/"
_END: Final = b"\r\n\r\n"
_EVENT: Final = b"Event: "


class Framer:
    """Fed with bytes in whatever pieces they come, gives whole messages as text in order.

    Events that nobody asked for are dropped here, before anything is made of them: a busy PBX tells a hundred things that do
    not matter for one that does. Messages with an `ActionID` are never dropped. Raises `Unreachable` for what can't come from
    an AMI server, after which it must not be fed again.
    """

    def __init__(self, wanted: Collection[str]) -> None:
        self._wanted = frozenset(name.encode("ascii") for name in wanted)
        self._rest = b""
        self._searched = 0
        self.greeting: str | None = None
        """`Asterisk Call Manager/11.0.0`, once it has come."""

    def feed(self, data: bytes) -> list[str]:
        """The messages that are complete now."""
        self._rest += data
        if self.greeting is None and not self._greeted():
            return []
        found: list[str] = []
        start = 0
        while (end := self._rest.find(_END, max(start, self._searched))) >= 0:
            if end - start > LONGEST_MESSAGE:
                raise _too_long()
            block = self._rest[start:end]
            if block and self._matters(block):
                found.append(block.decode("utf-8", errors="replace"))
            start = end + len(_END)
        self._rest = self._rest[start:]
        self._searched = max(0, len(self._rest) - len(_END) + 1)
        if len(self._rest) > LONGEST_MESSAGE:
            raise _too_long()
        return found

    def _greeted(self) -> bool:
        end = self._rest.find(b"\n", 0, LONGEST_GREETING)
        if not _GREETING.startswith(self._rest[: len(_GREETING)]) or (end < 0 and len(self._rest) >= LONGEST_GREETING):
            raise Unreachable("what answers there is not the manager interface of an Asterisk; check address and port")
        if end < 0:
            return False
        self.greeting = self._rest[:end].decode("ascii", errors="replace").strip()
        self._rest = self._rest[end + 1 :]
        return True

    def _matters(self, block: bytes) -> bool:
        first, _, others = block.lstrip(b"\r\n").partition(b"\r\n")
        if not first.startswith(_EVENT) or first[len(_EVENT) :].strip() in self._wanted:
            return True
        return b"ActionID: " in others


def _too_long() -> Unreachable:
    return Unreachable("the PBX sent a message that is too long to be one of the manager interface")

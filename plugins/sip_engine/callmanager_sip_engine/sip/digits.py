"""DTMF of one call: digits leave one at a time, in order, each exactly once."""

from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

DIGIT_MS: Final = 140
GAP_MS: Final = 80
"""RFC 4733 events of 140 ms with pauses of 80 ms: above the 40 ms minimum of every IVR, and still quick."""
VALID: Final = frozenset("0123456789*#ABCD")
QUEUE_LIMIT: Final = 256

Cancel = Callable[[], None]


class DigitError(Exception):
    """A digit could not be sent; the text says why."""


class DigitLine(Protocol):
    """How a call sends one digit."""

    def send_digit(self, digit: str, milliseconds: int) -> str:
        """Start it and return the method used. Raises `DigitError`."""
        ...

    def digit_sent(self, digit: str, method: str) -> None: ...

    def digit_failed(self, digit: str, reason: str) -> None: ...


class DigitQueue:
    """SIP thread only."""

    def __init__(self, line: DigitLine, call_later: Callable[[float, Callable[[], None]], Cancel]) -> None:
        self._line = line
        self._call_later = call_later
        self._waiting: deque[str] = deque()
        self._cancel: Cancel | None = None

    def send(self, digits: str) -> None:
        """Queue them. Raises `DigitError` for what is no DTMF digit or too much at once."""
        wanted = digits.upper()
        if not wanted or not VALID.issuperset(wanted):
            raise DigitError("only 0-9, *, # and A-D can be sent")
        if len(self._waiting) + len(wanted) > QUEUE_LIMIT:
            raise DigitError("too many digits are waiting already")
        self._waiting.extend(wanted)
        if self._cancel is None:
            self._next()

    def clear(self) -> None:
        self._waiting.clear()
        if self._cancel:
            self._cancel()
            self._cancel = None

    def _next(self) -> None:
        self._cancel = None
        if not self._waiting:
            return
        digit = self._waiting.popleft()
        try:
            method = self._line.send_digit(digit, DIGIT_MS)
        except DigitError as error:
            # What follows a lost digit would be a wrong number: better nothing than half of it.
            self._waiting.clear()
            self._line.digit_failed(digit, str(error))
            return
        self._cancel = self._call_later((DIGIT_MS + GAP_MS) / 1000, self._next)
        self._line.digit_sent(digit, method)

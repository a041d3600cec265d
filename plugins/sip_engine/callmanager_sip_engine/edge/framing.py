"""Cuts a TCP or TLS stream into SIP messages by Content-Length (RFC 3261 section 18.3)."""

from __future__ import annotations

from callmanager_sip_engine.edge.message import MAX_MESSAGE, MessageError, content_length

_SEPARATOR = b"\r\n\r\n"


class StreamFramer:
    """Collects bytes until a message is whole.

    Holds at most one unfinished message and never more than `MAX_MESSAGE` bytes of it. After a `MessageError` the place in the
    stream is lost for good: close the connection.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0
        self._needed: int | None = None

    def feed(self, data: bytes) -> list[bytes]:
        """Return the messages that `data` completed, in order; line breaks between them are keep-alives and vanish."""
        self._buffer += data
        messages = []
        while (message := self._next()) is not None:
            messages.append(message)
        return messages

    def _next(self) -> bytes | None:
        if self._needed is None:
            self._skip_keep_alives()
            end = self._buffer.find(_SEPARATOR, self._searched)
            if end < 0:
                self._searched = max(0, len(self._buffer) - len(_SEPARATOR) + 1)
                if len(self._buffer) > MAX_MESSAGE:
                    raise MessageError(f"no end of the header part within {MAX_MESSAGE} bytes")
                return None
            length = content_length(bytes(self._buffer[:end]))
            if length is None:
                raise MessageError("Content-Length is missing on a stream")
            self._needed = end + len(_SEPARATOR) + length
            if self._needed > MAX_MESSAGE:
                raise MessageError(f"a message of {self._needed} bytes is larger than {MAX_MESSAGE}")
        if len(self._buffer) < self._needed:
            return None
        message = bytes(self._buffer[: self._needed])
        del self._buffer[: self._needed]
        self._needed = None
        self._searched = 0
        return message

    def _skip_keep_alives(self) -> None:
        blank = len(self._buffer) - len(self._buffer.lstrip(b"\r\n"))
        if blank:
            del self._buffer[:blank]
            self._searched = 0

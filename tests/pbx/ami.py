"""A small blocking AMI client for the bench's own use; the product has its own."""

import hashlib
import secrets
import socket
from types import TracebackType
from typing import Self

Message = dict[str, str]


class AmiError(RuntimeError):
    """The PBX refused an action or the connection ended; the text is the PBX's own."""


class AmiConnection:
    """One session. Not for use by several threads; each wait is bounded by `timeout`."""

    def __init__(self, host: str, *, user: str, secret: str, port: int = 5038, timeout: float = 10.0) -> None:
        self._socket = socket.create_connection((host, port), timeout=timeout)
        self._file = self._socket.makefile("rb")
        self.events: list[Message] = []
        """Events that arrived while waiting for something else, oldest first."""
        try:
            self._file.readline(256)
            challenge = self.action("Challenge", AuthType="MD5")[0]["Challenge"]
            key = hashlib.md5((challenge + secret).encode(), usedforsecurity=False).hexdigest()
            self.action("Login", AuthType="MD5", Username=user, Key=key)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the session."""
        self._file.close()
        self._socket.close()

    def action(self, name: str, /, **headers: str) -> list[Message]:
        """Send an action; return its answer, followed by the rows when it is a list."""
        token = secrets.token_hex(6)
        lines = [f"Action: {name}", f"ActionID: {token}", *(f"{key}: {value}" for key, value in headers.items())]
        if any("\n" in line or "\r" in line for line in lines):
            raise ValueError("an AMI header is one line")
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        answer: list[Message] = []
        while True:
            message = self._read()
            if message.get("ActionID") != token:
                self.events.append(message)
                continue
            answer.append(message)
            if message.get("Response") == "Error":
                raise AmiError(f"{name}: {message.get('Message', 'refused')}")
            first_is_list = answer[0].get("EventList", "").lower() == "start"
            if not first_is_list or message.get("EventList", "").lower() in {"complete", "cancelled"}:
                return answer

    def wait_event(self, name: str, **fields: str) -> Message:
        """Return (and forget) the first event with that name and those fields."""
        while True:
            for index, event in enumerate(self.events):
                if event.get("Event") == name and all(event.get(key) == value for key, value in fields.items()):
                    return self.events.pop(index)
            self.events.append(self._read())

    def _read(self) -> Message:
        message: Message = {}
        while True:
            line = self._file.readline(65536)
            if not line:
                raise AmiError("the PBX ended the AMI session")
            text = line.decode("utf-8", errors="replace").rstrip("\r\n")
            if not text:
                if message:
                    return message
                continue
            key, _, value = text.partition(": ")
            message[key.rstrip(":")] = value

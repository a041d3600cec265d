"""The command line's side of the channel: one request, one reply, then gone. Creates no window."""

from __future__ import annotations

import sys
import time
from typing import Final, Protocol

from callmanager_shell.wire import MOST_REPLY, NotUnderstood, Reply, Request, read_reply

PATIENCE: Final = 10.0
"""Seconds; hanging up and quitting wait for nothing, so an answer takes milliseconds."""


class NotRunning(Exception):
    """Nobody listens there."""


class NoAnswer(Exception):
    """Somebody listens, but does not answer in time or not in our language."""


class _Exchange(Protocol):
    def __call__(self, endpoint: str, line: bytes, patience: float) -> bytes: ...


def ask(endpoint: str, request: Request, *, patience: float = PATIENCE) -> Reply:
    """Hand a request to the running phone. Raises `NotRunning`, `NoAnswer`."""
    exchange: _Exchange = _by_pipe if sys.platform == "win32" else _by_socket
    try:
        return read_reply(exchange(endpoint, request.line(), patience))
    except NotUnderstood as error:
        raise NoAnswer(str(error)) from error


def _by_socket(endpoint: str, line: bytes, patience: float) -> bytes:
    """Plain sockets: Qt would cost ten times what the whole exchange takes."""
    import socket

    received = bytearray()
    deadline = time.monotonic() + patience
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
        channel.settimeout(patience)
        try:
            channel.connect(endpoint)
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise NotRunning(endpoint) from error
        except OSError as error:
            raise NoAnswer(str(error)) from error
        try:
            channel.sendall(line)
            while b"\n" not in received:
                channel.settimeout(max(0.001, deadline - time.monotonic()))
                chunk = channel.recv(65536)
                if not chunk or len(received) > MOST_REPLY:
                    raise NoAnswer("the running phone closed the channel")
                received += chunk
        except OSError as error:
            raise NoAnswer(str(error) or "no answer in time") from error
    return bytes(received).partition(b"\n")[0]


def _by_pipe(endpoint: str, line: bytes, patience: float) -> bytes:
    from PySide6.QtCore import QCoreApplication
    from PySide6.QtNetwork import QLocalSocket

    core = QCoreApplication.instance() or QCoreApplication([])
    assert core is not None
    milliseconds = int(patience * 1000)
    channel = QLocalSocket()
    channel.connectToServer(endpoint)
    if not channel.waitForConnected(milliseconds):
        raise NotRunning(endpoint)
    channel.write(line)
    received = bytearray()
    deadline = time.monotonic() + patience
    while b"\n" not in received:
        left = int((deadline - time.monotonic()) * 1000)
        if left <= 0 or len(received) > MOST_REPLY or not channel.waitForReadyRead(left):
            raise NoAnswer("no answer in time")
        received += bytes(channel.readAll().data())
    channel.close()
    return bytes(received).partition(b"\n")[0]

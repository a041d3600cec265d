"""One phone for each profile: claims the channel, and answers what other starts and the command line ask."""

from __future__ import annotations

import logging
import socket
import struct
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QLockFile, QObject, QTimer
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from callmanager_shell.wire import MOST_REQUEST, NotUnderstood, Reply, Request, read_request

_log = logging.getLogger(__name__)

_MOST_CLIENTS: Final = 16
_PATIENCE_MS: Final = 5000
_LOCK_STALE_MS: Final = 10_000

Answerer = Callable[[Request], Reply]


class InstanceServer(QObject):
    """Listens while the phone runs. Only the same user gets in: by the pipe's access list on Windows, elsewhere by the
    private folder of the socket, and on Linux the kernel is asked who connects."""

    def __init__(self, endpoint: str, answer: Answerer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._endpoint = endpoint
        self._answer = answer
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.setMaxPendingConnections(_MOST_CLIENTS)
        self._server.newConnection.connect(self._accept)
        self._received: dict[QLocalSocket, bytearray] = {}

    def claim(self) -> bool:
        """Become the one instance of this profile; false when another one lives. What a crashed one left is cleared.

        Listening alone decides nothing: Qt renames a new socket over the old one, and Windows lets two servers share a pipe's
        name. So whoever holds the short lock first asks whether somebody answers, and only then listens.
        """
        lock = QLockFile(self._lock_path())
        lock.setStaleLockTime(_LOCK_STALE_MS)
        if not lock.tryLock(_PATIENCE_MS):
            _log.warning("the lock %s can't be taken; another start may be stuck", self._lock_path())
            return True
        try:
            probe = QLocalSocket()
            probe.connectToServer(self._endpoint)
            if probe.waitForConnected(1000):
                probe.abort()
                return False
            QLocalServer.removeServer(self._endpoint)
            if not self._server.listen(self._endpoint):
                _log.warning("other starts can't reach this phone: %s", self._server.errorString())
            return True
        finally:
            lock.unlock()

    def _lock_path(self) -> str:
        path = Path(self._endpoint)
        folder = path.parent if path.is_absolute() else Path(tempfile.gettempdir())
        return str(folder / f"{path.name}.lock")

    def close_down(self) -> None:
        for client in tuple(self._received):
            client.abort()
        self._server.close()

    def _accept(self) -> None:
        while (client := self._server.nextPendingConnection()) is not None:
            if len(self._received) >= _MOST_CLIENTS or not _same_user(client):
                _log.warning("a connection to the instance channel was refused")
                client.abort()
                client.deleteLater()
                continue
            self._received[client] = bytearray()
            client.readyRead.connect(lambda client=client: self._read(client))
            client.disconnected.connect(lambda client=client: self._forget(client))
            QTimer.singleShot(_PATIENCE_MS, client, client.abort)
            if client.bytesAvailable():
                self._read(client)

    def _read(self, client: QLocalSocket) -> None:
        received = self._received.get(client)
        if received is None:
            return
        received += bytes(client.read(MOST_REQUEST + 1 - len(received)).data())
        line, newline, _ = bytes(received).partition(b"\n")
        if not newline and len(received) <= MOST_REQUEST:
            return
        received.clear()
        try:
            if not newline:
                raise NotUnderstood("the request is too long")
            reply = self._answer(read_request(line))
        except NotUnderstood as error:
            _log.warning("a request on the instance channel was refused: %s", error)
            reply = Reply(ok=False, text=str(error))
        client.write(reply.line())
        client.flush()
        client.disconnectFromServer()

    def _forget(self, client: QLocalSocket) -> None:
        if self._received.pop(client, None) is not None:
            client.deleteLater()


def _same_user(client: QLocalSocket) -> bool:
    if sys.platform != "linux":
        return True
    import os

    descriptor = client.socketDescriptor()
    if descriptor < 0:
        return False
    with socket.socket(fileno=os.dup(descriptor)) as duplicate:
        credentials = duplicate.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _pid, user, _group = struct.unpack("3i", credentials)
    return bool(user == os.getuid())

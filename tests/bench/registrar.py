"""When the PBX's own registrar had a phone: AMI events, stamped as they arrive."""

import contextlib
import socket
import threading
import time
from typing import Self

from pbx.ami import AmiConnection, AmiError
from pbx.bench import AsteriskPbx


class Registrar:
    """Follows one user's contact in a thread between `__enter__` and `__exit__`."""

    def __init__(self, pbx: AsteriskPbx, user: str) -> None:
        self._pbx = pbx
        self._user = user
        self._news = threading.Condition()
        self._registered: list[float] = []

    def __enter__(self) -> Self:
        self._ami = AmiConnection(self._pbx.host, user="bench", secret=self._pbx.ami_secret("bench"), timeout=3600)
        self._thread = threading.Thread(target=self._follow, name="bench-registrar", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._ami._socket.shutdown(socket.SHUT_RDWR)  # ends the thread's read
        self._thread.join(5)
        self._ami.close()

    def wait_registered(self, *, since: float, within: float) -> float:
        """When the contact was stored, first time after `since`."""
        deadline = time.time() + within
        with self._news:
            while True:
                for at in self._registered:
                    if at >= since:
                        return at
                if time.time() > deadline:
                    raise AssertionError(f"{self._user} was not registered within {within:g} s")
                self._news.wait(0.05)

    def wait_gone(self) -> None:
        """Returns when the registrar has no contact of that user, so that the next registration is a new one."""
        self._pbx.wait_until(lambda: not self._pbx.contacts(self._user), what=f"{self._user} to be gone", within=40)

    def _follow(self) -> None:
        with contextlib.suppress(AmiError, OSError, ValueError):  # the session was ended
            while True:
                event = self._ami.wait_event("ContactStatus", EndpointName=self._user)
                if event.get("ContactStatus") in ("Created", "NonQualified", "Reachable", "Updated"):
                    with self._news:
                        self._registered.append(time.time())
                        self._news.notify_all()

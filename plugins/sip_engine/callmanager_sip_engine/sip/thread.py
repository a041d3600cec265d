"""`SipThread`: the one thread that owns every pjsua2 object."""

import contextlib
import heapq
import itertools
import logging
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

Job = Callable[[], None]
Cancel = Callable[[], None]

_IDLE_MS: Final = 1000
_log: Final = logging.getLogger(__name__)


class Pump(Protocol):
    """What the thread turns over; built, run and ended on it."""

    def open(self) -> int:
        """Begin; returns the UDP port on 127.0.0.1 at which a small datagram wakes `turn`."""
        ...

    def turn(self, milliseconds: int) -> None:
        """Handle what has come in, waiting at most so long for something to come."""
        ...

    def close(self) -> None: ...


class SipThread:
    """Runs a `Pump`, and jobs and timers between its turns, all on one thread.

    pjsua2 demands one thread (its objects deadlock and crash otherwise) and offers no way to wake it from outside. So the
    pump owns a loopback UDP socket, and `submit` sends it a keep-alive datagram: a job begins within a fraction of a
    millisecond, and an idle thread sleeps for a second at a time. `submit` may be called from any thread; jobs run in the order
    of submission, and one that raises is logged and handed to `fault`, never lost.
    """

    def __init__(self, pump: Pump, *, fault: Callable[[BaseException], None]) -> None:
        self._pump = pump
        self._fault = fault
        self._jobs: deque[Job] = deque()
        self._timers: list[tuple[float, int, list[Job]]] = []
        self._order = itertools.count()
        self._opened = threading.Event()
        self._stopping = False
        self._failure: BaseException | None = None
        self._doorbell = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._doorbell_port = 0
        self._thread = threading.Thread(target=self._run, name="sip")

    def start(self) -> None:
        self._thread.start()

    def wait_opened(self) -> None:
        """Block until the pump is open; raises what its `open` raised."""
        self._opened.wait()
        if self._failure is not None:
            raise self._failure

    @property
    def is_current(self) -> bool:
        """Whether the caller runs on this thread."""
        return threading.current_thread() is self._thread

    def submit(self, job: Job) -> None:
        """Run `job` on the thread, after all jobs submitted before. Jobs submitted after `stop` are dropped."""
        self._jobs.append(job)
        self._ring()

    def call_later(self, seconds: float, job: Job) -> Cancel:
        """Run `job` once, later. For the thread itself only; the undo is idempotent."""
        assert self.is_current, "timers belong to the SIP thread"
        cell = [job]
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._order), cell))
        return cell.clear

    def stop(self, *, timeout: float) -> bool:
        """Run what was submitted so far, close the pump, end; whether it did so in time. From any other thread."""

        def end() -> None:
            self._stopping = True

        self.submit(end)
        self._thread.join(timeout)
        ended = not self._thread.is_alive()
        if ended:
            self._doorbell.close()
        return ended

    def _ring(self) -> None:
        if self._doorbell_port and not self.is_current:
            with contextlib.suppress(OSError):
                self._doorbell.sendto(b"\r\n", ("127.0.0.1", self._doorbell_port))

    def _run(self) -> None:
        try:
            self._doorbell_port = self._pump.open()
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            self._failure = error
            self._opened.set()
            return
        self._opened.set()
        try:
            while not self._stopping:
                self._run_jobs()
                if not self._stopping:
                    self._guarded(lambda: self._pump.turn(self._pause()))
        finally:
            self._jobs.clear()
            self._timers.clear()
            self._guarded(self._pump.close)

    def _run_jobs(self) -> None:
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            for job in heapq.heappop(self._timers)[2]:
                self._guarded(job)
        for _ in range(len(self._jobs)):
            self._guarded(self._jobs.popleft())
            if self._stopping:
                return

    def _pause(self) -> int:
        if self._jobs:
            return 0
        while self._timers and not self._timers[0][2]:
            heapq.heappop(self._timers)
        if not self._timers:
            return _IDLE_MS
        return max(0, min(_IDLE_MS, int((self._timers[0][0] - time.monotonic()) * 1000) + 1))

    def _guarded(self, job: Job) -> None:
        try:
            job()
        except Exception as error:  # noqa: BLE001 - logged and reported
            _log.exception("a job of the SIP thread failed")
            self._fault(error)

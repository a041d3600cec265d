"""The audio worker: opening a device takes milliseconds to seconds, so neither the loop nor the bridge may do it."""

import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Final

_log = logging.getLogger(__name__)

_CLOSE_SECONDS: Final = 5.0

Job = Callable[[], None]


class AudioWorker:
    """Runs jobs one after the other on a thread of its own, and `tick` after each job and periodically while `busy` says so.

    Without work the thread sleeps in its queue and costs nothing. A job that raises is logged and the next one runs.
    """

    def __init__(self, *, tick: Callable[[float], None], busy: Callable[[], bool], interval: float) -> None:
        self._tick = tick
        self._busy = busy
        self._interval = interval
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    @property
    def started(self) -> bool:
        return self._thread is not None

    def submit(self, job: Job) -> None:
        """Order a job; the thread starts with the first one. Loop thread only."""
        self._jobs.put(job)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="audio-devices", daemon=True)
            self._thread.start()

    def close(self, last: Job) -> None:
        """Run `last` after all jobs and end the thread; waits for it, five seconds at most (a driver may hang)."""
        if self._thread is None:
            return
        self._jobs.put(last)
        self._jobs.put(None)
        self._thread.join(timeout=_CLOSE_SECONDS)
        if self._thread.is_alive():
            _log.error("a sound device does not close, its driver hangs; the process ends without it")
        self._thread = None

    def _run(self) -> None:
        while True:
            try:
                job = self._jobs.get(timeout=self._interval if self._busy() else None)
            except queue.Empty:
                self._guarded(self._ticked)
                continue
            if job is None:
                return
            self._guarded(job)
            if self._jobs.empty():
                self._guarded(self._ticked)

    def _ticked(self) -> None:
        self._tick(time.monotonic())

    @staticmethod
    def _guarded(job: Job) -> None:
        try:
            job()
        except Exception:  # noqa: BLE001 - logged, and the worker must outlive a faulty driver
            _log.exception("a job of the audio worker failed")

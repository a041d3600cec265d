"""One thread that does one owner's blocking work in order, with an async face."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")


class Worker:
    """Runs functions one after the other on a thread of its own, started at first use.

    `call` is used on a loop thread; results come back by `call_soon_threadsafe` only. Work that was accepted is done even if
    the waiting task is cancelled. The thread is a daemon: a key store that waits for a person can't keep the app from ending.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = False

    async def call(self, work: Callable[[], T]) -> T:
        """Run `work` on the thread and return or raise what it does."""
        import asyncio

        if self._closed:
            raise RuntimeError(f"the worker {self._name} is closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def run() -> None:
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 - handed to the one who waits
                _deliver(loop, future, _set_error, error)
            else:
                _deliver(loop, future, _set_result, result)

        self._queue.put(run)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()
        return await future

    def close(self, *, finally_do: Callable[[], None] | None = None, wait_seconds: float = 5.0) -> bool:
        """Finish what was accepted, then `finally_do` there, then end; false if it is still busy after the time. Idempotent."""
        if not self._closed:
            self._closed = True
            if finally_do is not None:
                self._queue.put(finally_do)
            self._queue.put(None)
        if self._thread is None:
            return True
        self._thread.join(wait_seconds)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while (work := self._queue.get()) is not None:
            work()


def _deliver(loop: asyncio.AbstractEventLoop, future: asyncio.Future[Any], put: Callable[..., None], value: object) -> None:
    try:
        loop.call_soon_threadsafe(put, future, value)
    except RuntimeError:
        return  # the loop is closed, so nobody waits any more


def _set_result(future: asyncio.Future[Any], value: object) -> None:
    if not future.done():
        future.set_result(value)


def _set_error(future: asyncio.Future[Any], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)

"""Find what a test left behind: tasks, threads, child processes, sockets, widgets and timers."""

from __future__ import annotations

import asyncio
import asyncio.runners
import gc
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import attrs

_GRACE_SECONDS: Final = 3.0


@attrs.frozen(kw_only=True)
class Snapshot:
    """What runs in this process at one moment, by kind; each item has a key to compare and words for people."""

    threads: dict[int, str]
    children: dict[str, str]
    sockets: dict[str, str]
    widgets: dict[int, str]
    timers: dict[int, str]

    def new_since(self, before: Snapshot) -> list[str]:
        """Everything that was not there before, in words."""
        found: list[str] = []
        for kind in ("threads", "children", "sockets", "widgets", "timers"):
            now, then = getattr(self, kind), getattr(before, kind)
            found.extend(f"{kind}: {words}" for key, words in now.items() if key not in then)
        return found


def take(*, processes: bool = True) -> Snapshot:
    """Look at this process. Children and sockets are seen on Linux only, and sockets only while no
    Qt application, which has some of its own, is there; widgets and timers only while one is."""
    qt = sys.modules.get("PySide6.QtWidgets")
    if qt is not None and qt.QApplication.instance() is None:
        qt = None
    return Snapshot(
        threads={thread.ident or 0: thread.name for thread in threading.enumerate() if _is_ours(thread)},
        children=_children() if processes else {},
        sockets={} if qt is not None or not processes else _sockets(),
        widgets=_widgets(qt),
        timers=_timers(qt),
    )


def _is_ours(thread: threading.Thread) -> bool:
    """Whether it is a live thread of Python's. Those of Qt's pools show as dummies, and go on doing so after their end."""
    return thread.is_alive() and not isinstance(thread, threading._DummyThread)  # noqa: SLF001 - there is no other way to tell


def wait_for_none(before: Snapshot, *, processes: bool = True, grace_seconds: float = _GRACE_SECONDS) -> list[str]:
    """What is left of a test after the grace time; things on their way out are waited for."""
    deadline = time.monotonic() + grace_seconds
    left = take(processes=processes).new_since(before)
    if left:
        gc.collect()
        _process_qt_deletions()
    while left and time.monotonic() < deadline:
        time.sleep(0.01)
        left = take(processes=processes).new_since(before)
    return left


@contextmanager
def tasks_left(found: Callable[[str], None]) -> Iterator[None]:
    """While this lasts, tell every task that is still under way when its event loop is closed by a runner.

    Tasks get a moment to end by themselves. The hook sits on the function with which `asyncio.Runner` cancels what is left.
    """
    original: Any = getattr(asyncio.runners, "_cancel_all_tasks", None)
    if original is None:
        yield
        return

    def look(loop: asyncio.AbstractEventLoop) -> None:
        tasks = asyncio.all_tasks(loop)
        if tasks:
            loop.run_until_complete(asyncio.wait(tasks, timeout=0.5))
            for task in asyncio.all_tasks(loop):
                found(f"tasks: {task.get_name()} {task.get_coro()}")
        original(loop)

    asyncio.runners._cancel_all_tasks = look  # type: ignore[attr-defined]  # noqa: SLF001 - there is no public place
    try:
        yield
    finally:
        asyncio.runners._cancel_all_tasks = original  # type: ignore[attr-defined]  # noqa: SLF001 - as above


def _children() -> dict[str, str]:
    children: dict[str, str] = {}
    for file in Path("/proc/self/task").glob("*/children"):
        try:
            pids = file.read_text(encoding="ascii").split()
        except OSError:
            continue
        for pid in pids:
            try:
                command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:120]
            except OSError:
                continue
            children[pid] = f"process {pid} {command or '(ended, nobody waited for it)'}"
    return children


def _sockets() -> dict[str, str]:
    sockets: dict[str, str] = {}
    for link in Path("/proc/self/fd").glob("*") if sys.platform == "linux" else ():
        try:
            target = str(link.readlink())
        except OSError:
            continue
        if target.startswith("socket:"):
            sockets[target] = f"file descriptor {link.name}"
    return sockets


def _widgets(qt: Any) -> dict[int, str]:
    if qt is None:
        return {}
    return {id(widget): f"{type(widget).__name__} {widget.objectName()!r}" for widget in qt.QApplication.topLevelWidgets()}


def _timers(qt: Any) -> dict[int, str]:
    if qt is None:
        return {}
    timers = qt.QApplication.instance().findChildren(sys.modules["PySide6.QtCore"].QTimer)
    return {id(timer): f"timer of {timer.interval()} ms" for timer in timers if timer.isActive()}


def _process_qt_deletions() -> None:
    qt = sys.modules.get("PySide6.QtWidgets")
    if qt is not None and qt.QApplication.instance() is not None:
        core = sys.modules["PySide6.QtCore"]
        core.QCoreApplication.sendPostedEvents(None, core.QEvent.Type.DeferredDelete.value)

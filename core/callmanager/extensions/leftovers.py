"""What a plugin left running beside its context: threads, tasks and loop timers, told by the code that they run.

A plugin that starts these itself, past its context, is not undone with it. The host looks for them after it has undone
everything else. Tasks and timers can be ended from outside; a Python thread can't, so it is named and left behind.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

import attrs

from callmanager.texts import plain

if TYPE_CHECKING:
    import asyncio
    from types import CodeType, FrameType

_OURS: Final = ("callmanager", "callmanager_shell")
_DEEP: Final = 40


@attrs.frozen(kw_only=True)
class Leftover:
    """One thing that was left running; `alive` is asked each time it is to be shown.

    `ended`: the host has ended it, so it is told but not there any more. `holds_exit`: a process waits for it.
    """

    words: str
    alive: Callable[[], bool] = attrs.field(default=lambda: True, repr=False)
    ended: bool = False
    holds_exit: bool = False


@attrs.frozen
class Package:
    """The top-level package (or module) whose code counts as the plugin's."""

    name: str

    @classmethod
    def of(cls, plugin_class: Any) -> Package | None:
        """The package of a class; none where code of ours would count as the plugin's."""
        module = getattr(plugin_class, "__module__", None)
        if not isinstance(module, str):
            return None
        parts = module.split(".")
        length = 1
        while length < len(parts) and getattr(sys.modules.get(".".join(parts[:length])), "__file__", None) is None:
            length += 1  # a namespace package is shared by many
        name = ".".join(parts[:length])
        return None if name in {*_OURS, "__main__", "builtins"} else cls(name)

    def owns(self, module: object) -> bool:
        return isinstance(module, str) and (module == self.name or module.startswith(f"{self.name}."))


def threads_of(package: Package, *, known: Iterable[threading.Thread]) -> list[Leftover]:
    """Live threads beyond the known ones that run code of the package, or were made to."""
    before = set(known)
    frames = sys._current_frames()  # noqa: SLF001 - the documented way to see what a thread is doing
    found: list[Leftover] = []
    for thread in threading.enumerate():
        if thread in before or thread is threading.current_thread() or not thread.is_alive():
            continue
        doing = _doing(thread, package, frames.get(thread.ident or 0))
        if doing:
            words = f"a thread: {plain(thread.name, limit=60)} ({doing})"
            found.append(Leftover(words=words, alive=thread.is_alive, holds_exit=not thread.daemon))
    return found


def _doing(thread: threading.Thread, package: Package, frame: FrameType | None) -> str:
    target = getattr(thread, "_target", None)  # gone once it has run, so the class and the stack are asked as well
    if target is not None and any(package.owns(module) for module in _modules(target)):
        return _name(target)
    if package.owns(type(thread).__module__):
        return f"{type(thread).__module__}.{type(thread).__qualname__}"
    steps = 0
    while frame is not None and steps < _DEEP:
        if package.owns(frame.f_globals.get("__name__")):
            return _place(frame.f_code, frame.f_globals.get("__name__"))
        frame = frame.f_back
        steps += 1
    return ""


def tasks_of(package: Package, loop: asyncio.AbstractEventLoop) -> list[asyncio.Task[Any]]:
    """Tasks of the loop whose work is the package's, except those that the core or the shell run for it."""
    import asyncio

    return [
        task
        for task in asyncio.all_tasks(loop)
        if task is not asyncio.current_task(loop) and _owns_work(package, task.get_coro())
    ]


def _owns_work(package: Package, work: Any) -> bool:
    for step in _awaited(work):
        module = _module_of_work(step)
        if package.owns(module):
            return True
        if isinstance(module, str) and module.partition(".")[0] in _OURS:
            return False
    return False


def _awaited(work: Any) -> Iterator[Any]:
    for _ in range(_DEEP):
        if work is None:
            return
        yield work
        work = getattr(work, "cr_await", None) or getattr(work, "gi_yieldfrom", None) or getattr(work, "ag_await", None)


def _module_of_work(work: Any) -> object:
    frame = getattr(work, "cr_frame", None) or getattr(work, "gi_frame", None) or getattr(work, "ag_frame", None)
    return frame.f_globals.get("__name__") if frame is not None else None


def describe_task(task: asyncio.Task[Any]) -> str:
    """Its name; with the function, unless the core runs it under the plugin's own name for it."""
    work, name = task.get_coro(), plain(task.get_name(), limit=80)
    if str(_module_of_work(work)).partition(".")[0] in _OURS:
        return f"a task: {name}"
    return f"a task: {name} ({getattr(work, '__qualname__', type(work).__name__)})"


def timers_of(package: Package, loop: asyncio.AbstractEventLoop) -> list[tuple[asyncio.Handle, str]]:
    """Timers of the loop that are still to call the package, with words for them.

    There is no public list of timers; where a loop keeps none that can be found, none are found.
    """
    scheduled: list[Any] = [*getattr(loop, "_scheduled", ()), *getattr(loop, "_ready", ())]  # those that are due as well
    qt_timers: Any = getattr(getattr(loop, "_timer", None), "_SimpleTimer__callbacks", {})  # qasync's
    scheduled.extend(qt_timers.values() if isinstance(qt_timers, dict) else ())
    found: list[tuple[asyncio.Handle, str]] = []
    for handle in scheduled:
        callback = getattr(handle, "_callback", None)
        if callback is None or handle.cancelled() or not any(package.owns(module) for module in _modules(callback)):
            continue
        found.append((handle, f"a timer: {_name(callback)}"))
    return found


def _modules(callback: Any) -> Iterator[object]:
    """The modules of the code that a call would run: of the function, and of the object whose method it is."""
    while isinstance(callback, functools.partial):
        callback = callback.func
    yield getattr(callback, "__module__", None)
    owner = getattr(callback, "__self__", None)
    if owner is not None:
        yield type(owner).__module__


def _name(callback: Any) -> str:
    while isinstance(callback, functools.partial):
        callback = callback.func
    name = getattr(callback, "__qualname__", type(callback).__qualname__)
    return plain(f"{getattr(callback, '__module__', '')}.{name}", limit=120)


def _place(code: CodeType, module: object) -> str:
    return plain(f"{module}.{code.co_qualname}", limit=120)

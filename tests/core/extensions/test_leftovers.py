"""Whose a thread, a task or a timer is, is told by the code that it runs, and by nothing else."""

from __future__ import annotations

import asyncio
import functools
import sys
import threading
import types
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from callmanager.extensions.leftovers import Package, describe_task, tasks_of, threads_of, timers_of

ACME = Package("acme_lib")
CODE = """
import asyncio, threading

STOP = threading.Event()

def wait(): STOP.wait()

class Poller(threading.Thread):
    def run(self): STOP.wait()

class Bound:
    def method(self): STOP.wait()

async def forever(): await asyncio.Event().wait()

async def guarded():
    try:
        await asyncio.Event().wait()
    finally:
        pass
"""


@pytest.fixture
def acme() -> Iterator[types.ModuleType]:
    module = types.ModuleType("acme_lib.work")
    exec(CODE, module.__dict__)
    sys.modules["acme_lib.work"] = module
    yield module
    module.STOP.set()
    del sys.modules["acme_lib.work"]


@pytest.mark.parametrize("way", ["function", "partial", "bound method", "subclass", "foreign target", "pool"])
def test_threads_that_run_code_of_the_package_are_found_however_they_were_made(acme, way: str) -> None:
    known = threading.enumerate()
    pool = None
    if way == "pool":
        pool = ThreadPoolExecutor(1, thread_name_prefix="acme")
        pool.submit(acme.wait)
    else:
        thread = {
            "function": lambda: threading.Thread(target=acme.wait, name="acme"),
            "partial": lambda: threading.Thread(target=functools.partial(acme.wait), name="acme"),
            "bound method": lambda: threading.Thread(target=acme.Bound().method, name="acme"),
            "subclass": lambda: acme.Poller(name="acme"),
            "foreign target": lambda: threading.Thread(target=lambda: acme.wait(), name="acme"),
        }[way]()
        thread.start()
    found = []
    for _ in range(500):  # a pool's thread is a moment late with its work
        found = threads_of(ACME, known=known)
        if found:
            break
        threading.Event().wait(0.01)
    assert [leftover.words.partition(" (")[0].startswith("a thread: acme") for leftover in found] == [True]
    assert found[0].holds_exit
    assert found[0].alive()
    acme.STOP.set()
    if pool is not None:
        pool.shutdown()
    for other in set(threading.enumerate()) - set(known):
        other.join(5)
    assert threads_of(ACME, known=known) == []


def test_threads_of_others_and_known_ones_are_not_blamed(acme) -> None:
    stop = threading.Event()
    other = threading.Thread(target=stop.wait)
    mine = threading.Thread(target=acme.wait, daemon=True)
    for thread in (other, mine):
        thread.start()
    assert threads_of(ACME, known=[mine]) == []
    assert threads_of(Package("acme"), known=[]) == []  # a name that only begins alike
    (found,) = threads_of(ACME, known=[])
    assert not found.holds_exit
    stop.set()
    acme.STOP.set()
    for thread in (other, mine):
        thread.join(5)


async def test_tasks_are_the_packages_also_inside_of_others_waiting_for_them(acme) -> None:
    loop = asyncio.get_running_loop()
    tasks = [
        loop.create_task(acme.forever(), name="plain"),
        loop.create_task(asyncio.wait_for(acme.forever(), 60), name="waited for"),
        loop.create_task(asyncio.sleep(60), name="not ours"),
    ]
    await asyncio.sleep(0.01)
    found = {task.get_name() for task in tasks_of(ACME, loop)}
    assert "plain" in found
    assert "not ours" not in found
    assert describe_task(tasks[0]) == "a task: plain (forever)"
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_what_the_core_runs_for_a_plugin_is_the_cores_business(acme) -> None:
    from callmanager.bus import EventBus
    from callmanager.problems import OwnedProblems, ProblemBoard
    from callmanager.tasks import TaskSupervisor

    problems = OwnedProblems(ProblemBoard(EventBus(lambda error, **_: None)), "acme")
    supervisor = TaskSupervisor(owner="acme", problems=problems, report_fault=lambda error, **_: None)
    supervisor.start(acme.forever(), name="sync")
    await asyncio.sleep(0)
    assert tasks_of(ACME, asyncio.get_running_loop()) == []
    await supervisor.close()


async def test_timers_that_are_to_come_or_due_are_found_and_cancelled_ones_are_not(acme) -> None:
    loop = asyncio.get_running_loop()
    later, due, gone = (
        loop.call_later(60, acme.wait),
        loop.call_soon(functools.partial(acme.wait)),
        loop.call_later(60, acme.wait),
    )
    gone.cancel()
    found = timers_of(ACME, loop)
    assert {handle for handle, _ in found} == {later, due}
    assert {words for _, words in found} == {"a timer: acme_lib.work.wait"}
    for handle, _ in found:
        handle.cancel()
    assert timers_of(ACME, loop) == []


def test_the_package_of_a_plugin_is_never_ours() -> None:
    class Ours:
        __module__ = "callmanager.app"

    class Theirs:
        __module__ = "acme_lib.deep.plugin"

    class Script:
        __module__ = "__main__"

    regular = types.ModuleType("acme_lib")
    regular.__file__ = "acme_lib/__init__.py"
    sys.modules["acme_lib"] = regular
    try:
        assert Package.of(Theirs) == ACME
    finally:
        del sys.modules["acme_lib"]
    assert Package.of(Theirs) == Package("acme_lib.deep.plugin")  # a name space is shared by many
    assert Package.of(Ours) is None
    assert Package.of(Script) is None
    assert Package.of(object()) is None

"""Tasks of widgets and of plugins; that they end with their widget is in `test_panels.py`."""

import asyncio

import pytest
from callmanager_shell.slots import TaskOwner
from PySide6.QtCore import QObject


@pytest.fixture
def faults():
    return []


@pytest.fixture
def tasks(qt, faults):
    return TaskOwner(
        report_fault=lambda error, *, owner, doing: faults.append((str(error), owner, doing)), show_error=lambda error: None
    )


async def test_what_a_plugin_does_before_it_gives_a_coroutine_is_contained_too(tasks, faults):
    def broken():
        raise RuntimeError("not even a coroutine")

    ended = asyncio.Event()
    owner = QObject()
    tasks.call(owner, broken, name="crm", doing="running “Sync”", done=ended.set)
    await ended.wait()
    assert faults == [("not even a coroutine", "crm", "running “Sync”")]


async def test_the_work_of_a_plugin_that_goes_is_cancelled_and_its_button_is_no_longer_busy(tasks, faults):
    ended, other = asyncio.Event(), asyncio.Event()
    owner = QObject()
    tasks.run(owner, asyncio.sleep(3600), name="crm", done=ended.set)
    tasks.run(owner, asyncio.sleep(3600), name="other", done=other.set)
    await asyncio.sleep(0)
    tasks.cancel("crm")
    await ended.wait()
    assert not other.is_set()
    await tasks.stop()
    assert faults == []


async def test_one_cancelled_before_its_first_step_leaves_no_coroutine_behind(tasks):
    cancel = tasks.run(QObject(), asyncio.sleep(3600))
    cancel()
    await tasks.stop()


@pytest.mark.expects_log("does not end when it is cancelled")
async def test_work_that_refuses_to_end_does_not_hold_up_the_end_of_the_program(tasks, monkeypatch):
    monkeypatch.setattr("callmanager_shell.slots._PATIENCE", 0.01)
    free = asyncio.Event()

    async def stubborn():
        while not free.is_set():
            try:
                await free.wait()
            except asyncio.CancelledError:
                continue

    owner = QObject()
    tasks.run(owner, stubborn(), name="bad", doing="refusing")
    await asyncio.sleep(0)
    await tasks.stop()
    free.set()
    await asyncio.sleep(0.01)

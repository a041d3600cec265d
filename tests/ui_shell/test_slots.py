"""Work that a widget starts ends with its widget, with its plugin, or with the window, and says so where somebody waits."""

import asyncio

import pytest
from callmanager_shell.slots import TaskOwner
from PySide6.QtCore import QObject


@pytest.fixture
def owner(qt):
    return TaskOwner(report_fault=lambda error, **_: pytest.fail(repr(error)), show_error=lambda error: None)


async def until(condition) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - any condition
            await asyncio.sleep(0.001)


async def test_work_of_a_plugin_that_goes_is_cancelled_and_its_button_is_told(owner):
    told = []
    widget = QObject()
    owner.run(widget, asyncio.Event().wait(), name="crm", done=lambda: told.append("crm"))
    owner.run(widget, asyncio.sleep(0.01), name="notes", done=lambda: told.append("notes"))
    owner.cancel("crm")
    await until(lambda: len(told) == 2)
    assert told == ["crm", "notes"]


async def test_a_widget_that_is_gone_is_not_told(owner):
    told = []
    widget = QObject()
    owner.run(widget, asyncio.Event().wait(), done=lambda: told.append(1))
    widget.deleteLater()
    await until(lambda: not owner._tasks)
    assert told == []


async def test_at_the_end_of_the_window_nobody_is_told(owner):
    told = []
    widget = QObject()
    owner.run(widget, asyncio.Event().wait(), done=lambda: told.append(1))
    await owner.stop()
    await asyncio.sleep(0)
    assert (told, dict(owner._tasks)) == ([], {})

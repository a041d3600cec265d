"""Time as the desks of several plugins need it: the clock on the wall, and doing something later unless it was cancelled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from callmanager.api import PluginContext

Cancel = Callable[[], None]
After = Callable[[float, Callable[[], None]], Cancel]
"""Calls something after so many seconds, unless it was cancelled."""


def utc_now() -> datetime:
    return datetime.now(UTC)


def after_in(ctx: PluginContext, *, name: str) -> After:
    """What is waited for under this name is a task of the plugin's, and ends with it."""

    def after(seconds: float, job: Callable[[], None]) -> Cancel:
        async def wait() -> None:
            import asyncio

            await asyncio.sleep(seconds)
            job()

        return ctx.tasks.start(wait(), name=name)

    return after

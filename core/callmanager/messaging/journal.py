"""Where every change of the messages passes: on the disk first, then told."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, TypeVar

from callmanager.errors import StorageError
from callmanager.events import ConversationChanged, MessageAdded, MessageChanged, MessageRemoved, UnreadMessagesChanged
from callmanager.model.notices import Severity

if TYPE_CHECKING:
    import asyncio
    import sqlite3
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from callmanager.bus import EventBus
    from callmanager.messaging.store import MessageStore
    from callmanager.messaging.table import Effects
    from callmanager.problems import ProblemBoard
    from callmanager.storage.database import Database

_log = logging.getLogger(__name__)
T = TypeVar("T")

STORAGE_PROBLEM: Final = "messages-storage"
SEARCH_PROBLEM: Final = "messages-search"


class Journal:
    """The file of the messages, opened at first use. Loop thread only.

    Guarantees: a change is on the disk before `change` returns, and then its events are published in the order of the changes,
    also when the one who asked was cancelled meanwhile (a widget that closed). Everything the disk refuses is `StorageError`
    and one problem until the disk is well again; nothing is published of such a change.
    """

    def __init__(self, *, file: Path, bus: EventBus, problems: ProblemBoard) -> None:
        self._file = file
        self._bus = bus
        self._problems = problems
        self._opened: tuple[Database, MessageStore] | None = None
        self._indexed = False
        self._closed = False
        self._unread = 0
        self._tasks: set[asyncio.Task[object]] = set()

    @property
    def unread(self) -> int:
        """Unread messages of all conversations that are not muted; zero until the file was first looked into."""
        return self._unread

    @property
    def exists(self) -> bool:
        """Whether there can be anything in the file; asking makes none."""
        return self._opened is not None or self._file.exists()

    @property
    def closed(self) -> bool:
        return self._closed

    async def look(self, work: Callable[[MessageStore, sqlite3.Connection], T]) -> T:
        """Read on the database's thread."""
        return await self._lasting(self._look(work))

    async def change(
        self,
        work: Callable[[MessageStore, sqlite3.Connection, Effects], T],
        *,
        then: Callable[[T], None] | None = None,
    ) -> T:
        """Change in one transaction. `then` is called on the loop right after the events, whoever still waits."""
        return await self._lasting(self._change(work, then))

    async def close(self) -> None:
        """Finish what was asked for and close the file. Idempotent."""
        import asyncio

        self._closed = True
        if self._tasks:
            await asyncio.wait(self._tasks)
        self.abandon()

    def abandon(self) -> None:
        """Close the file without waiting for those who wait for an answer; nothing is written any more."""
        self._closed = True
        if self._opened is not None:
            self._opened[0].close()

    # ---------------------------------------------------------------------------------------------------------- internal

    async def _lasting(self, work: Coroutine[object, object, T]) -> T:
        """Do it in a task of its own, which a cancelled caller leaves behind."""
        import asyncio

        task = asyncio.get_running_loop().create_task(work, name="core: messages")
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[T]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, StorageError):
            _log.info("messages: %s", error)

    async def _look(self, work: Callable[[MessageStore, sqlite3.Connection], T]) -> T:
        return await self._run(lambda store, connection, _: work(store, connection))

    async def _change(
        self, work: Callable[[MessageStore, sqlite3.Connection, Effects], T], then: Callable[[T], None] | None
    ) -> T:
        result = await self._run(work)
        if then is not None:
            then(result)
        return result

    async def _run(self, work: Callable[[MessageStore, sqlite3.Connection, Effects], T]) -> T:
        from callmanager.messaging.table import Effects

        if self._closed:
            raise StorageError("the messages are closed")
        database, store = self._open()
        effects, indexed = Effects(), self._indexed

        def run(connection: sqlite3.Connection) -> T:
            if not indexed:
                store.index.open(connection)
            result = work(store, connection, effects)
            effects.unread = store.unread(connection)
            return result

        try:
            result = await database.transaction(run)
        except StorageError as error:
            self._problems.raise_problem(
                STORAGE_PROBLEM,
                "Messages can't be saved or read at the moment.",
                hint="Free some space on the disk; what is written meanwhile stays in its box.",
                details=str(error),
            )
            raise
        self._problems.clear(STORAGE_PROBLEM)
        if not self._indexed:
            self._indexed = True
            self._tell_index(there=store.index.there)
        self._publish(effects)
        return result

    def _open(self) -> tuple[Database, MessageStore]:
        if self._opened is None:
            from callmanager.messaging.schema import MIGRATIONS
            from callmanager.messaging.store import MessageStore
            from callmanager.storage.database import Database

            self._opened = (Database(self._file, MIGRATIONS, owner="messages", problems=self._problems), MessageStore())
        return self._opened

    def _publish(self, effects: Effects) -> None:
        unread, self._unread = self._unread, effects.unread
        for added in effects.added:
            self._bus.publish(MessageAdded(message=added))
        for before, after in effects.changed:
            self._bus.publish(MessageChanged(before=before, after=after))
        for removed in effects.removed:
            self._bus.publish(MessageRemoved(message=removed))
        for key, conversation in effects.conversations.items():
            self._bus.publish(ConversationChanged(key=key, conversation=conversation))
        if unread != self._unread:
            self._bus.publish(UnreadMessagesChanged(unread=self._unread))

    def _tell_index(self, *, there: bool) -> None:
        if not there:
            self._problems.raise_problem(
                SEARCH_PROBLEM,
                "Searching messages is slow on this computer.",
                hint="The SQLite library of this Python has no full-text search (FTS5); use a build that has it.",
                severity=Severity.INFO,
            )

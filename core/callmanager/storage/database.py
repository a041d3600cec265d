"""One SQLite file with one worker thread and an async face; opened for the core and for each plugin that asks."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from callmanager.errors import StorageError
from callmanager.workers import Worker

if TYPE_CHECKING:
    import sqlite3

    from callmanager.problems import ProblemBoard
    from callmanager.storage.migrations import Migration

_log = logging.getLogger(__name__)
T = TypeVar("T")
Row = tuple[Any, ...]

_BUSY_SECONDS: Final = 5.0
_DAMAGED: Final = ("malformed", "not a database", "disk image", "file is encrypted")


class Database:
    """The file of one owner. Opened at first use, on its own thread, which alone touches the connection.

    Guarantees: work is done in the order in which it was asked for; `write` and `transaction` return after the data is on
    the disk (write-ahead log with full synchronisation), so what was acknowledged survives a killed process and a power cut;
    a transaction is whole or not at all. A damaged file is set aside under a dated name, a fresh one takes its place and a
    problem tells. Everything the environment refuses (disk full, locked, newer file) is `StorageError`; wrong SQL is not.
    """

    def __init__(
        self, file: Path, migrations: Sequence[Migration], *, owner: str = "core", problems: ProblemBoard | None = None
    ) -> None:
        self._file = file
        self._migrations = tuple(migrations)
        self._owner = owner
        self._problems = problems
        self._connection: sqlite3.Connection | None = None
        self._worker = Worker(f"callmanager-database-{owner}")
        self._set_aside: Path | None = None

    async def read(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """All rows of a query."""
        return await self._do(lambda connection: connection.execute(sql, parameters).fetchall())

    async def write(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """One changing statement in a transaction of its own; returns the row id of an INSERT, else the rows changed."""

        def work(connection: sqlite3.Connection) -> int:
            cursor = connection.execute(sql, parameters)
            inserted = sql.lstrip()[:6].upper() == "INSERT"
            return int((cursor.lastrowid if inserted else cursor.rowcount) or 0)

        return await self._do(_in_transaction(work))

    async def write_many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """The same statement for many rows, all in one transaction."""

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany(sql, rows)

        await self._do(_in_transaction(work))

    async def transaction(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` on the database's thread inside one transaction; it is undone when `work` raises."""
        return await self._do(_in_transaction(work))

    def close(self) -> None:
        """Finish what was asked for, fold the log into the file, end the thread. Idempotent."""
        if not self._worker.close(finally_do=self._close_connection):
            _log.error("the database %s is still busy; leaving it", self._file)

    async def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        import sqlite3

        def guarded() -> T:
            try:
                return work(self._open())
            except sqlite3.DatabaseError as error:
                if isinstance(error, (sqlite3.ProgrammingError, sqlite3.IntegrityError)):
                    raise
                if isinstance(error, sqlite3.OperationalError) and not _is_environment(error):
                    raise
                raise StorageError(f"{self._file} can't be used: {error}") from error
            except OSError as error:
                raise StorageError(f"{self._file} can't be used: {error.strerror or error}") from error

        result = await self._worker.call(guarded)
        self._tell()
        return result

    # ------------------------------------------------------------------------------------------ on the worker's thread

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            import sqlite3

            try:
                self._connection = self._connect()
            except sqlite3.DatabaseError as error:
                if not any(word in str(error) for word in _DAMAGED):
                    raise
                _log.info("the database %s is damaged: %s", self._file, error)
                self._set_aside = self._move_away()
                self._connection = self._connect()
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        import sqlite3

        from callmanager.storage.migrations import migrate

        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        connection = sqlite3.connect(self._file, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise sqlite3.DatabaseError(f"database disk image is malformed: {verdict}")
            migrate(connection, self._migrations, file=str(self._file))
        except BaseException:
            connection.close()
            raise
        return connection

    def _move_away(self) -> Path:
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%S.%f")
        target = self._file.with_name(f"{self._file.name}.damaged-{stamp}")
        for suffix in ("-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                self._file.with_name(self._file.name + suffix).rename(target.with_name(target.name + suffix))
        self._file.rename(target)
        return target

    def _close_connection(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # -------------------------------------------------------------------------------------------------- on the loop thread

    def _tell(self) -> None:
        aside, self._set_aside = self._set_aside, None
        if aside is None or self._problems is None:
            return
        self._problems.raise_problem(
            f"database:{self._owner}",
            "A damaged database was set aside; what it held is missing from now on.",
            hint="Ask your administrator to look at the file that was set aside.",
            details=str(aside),
            owner=self._owner,
        )


def _in_transaction(work: Callable[[sqlite3.Connection], T]) -> Callable[[sqlite3.Connection], T]:
    def run(connection: sqlite3.Connection) -> T:
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(connection)
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        return result

    return run


def _is_environment(error: sqlite3.OperationalError) -> bool:
    """Whether the disk or another process is to blame, and not our SQL (whose code is plain SQLITE_ERROR)."""
    import sqlite3

    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) != sqlite3.SQLITE_ERROR

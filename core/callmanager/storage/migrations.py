"""How a database file gets from any older version to the present one: ordered steps, each whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import attrs

from callmanager.errors import StorageError

if TYPE_CHECKING:
    import sqlite3


@attrs.frozen(kw_only=True)
class Migration:
    """One step. `script` is SQL; `run` is for what SQL can't do, after the script. Released steps are never changed."""

    name: str
    script: str = ""
    run: Callable[[sqlite3.Connection], None] | None = None


def migrate(connection: sqlite3.Connection, migrations: Sequence[Migration], *, file: str) -> int:
    """Bring the file to the newest version, each step in a transaction of its own; returns the number of steps done.

    The version is SQLite's `user_version`: how many steps the file has seen. Raises `StorageError` for a file of a newer
    release, which is left as it is.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(migrations):
        raise StorageError(
            f"{file} was written by a newer release (its version is {version}, this release knows {len(migrations)}); "
            "install the newer release again"
        )
    for number, migration in enumerate(migrations[version:], start=version + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in _statements(migration.script):
                connection.execute(statement)
            if migration.run is not None:
                migration.run(connection)
            connection.execute(f"PRAGMA user_version = {number}")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
    return len(migrations) - int(version)


def _statements(script: str) -> list[str]:
    """Split a script where statements are complete; `executescript` would commit our transaction first."""
    import sqlite3

    statements: list[str] = []
    pending = ""
    for piece in script.split(";"):
        pending += f"{piece};"
        if sqlite3.complete_statement(pending):
            statements.append(pending.strip())
            pending = ""
    rest = pending.removesuffix(";").strip()
    return [*(statement for statement in statements if statement != ";"), *([rest] if rest else [])]

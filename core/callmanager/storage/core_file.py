"""The core's own database: which file, and the steps that brought it to its present form."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from callmanager.storage.database import Database
from callmanager.storage.migrations import Migration

if TYPE_CHECKING:
    from callmanager.problems import ProblemBoard

CORE_FILE: Final = "core.sqlite3"

_CONTACTS_1: Final = """
CREATE TABLE contact_source (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    token TEXT,
    seen_at TEXT NOT NULL,
    fetched_at TEXT
);
CREATE TABLE contact (
    source INTEGER NOT NULL REFERENCES contact_source (number) ON DELETE CASCADE,
    id TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    given_name TEXT NOT NULL,
    family_name TEXT NOT NULL,
    company TEXT NOT NULL,
    title TEXT NOT NULL,
    extension TEXT NOT NULL,
    numbers TEXT NOT NULL,
    emails TEXT NOT NULL,
    note TEXT NOT NULL,
    photo TEXT NOT NULL,
    favourite INTEGER NOT NULL,
    PRIMARY KEY (source, id)
) WITHOUT ROWID;
CREATE TABLE contact_decision (
    one TEXT NOT NULL,
    other TEXT NOT NULL,
    together INTEGER NOT NULL,
    decided_at TEXT NOT NULL,
    PRIMARY KEY (one, other)
) WITHOUT ROWID;
"""

CORE_MIGRATIONS: Final = (Migration(name="contacts-1", script=_CONTACTS_1),)
"""In the order in which they were released; a released step is never changed, a new one goes to the end."""


def core_database(data: Path, problems: ProblemBoard | None = None) -> Database:
    """The core's database in the data folder of a profile; opened at first use."""
    return Database(data / CORE_FILE, CORE_MIGRATIONS, owner="core", problems=problems)

"""What a database acknowledged stays, whatever happens to the process or the file."""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from callmanager.bus import EventBus
from callmanager.errors import StorageError
from callmanager.problems import ProblemBoard
from callmanager.storage.database import Database
from callmanager.storage.migrations import Migration

NOTES = (Migration(name="notes", script="CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL);"),)

Make = Callable[..., Database]


@pytest.fixture
def problems() -> ProblemBoard:
    return ProblemBoard(EventBus(lambda error, **_: None))


@pytest.fixture
def make(tmp_path: Path, problems: ProblemBoard) -> Iterator[Make]:
    opened: list[Database] = []

    def make(migrations=NOTES) -> Database:
        opened.append(Database(tmp_path / "db" / "x.sqlite3", migrations, problems=problems))
        return opened[-1]

    yield make
    for database in opened:
        database.close()


async def test_rows_come_back_after_reopening(make: Make) -> None:
    first = make()
    assert await first.write("INSERT INTO note (text) VALUES (?)", ("hello",)) == 1
    await first.write_many("INSERT INTO note (text) VALUES (?)", [("a",), ("b",)])
    first.close()
    assert await make().read("SELECT text FROM note ORDER BY id") == [("hello",), ("a",), ("b",)]


async def test_changing_rows_tells_how_many(make: Make) -> None:
    database = make()
    await database.write_many("INSERT INTO note (text) VALUES (?)", [("a",), ("b",)])
    assert await database.write("UPDATE note SET text = 'c'") == 2


async def test_work_is_done_in_the_order_in_which_it_was_asked_for(make: Make) -> None:
    database = make()
    await asyncio.gather(*(database.write("INSERT INTO note (text) VALUES (?)", (str(number),)) for number in range(200)))
    assert [int(text) for (text,) in await database.read("SELECT text FROM note ORDER BY id")] == list(range(200))


async def test_a_transaction_that_raises_leaves_nothing(make: Make) -> None:
    database = make()

    def work(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO note (text) VALUES ('half')")
        raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        await database.transaction(work)
    assert await database.read("SELECT * FROM note") == []


async def test_migrations_run_once_and_in_order(make: Make) -> None:
    first = make()
    await first.write("INSERT INTO note (text) VALUES ('old')")
    first.close()

    def shout(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE note SET text = upper(text)")

    newer = (
        *NOTES,
        Migration(name="stars", script="ALTER TABLE note ADD COLUMN stars INTEGER DEFAULT 3;\nCREATE INDEX s ON note (stars);"),
        Migration(name="shout", run=shout),
    )
    for _ in range(2):
        database = make(newer)
        assert await database.read("SELECT text, stars FROM note") == [("OLD", 3)]
        assert await database.read("PRAGMA user_version") == [(3,)]
        database.close()


async def test_a_migration_that_fails_leaves_the_file_at_its_old_version(make: Make) -> None:
    first = make()
    await first.read("SELECT * FROM note")
    first.close()
    broken = (*NOTES, Migration(name="bad", script="CREATE TABLE extra (id); INSERT INTO nowhere VALUES (1);"))
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        await make(broken).read("SELECT 1")
    again = make()
    assert await again.read("PRAGMA user_version") == [(1,)]
    assert await again.read("SELECT name FROM sqlite_master WHERE name = 'extra'") == []


async def test_a_file_of_a_newer_release_is_refused_and_left_alone(make: Make, tmp_path: Path) -> None:
    newer = make((*NOTES, Migration(name="next", script="CREATE TABLE next (id);")))
    await newer.read("SELECT 1")
    newer.close()
    before = (tmp_path / "db" / "x.sqlite3").read_bytes()
    with pytest.raises(StorageError, match="newer release"):
        await make().read("SELECT 1")
    assert (tmp_path / "db" / "x.sqlite3").read_bytes() == before


@pytest.mark.parametrize("damage", ["header", "middle", "text"])
async def test_a_damaged_file_is_set_aside_and_a_fresh_one_takes_its_place(
    make: Make, tmp_path: Path, problems: ProblemBoard, damage: str
) -> None:
    first = make()
    await first.write_many("INSERT INTO note (text) VALUES (?)", [("x" * 500,) for _ in range(200)])
    first.close()
    file = tmp_path / "db" / "x.sqlite3"
    content = bytearray(file.read_bytes())
    if damage == "header":
        content[0:16] = b"\xff" * 16
    elif damage == "middle":
        content[4096 : 4096 * 8] = os.urandom(4096 * 7)
    else:
        content = bytearray(b"this is not a database at all, but long enough to be taken for one\n" * 50)
    file.write_bytes(content)
    database = make()
    assert await database.read("SELECT * FROM note") == []
    await database.write("INSERT INTO note (text) VALUES ('new')")
    (aside,) = file.parent.glob("x.sqlite3.damaged-*")
    assert aside.read_bytes() == bytes(content)
    (problem,) = problems.current()
    assert str(aside) in problem.details


async def test_wrong_sql_is_a_bug_and_not_the_disk(make: Make) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await make().read("SELECT * FROM nowhere")
    with pytest.raises(sqlite3.IntegrityError):
        await make().write("INSERT INTO note (text) VALUES (NULL)")


async def test_a_place_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    database = Database(tmp_path / "file" / "x.sqlite3", NOTES)
    try:
        with pytest.raises(StorageError, match="can't be used"):
            await database.read("SELECT 1")
    finally:
        database.close()

"""What a database acknowledged survives `kill -9` at any moment."""

import random
import sys
from pathlib import Path

import pytest
from callmanager.bus import EventBus
from callmanager.problems import ProblemBoard
from callmanager.storage.database import Database
from callmanager.storage.migrations import Migration
from core.killed import acknowledged_until_killed

NOTES = (Migration(name="notes", script="CREATE TABLE note (number INTEGER NOT NULL, text TEXT NOT NULL);"),)
WRITES = 10_000
ROUNDS = 6

WRITER = """
import asyncio, pathlib, sys
from callmanager.storage.database import Database
from callmanager.storage.migrations import Migration

async def main():
    script = "CREATE TABLE note (number INTEGER NOT NULL, text TEXT NOT NULL);"
    database = Database(pathlib.Path(sys.argv[1]), (Migration(name="notes", script=script),))
    for number in range(int(sys.argv[2]), int(sys.argv[3])):
        await database.write("INSERT INTO note VALUES (?, ?)", (number, "x" * (number % 3000)))
        print(number, flush=True)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
async def test_every_acknowledged_write_survives_a_kill_in_the_middle_of_ten_thousand(tmp_path: Path) -> None:
    file, problems = tmp_path / "x.sqlite3", ProblemBoard(EventBus(lambda error, **_: None))
    begin = 0
    for _ in range(ROUNDS):
        after = random.randrange(20, 600)
        acknowledged = acknowledged_until_killed(WRITER, str(file), str(begin), str(begin + WRITES), after=after)
        database = Database(file, NOTES, problems=problems)
        try:
            rows = await database.read("SELECT number, length(text) FROM note ORDER BY rowid")
            assert await database.read("PRAGMA integrity_check") == [("ok",)]
        finally:
            database.close()
        assert acknowledged < begin + WRITES - 1
        assert len(rows) in {acknowledged + 1, acknowledged + 2}, (
            "one more may be safe whose acknowledgement did not get through"
        )
        assert rows == [(number, number % 3000) for number in range(len(rows))]
        begin = len(rows)
    assert problems.current() == (), "nothing was set aside"

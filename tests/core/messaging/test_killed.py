"""Killed again and again while it writes, sends and receives, the message service loses nothing that was acknowledged, sends
nothing twice and stores nothing twice."""

import asyncio
import random
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from callmanager.messaging.mailbox import FILE_NAME
from message_bench.carrier import Carrier

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")]

TESTS = Path(__file__).parents[2]
PEERS = tuple(f"+1202555010{number}" for number in range(5))


@pytest.fixture
async def carrier() -> AsyncIterator[Carrier]:
    carrier = Carrier()
    await carrier.open()
    yield carrier
    await carrier.close()


async def child(folder: Path, carrier: Carrier, what: str, *numbers: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "message_bench.child", str(folder), str(carrier.port), what, *map(str, numbers)),
        cwd=TESTS,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )


async def acknowledged(carrier: Carrier, count: int) -> None:
    async with asyncio.timeout(30):
        while len(carrier.acknowledged) < count:  # noqa: ASYNC110 - the carrier is told by another process
            await asyncio.sleep(0.0005)


def received(folder: Path) -> Counter[str]:
    """How often each message of the carrier's is stored."""
    with closing(sqlite3.connect(folder / FILE_NAME)) as connection:
        return Counter(identity for (identity,) in connection.execute("SELECT remote_id FROM message WHERE received"))


async def test_a_kill_at_any_moment_neither_loses_nor_doubles_a_message(tmp_path: Path, carrier: Carrier) -> None:
    chance = random.Random(20260301)
    written: list[str] = []
    for life in range(6):
        process = await child(tmp_path, carrier, "write", life * 1000, 400)
        assert process.stdout is not None
        written += [(await process.stdout.readline()).decode().strip() for _ in range(chance.randint(1, 60))]
        await asyncio.sleep(chance.random() / 100)  # anywhere between two lines
        process.send_signal(signal.SIGKILL)
        written += (await process.stdout.read()).decode().split()
        assert await process.wait() == -signal.SIGKILL
    last = await child(tmp_path, carrier, "settle")
    assert await asyncio.wait_for(last.wait(), 60) == 0

    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection:
        stored = dict(connection.execute("SELECT id, delivery FROM message"))
    assert len(written) > 50
    assert set(written) <= set(stored)
    assert set(stored.values()) <= {"sent", "uncertain"}
    assert {one: times for one, times in carrier.count.items() if times > 1} == {}
    assert {one for one, delivery in stored.items() if delivery == "sent" and carrier.count[one] != 1} == set()
    assert set(carrier.count) <= set(stored)
    uncertain = sum(delivery == "uncertain" for delivery in stored.values())
    assert uncertain <= 6 * 5  # at most what was under way at each kill: one a conversation
    for ids in carrier.order.values():
        assert ids == sorted(ids)


async def test_a_kill_while_messages_come_in_neither_loses_nor_doubles_one(tmp_path: Path, carrier: Carrier) -> None:
    chance = random.Random(20261125)
    offered: list[str] = []
    unheard: set[str] = set()
    for life in range(8):
        for number in range(120):
            offered.append(f"in-{life}-{number:03}")
            await carrier.come_in(f"text {life} {number}", remote_id=offered[-1], peer=PEERS[number % len(PEERS)])
        dies_at = chance.randint(1, 60) if life % 2 else 0
        process = await child(tmp_path, carrier, "listen", dies_at)
        if not dies_at:
            await acknowledged(carrier, len(carrier.acknowledged) + chance.randint(1, 60))
            await asyncio.sleep(chance.random() / 100)  # anywhere between two messages
            process.send_signal(signal.SIGKILL)
        assert await asyncio.wait_for(process.wait(), 60) == -signal.SIGKILL
        await carrier.rest()
        assert carrier.offered, "it was killed after the work was done"
        stored = received(tmp_path)
        assert set(carrier.acknowledged) <= set(stored)
        assert set(stored.values()) == {1}
        unheard |= set(stored) & set(carrier.offered)
    assert unheard, "no message came a second time"

    last = await child(tmp_path, carrier, "listen", 0)
    async with asyncio.timeout(60):
        while carrier.offered:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.001)
    assert last.stdin is not None
    last.stdin.close()
    assert await asyncio.wait_for(last.wait(), 60) == 0
    assert received(tmp_path) == Counter(offered)
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.execute("INSERT INTO search (search) VALUES ('integrity-check')")  # raises
        unread = dict(connection.execute("SELECT peer, unread FROM conversation"))
        (found,) = connection.execute("SELECT count(*) FROM search WHERE search MATCH 'text'").fetchone()
    assert unread == dict.fromkeys(PEERS, len(offered) // len(PEERS))
    assert found == len(offered)

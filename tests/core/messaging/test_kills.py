"""Killed again and again while it writes and sends, the outbox loses nothing that was acknowledged and sends nothing twice."""

import asyncio
import random
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from callmanager.messaging.mailbox import FILE_NAME
from message_bench.carrier import Carrier

TESTS = Path(__file__).parents[2]


@pytest.fixture
async def carrier() -> AsyncIterator[Carrier]:
    carrier = Carrier()
    await carrier.open()
    yield carrier
    await carrier.close()


async def child(folder: Path, carrier: Carrier, first: int, count: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "message_bench.child", str(folder), str(carrier.port), str(first), str(count)),
        cwd=TESTS,
        stdout=asyncio.subprocess.PIPE,
    )


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
async def test_a_kill_at_any_moment_neither_loses_nor_doubles_a_message(tmp_path: Path, carrier: Carrier) -> None:
    chance = random.Random(20260301)
    acknowledged: list[str] = []
    for life in range(6):
        process = await child(tmp_path, carrier, first=life * 1000, count=400)
        assert process.stdout is not None
        acknowledged += [(await process.stdout.readline()).decode().strip() for _ in range(chance.randint(1, 60))]
        await asyncio.sleep(chance.random() / 100)  # anywhere between two lines
        process.send_signal(signal.SIGKILL)
        acknowledged += (await process.stdout.read()).decode().split()
        assert await process.wait() == -signal.SIGKILL
    last = await child(tmp_path, carrier, first=0, count=0)
    assert await asyncio.wait_for(last.wait(), 60) == 0

    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        stored = dict(connection.execute("SELECT id, delivery FROM message"))
    connection.close()
    assert len(acknowledged) > 50
    assert set(acknowledged) <= set(stored)
    assert set(stored.values()) <= {"sent", "uncertain"}
    assert {one: times for one, times in carrier.count.items() if times > 1} == {}
    assert {one for one, delivery in stored.items() if delivery == "sent" and carrier.count[one] != 1} == set()
    assert set(carrier.count) <= set(stored)
    uncertain = sum(delivery == "uncertain" for delivery in stored.values())
    assert uncertain <= 6 * 5  # at most what was under way at each kill: one a conversation
    for ids in carrier.order.values():
        assert ids == sorted(ids)

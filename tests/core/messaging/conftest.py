"""The bench of the message service, ended after each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from message_bench.service import Bench


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    await bench.service.close()

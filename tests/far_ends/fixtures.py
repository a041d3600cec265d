"""Fixtures that start far ends and end them after the test; loaded as a pytest plugin under the name `far_ends.fixtures`."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from pbx.bench import AsteriskPbx

from far_ends.baresip import Baresip
from far_ends.jssip import JsSipPhone
from far_ends.process import FarEndMissing
from far_ends.sipp import Sipp

BaresipFactory = Callable[..., Awaitable[Baresip]]
JsSipFactory = Callable[..., Awaitable[JsSipPhone]]
SippFactory = Callable[..., Sipp]


@pytest.fixture
async def baresip_at(tmp_path: Path) -> AsyncIterator[BaresipFactory]:
    """``await baresip_at(pbx, "3001", tone_hz=800)`` gives a registered phone; options are those of `Baresip`."""
    async with AsyncExitStack() as stack:

        async def make(pbx: AsteriskPbx, user: str, **options: Any) -> Baresip:
            options.setdefault("ca_file", pbx.ca_file)
            phone = Baresip(pbx.account(user), folder=tmp_path, local_address=pbx.client_address, **options)
            with skipping_when_missing():
                return await stack.enter_async_context(phone)

        yield make


@pytest.fixture
async def jssip_at(tmp_path: Path) -> AsyncIterator[JsSipFactory]:
    """``await jssip_at(pbx, "2002")`` gives a registered browser phone; options are those of `JsSipPhone`."""
    async with AsyncExitStack() as stack:

        async def make(pbx: AsteriskPbx, user: str, **options: Any) -> JsSipPhone:
            phone = JsSipPhone(pbx.account(user), folder=tmp_path, server_certificate=pbx.server_certificate_file, **options)
            with skipping_when_missing():
                return await stack.enter_async_context(phone)

        yield make


@pytest.fixture
async def sipp_at(tmp_path: Path) -> AsyncIterator[SippFactory]:
    """``sipp_at(pbx, "3002")`` gives a scripted far end, not registered yet."""
    made: list[Sipp] = []

    def make(pbx: AsteriskPbx, user: str) -> Sipp:
        far = Sipp(pbx.account(user), folder=tmp_path, local_address=pbx.client_address)
        made.append(far)
        return far

    yield make
    for far in made:
        await far.stop()


class skipping_when_missing:  # noqa: N801 - reads as a statement where it is used
    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, FarEndMissing):
            if os.environ.get("CI"):
                pytest.fail(f"CI is set and {error}", pytrace=False)
            pytest.skip(str(error))

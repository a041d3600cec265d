"""An office in this process, and a phone that is registered with it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from callmanager_demo.office.reception import Reception
from callmanager_demo.office.server import Credentials, Office
from callmanager_demo.office.timers import Timers
from plugins.demo.raw_phone import PASSWORD, USER, RawPhone, raw_phone

SHORT = Timers(t1=0.03, t2=0.2, t4=0.2)


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    office = Office(Credentials(user=USER, password=PASSWORD), timers=SHORT)
    Reception(office, call_after=600.0, call_back_after=0.05).open()
    await office.open()
    yield office
    await office.close()


@pytest.fixture
async def phone(office: Office) -> AsyncIterator[RawPhone]:
    async with raw_phone(office.port) as phone:
        yield phone

"""The real engine, process and all, keeps to the contract that the fake one keeps to."""

import logging

import pytest
from callmanager.testing.conformance import check_call_engine
from callmanager_sip_engine.supervisor import EngineSupervisor


@pytest.mark.slow
async def test_the_engine_keeps_to_the_contract_of_engines() -> None:
    log = logging.LoggerAdapter(logging.getLogger("test.engine"), {})
    assert await check_call_engine(lambda: EngineSupervisor(log)) == []

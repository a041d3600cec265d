"""A certificate authority for the run, and an edge between a fake PBX and a raw client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import attrs
import pytest
from callmanager_sip_engine.edge import Edge, EdgeSettings
from plugins.sip_engine.edge.far_ends import Authority, FakePbx, RawClient, Witness, fake_pbx, raw_client


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"), "office-ca")


@pytest.fixture(scope="session")
def foreign_authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("foreign"), "foreign-ca")


@pytest.fixture
async def fake(authority: Authority) -> AsyncIterator[FakePbx]:
    async with fake_pbx(authority.server_context()) as server:
        yield server


@attrs.frozen(kw_only=True)
class Bench:
    """One edge with both its neighbours."""

    edge: Edge
    witness: Witness
    pbx: FakePbx
    client: RawClient
    port: int
    settings: EdgeSettings


@pytest.fixture
def settings(fake: FakePbx, authority: Authority) -> EdgeSettings:
    return EdgeSettings(host="127.0.0.1", port=fake.port, transport="wss", ca_file=Path(authority.ca_file))


@pytest.fixture
async def bench(fake: FakePbx, settings: EdgeSettings) -> AsyncIterator[Bench]:
    witness = Witness()
    edge = Edge(settings, witness)
    port = await edge.start()
    try:
        await edge.connect()
        await fake.arrived.wait()
        async with raw_client(port) as client:
            yield Bench(edge=edge, witness=witness, pbx=fake, client=client, port=port, settings=settings)
    finally:
        await edge.stop()

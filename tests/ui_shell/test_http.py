"""The HTTP client on the loop that the product uses: Qt's."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from callmanager.api import CertificateRefused, Context, NetworkSettings, Permissions, Unreachable
from callmanager.testing import Harness, running
from callmanager.testing.web import WebServer
from pbx.certificates import CertificateAuthority, server_context
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop


class Crm:
    permissions = Permissions(network=("*",))

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx


@pytest.fixture
async def harness(tmp_path: Path, qt: QApplication) -> AsyncIterator[Harness]:
    async with running(tmp_path, plugins={"crm": Crm}) as started:
        yield started


async def test_a_plugin_asks_over_tls_in_time_and_beside_others(harness: Harness, tmp_path: Path) -> None:
    assert isinstance(asyncio.get_running_loop(), QEventLoop)
    http = harness.app.plugins._entries["crm"].instance.ctx.http
    authority = CertificateAuthority(tmp_path / "ca")
    authority.create()
    authority.issue(tmp_path / "server.pem", names=("localhost",))

    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with WebServer(tls=server_context(tmp_path / "server.pem")) as server:
        server.answer("/", body=b"x" * 300_000)
        server.misbehave("/stall", stall)
        with pytest.raises(CertificateRefused, match="SHA-256 fingerprint"):
            await http.get(server.url())
        harness.app.settings.update(NetworkSettings, ca_file=authority.certificate)
        answers = await asyncio.gather(*(http.get(server.url()) for _ in range(20)))
        assert {len(answer.body) for answer in answers} == {300_000}
        with pytest.raises(Unreachable, match="does not answer"):
            await http.get(server.url("/stall"), timeout=0.1)
        waiting = asyncio.create_task(http.get(server.url("/stall")))
        await harness.until(lambda: server.requests[-1].path == "/stall")
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    with pytest.raises(Unreachable, match="can't be reached"):
        await http.get("https://nowhere.invalid/")


async def test_disabling_the_plugin_closes_its_client(harness: Harness) -> None:
    http = harness.app.plugins._entries["crm"].instance.ctx.http
    async with WebServer() as server:
        server.answer("/", body=b"x")
        await http.get(server.url())
        await harness.app.plugins.disable("crm")
        with pytest.raises(RuntimeError, match="closed"):
            await http.get(server.url())

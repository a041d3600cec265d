"""A plugin's client, the server it talks to, and certificates of every kind."""

from collections.abc import AsyncIterator, Callable

import pytest
from callmanager.http.client import PluginHttp
from callmanager.testing import Harness
from callmanager.testing.web import WebServer
from pbx.certificates import CertificateAuthority


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def server() -> AsyncIterator[WebServer]:
    async with WebServer() as started:
        yield started


@pytest.fixture
async def make_client(harness: Harness) -> AsyncIterator[Callable[..., PluginHttp]]:
    made: list[PluginHttp] = []

    def make(**options: object) -> PluginHttp:
        made.append(harness.app.http.client("crm", **options))
        return made[-1]

    yield make
    for client in made:
        await client.close()


@pytest.fixture
def client(make_client: Callable[..., PluginHttp]) -> PluginHttp:
    return make_client()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    made = CertificateAuthority(tmp_path_factory.mktemp("certificates") / "ours", name="Example Company CA")
    made.create()
    made.issue(made.folder / "valid.pem", names=("localhost", "api.example.com"))
    made.issue(made.folder / "expired.pem", names=("localhost",), expired=True)
    made.issue(made.folder / "wrong-name.pem", names=("elsewhere.example.com",))
    return made


@pytest.fixture(scope="session")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    made = CertificateAuthority(tmp_path_factory.mktemp("certificates") / "foreign", name="Nobody's CA")
    made.create()
    made.issue(made.folder / "foreign.pem", names=("localhost",))
    return made

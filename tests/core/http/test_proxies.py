"""The proxy of Settings, of the environment and of the operating system; loopback goes straight."""

import base64
import urllib.request

import pytest
from callmanager.api import CertificateRefused, NetworkSettings, SettingsError, SignInNeeded, Unreachable
from callmanager.http.client import PluginHttp
from callmanager.http.proxies import choose
from callmanager.testing import Harness
from callmanager.testing.web import WebServer
from core.http.proxy_server import Proxy
from pbx.certificates import CertificateAuthority, server_context


async def test_the_environments_proxy_is_used_for_both_kinds_of_address(
    client: PluginHttp, harness: Harness, authority: CertificateAuthority, server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.app.settings.update(NetworkSettings, ca_file=authority.certificate)
    async with WebServer(tls=server_context(authority.folder / "valid.pem")) as secure, Proxy(secure.port) as tunnel:
        secure.answer("/a", body=b"secure")
        monkeypatch.setenv("https_proxy", tunnel.address)
        assert (await client.get("https://api.example.com/a")).body == b"secure"
        assert tunnel.asked == ["CONNECT api.example.com:443 HTTP/1.1"]
    async with Proxy(server.port) as plain:
        server.answer("/b", body=b"plain")
        monkeypatch.setenv("http_proxy", plain.address.removeprefix("http://"))
        assert (await client.get("http://api.example.com/b")).body == b"plain"
        assert plain.asked == ["GET http://api.example.com/b HTTP/1.1"]


async def test_a_foreign_certificate_behind_a_proxy_is_refused_and_shown(
    client: PluginHttp, harness: Harness, foreign: CertificateAuthority
) -> None:
    async with WebServer(tls=server_context(foreign.folder / "foreign.pem")) as secure, Proxy(secure.port) as tunnel:
        harness.app.settings.update(NetworkSettings, proxy=tunnel.address)
        with pytest.raises(CertificateRefused, match="Nobody's CA") as caught:
            await client.get("https://api.example.com/")
        assert caught.value.certificate is not None
        assert secure.requests == []


async def test_a_proxy_that_wants_a_password_gets_the_one_of_settings(
    client: PluginHttp, harness: Harness, authority: CertificateAuthority, caplog: pytest.LogCaptureFixture
) -> None:
    harness.app.settings.update(NetworkSettings, ca_file=authority.certificate)
    login = base64.b64encode(b"worker@example:p:w/d#1").decode()
    async with (
        WebServer(tls=server_context(authority.folder / "valid.pem")) as secure,
        Proxy(secure.port, login=login) as tunnel,
    ):
        secure.answer("/", body=b"in")
        harness.app.settings.update(NetworkSettings, proxy=tunnel.address)
        with pytest.raises(SignInNeeded, match=r"the proxy http://127\.0\.0\.1:.* wants a name and a password"):
            await client.get("https://api.example.com/")
        harness.app.settings.update(NetworkSettings, proxy_user="worker@example")
        await harness.app.settings.set_secret(NetworkSettings, "proxy_password", "p:w/d#1")
        assert (await client.get("https://api.example.com/")).body == b"in"
    assert "p:w/d#1" not in caplog.text


async def test_a_proxy_that_is_gone_is_named_without_its_login(client: PluginHttp, monkeypatch: pytest.MonkeyPatch) -> None:
    async with WebServer() as gone:
        monkeypatch.setenv("https_proxy", f"http://me:geheim@127.0.0.1:{gone.port}")
    with pytest.raises(
        Unreachable, match=r"api\.example\.com can't be reached through the proxy http://127\.0\.0\.1"
    ) as caught:
        await client.get("https://api.example.com/")
    assert "geheim" not in str(caught.value)


async def test_none_goes_straight_whatever_the_environment_says(
    client: PluginHttp, harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.app.settings.update(NetworkSettings, proxy="none")
    async with Proxy(1) as proxy:
        monkeypatch.setenv("https_proxy", proxy.address)
        with pytest.raises(Unreachable, match=r"api\.example\.com can't be reached: "):
            await client.get("https://api.example.com/")
        assert proxy.asked == []


def chosen(host: str, *, setting: str = "system", scheme: str = "https", port: int = 443) -> str | None:
    return choose(setting, scheme=scheme, host=host, port=port)


def test_exceptions_of_the_environment_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.test:3128")
    monkeypatch.setenv("no_proxy", "intern.example.com, .corp.test,10.0.0.0/8,192.0.2.7,fd00::/8,nonsense/99")
    straight = ["intern.example.com", "a.intern.example.com", "x.corp.test", "10.1.2.3", "192.0.2.7", "fd00::1"]
    straight += ["localhost", "a.localhost", "127.0.0.1", "::1"]
    assert [host for host in straight if chosen(host) is not None] == []
    assert chosen("api.example.com") == chosen("192.0.2.8") == chosen("11.1.2.3") == "http://proxy.test:3128"
    assert chosen("api.example.com", scheme="http", port=80) is None


def test_what_the_operating_system_says_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urllib.request, "getproxies", lambda: {"http": "http://p.test:1", "https": "p.test:2"})
    monkeypatch.setattr(urllib.request, "proxy_bypass", lambda host: host == "intern.test:443")
    assert (chosen("a.test"), chosen("a.test", scheme="http")) == ("http://p.test:2", "http://p.test:1")
    assert chosen("intern.test") is None


@pytest.mark.parametrize("proxy", ["socks5://me:geheim@p.test:1080", "http://", "http://p.test:0", "http://[::1"])
def test_a_proxy_that_cannot_be_used_is_told_without_its_login(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("all_proxy", proxy)
    with pytest.raises(Unreachable, match="only http and https") as caught:
        chosen("a.test")
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    "value", ["system", "none", "http://proxy.example.com:3128", "https://10.0.0.1", "http://[fd00::1]:80/"]
)
def test_the_setting_takes(harness_settings, value: str) -> None:
    assert harness_settings.check(NetworkSettings, "proxy", value) == ""


@pytest.mark.parametrize(
    "value",
    ["", "proxy", "proxy.example.com:3128", "socks5://p", "http://", "http://p:0", "http://p/path", "http://u:p@proxy.test:1"],
)
def test_the_setting_refuses(harness_settings, value: str) -> None:
    assert "must be" in harness_settings.check(NetworkSettings, "proxy", value)
    with pytest.raises(SettingsError):
        harness_settings.update(NetworkSettings, proxy=value)


@pytest.fixture
async def harness_settings(harness: Harness):
    return harness.app.settings

"""TLS is verified, always, and a refusal says what was refused."""

import hashlib
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from callmanager.api import CertificateRefused, NetworkSettings, Unreachable
from callmanager.http import trust
from callmanager.http.client import PluginHttp
from callmanager.testing import Harness
from callmanager.testing.web import WebServer
from pbx.certificates import CertificateAuthority, certificate_der, server_context


@pytest.fixture(params=["openssl", "operating system"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The way of Linux, and that of Windows and macOS (which truststore takes here with OpenSSL underneath)."""
    make: Callable[[], ssl.SSLContext] = trust._openssl if request.param == "openssl" else trust._operating_system
    monkeypatch.setattr(trust, "_openssl", make)


async def test_a_certificate_of_the_companys_own_authority_is_trusted_once_its_file_is_set(
    client: PluginHttp, harness: Harness, authority: CertificateAuthority, either_way: None
) -> None:
    async with WebServer(tls=server_context(authority.folder / "valid.pem")) as server:
        server.answer("/", body=b"private")
        with pytest.raises(CertificateRefused):
            await client.get(server.url())
        assert server.requests == []
        harness.app.settings.update(NetworkSettings, ca_file=authority.certificate)
        assert (await client.get(server.url())).body == b"private"


@pytest.mark.parametrize(
    ("certificate", "problem"),
    [
        ("expired.pem", "certificate has expired"),
        ("wrong-name.pem", "Hostname mismatch"),
        ("foreign.pem", "unable to get local issuer certificate"),
    ],
)
async def test_a_bad_certificate_is_refused_before_anything_is_sent_and_shown(
    client: PluginHttp, harness: Harness, authority: CertificateAuthority, foreign: CertificateAuthority, either_way: None,
    certificate: str, problem: str,
) -> None:  # fmt: skip
    harness.app.settings.update(NetworkSettings, ca_file=authority.certificate)
    file = (foreign if certificate == "foreign.pem" else authority).folder / certificate
    fingerprint = _fingerprint(file)
    async with WebServer(tls=server_context(file)) as server:
        with pytest.raises(CertificateRefused, match=problem) as caught:
            await client.post(server.url("/in"), content=b"private", auth=("me", "geheim"))
        assert server.requests == []
    evidence = caught.value.certificate
    assert evidence is not None
    assert evidence.sha256 == fingerprint
    assert fingerprint in str(caught.value)
    issuer = "Nobody's CA" if certificate == "foreign.pem" else "Example Company CA"
    assert issuer in evidence.issuer
    assert issuer in str(caught.value)
    assert evidence.not_before < evidence.not_after


def _fingerprint(file: Path) -> str:
    return ":".join(f"{byte:02X}" for byte in hashlib.sha256(certificate_der(file)).digest())


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
async def test_a_server_of_yesterday_is_refused(client: PluginHttp, harness: Harness, authority: CertificateAuthority) -> None:
    harness.app.settings.update(NetworkSettings, ca_file=authority.certificate)
    old = server_context(authority.folder / "valid.pem")
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    async with WebServer(tls=old) as server:
        with pytest.raises(Unreachable, match="can't be reached"):
            await client.get(server.url())


async def test_a_plain_server_behind_an_https_address_is_unreachable(client: PluginHttp, server: WebServer) -> None:
    with pytest.raises(Unreachable):
        await client.get(f"https://localhost:{server.port}/", timeout=2)


async def test_a_redirect_from_https_to_http_is_not_followed(
    client: PluginHttp, harness: Harness, authority: CertificateAuthority, server: WebServer
) -> None:
    harness.app.settings.update(NetworkSettings, ca_file=authority.certificate)
    async with WebServer(tls=server_context(authority.folder / "valid.pem")) as secure:
        secure.answer("/", status=302, headers={"Location": server.url("/plain")})
        with pytest.raises(Exception, match="from https to http"):
            await client.get(secure.url())
    assert server.requests == []


@pytest.mark.parametrize("content", [None, "no certificate in here"])
async def test_a_ca_file_that_cannot_be_used_is_named(
    client: PluginHttp, harness: Harness, server: WebServer, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    harness.app.settings.update(NetworkSettings, ca_file=file)
    with pytest.raises(Unreachable, match=r"the CA file .*ca\.pem can't be used: .*choose another"):
        await client.get(server.url())
    assert server.requests == []


def test_the_authorities_of_the_system_are_trusted() -> None:
    context = trust.client_context()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_certificates_of_the_bundle_are_not_added_to_those_of_the_system(
    monkeypatch: pytest.MonkeyPatch, authority: CertificateAuthority
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    monkeypatch.setenv("SSL_CERT_DIR", str(authority.folder / "none"))
    assert trust.client_context().cert_store_stats()["x509_ca"] == 1


def test_another_place_of_the_distribution_is_found(monkeypatch: pytest.MonkeyPatch, authority: CertificateAuthority) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent")
    monkeypatch.setenv("SSL_CERT_DIR", "/nonexistent")
    monkeypatch.setattr(trust, "_BUNDLES", ("/nonexistent", str(authority.certificate)))
    assert trust.client_context().cert_store_stats()["x509_ca"] == 1


@pytest.mark.expects_log("no certificate authorities of its own")
def test_a_system_without_authorities_gets_mozillas_and_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent")
    monkeypatch.setenv("SSL_CERT_DIR", "/nonexistent")
    monkeypatch.setattr(trust, "_BUNDLES", ())
    assert trust.client_context().cert_store_stats()["x509_ca"] > 50

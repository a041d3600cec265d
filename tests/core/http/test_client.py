"""What a plugin asks of a web service, and what it is told when that goes wrong."""

import asyncio
import gzip
import logging
import zlib
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime

import attrs
import pytest
from callmanager.api import HostNotAllowed, HttpError, NetworkSettings, SignInNeeded, Unreachable
from callmanager.http.client import PluginHttp
from callmanager.testing import Harness
from callmanager.testing.web import WebServer

Clients = Callable[..., PluginHttp]


async def test_an_answer_comes_whole_with_status_headers_and_words(client: PluginHttp, server: WebServer) -> None:
    server.answer(
        "/who", headers={"Content-Type": "text/plain; charset=latin-1", "X-Much": "yes"}, body="Müller".encode("latin-1")
    )
    answer = await client.get(server.url("/who"), params={"number": "602", "page": 2})
    assert (answer.status, answer.text, answer.headers["x-much"]) == (200, "Müller", "yes")
    (request,) = server.requests
    assert request.target == "/who?number=602&page=2"
    assert request.headers["user-agent"].startswith("PC-CallManager/")
    assert "cookie" not in request.headers


async def test_each_kind_of_body_arrives_as_it_is_meant(client: PluginHttp, server: WebServer) -> None:
    server.answer("/in", status=201, body=b'{"id": 7}')
    answer = await client.post(server.url("/in"), json={"text": "grüß"}, auth=("sid", "sécret"), headers={"App-Key": "k"})
    assert answer.json() == {"id": 7}
    await client.post(server.url("/in"), form={"To": "+1555", "Body": "a b&c"})
    await client.request("put", server.url("/in"), content=b"\0\1", headers={"Content-Type": "audio/wav"})
    first, second, third = server.requests
    assert (first.body, first.headers["content-type"]) == ('{"text": "grüß"}'.encode(), "application/json")
    assert (first.headers["authorization"], first.headers["app-key"]) == ("Basic c2lkOnPDqWNyZXQ=", "k")
    assert (second.body, second.headers["content-type"]) == (b"To=%2B1555&Body=a+b%26c", "application/x-www-form-urlencoded")
    assert (third.method, third.body, third.headers["content-type"]) == ("PUT", b"\0\1", "audio/wav")
    with pytest.raises(TypeError, match="one body"):
        await client.post(server.url("/in"), json={}, content=b"")


async def test_connections_are_kept_between_requests(client: PluginHttp, server: WebServer) -> None:
    server.answer("/", body=b"x")
    for _ in range(3):
        await client.get(server.url())
    assert (len(server.requests), server.connections) == (3, 1)


async def test_cookies_are_not_kept(client: PluginHttp, server: WebServer) -> None:
    server.answer("/", headers={"Set-Cookie": "session=1; Path=/"})
    await client.get(server.url())
    await client.get(server.url())
    assert "cookie" not in server.requests[1].headers


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (401, SignInNeeded, "refuses the credentials"),
        (403, SignInNeeded, "refuses the credentials"),
        (407, SignInNeeded, "proxy"),
        (408, Unreachable, "status 408"),
        (429, Unreachable, "left alone"),
        (500, Unreachable, "status 500"),
        (503, Unreachable, "status 503"),
        (400, HttpError, "status 400"),
        (404, HttpError, "status 404"),
        (410, HttpError, "status 410"),
        (304, HttpError, "status 304"),
    ],
)
async def test_a_status_becomes_an_error_that_says_what_to_do(
    client: PluginHttp, server: WebServer, status: int, error: type[Exception], words: str
) -> None:
    server.answer("/x", status=status, body=b"" if status == 304 else b"no\x07 such\nthing")
    with pytest.raises(error, match=words) as caught:
        await client.get(server.url("/x?token=geheim"))
    assert type(caught.value) is error
    assert "geheim" not in str(caught.value)
    if status in {400, 404, 410}:
        assert (caught.value.status, caught.value.detail) == (status, "no such thing")
    answer = await client.get(server.url("/x"), accept=(status,))
    assert answer.status == status


async def test_the_pause_that_a_server_asks_for_is_handed_on(client: PluginHttp, server: WebServer, harness: Harness) -> None:
    in_a_minute = format_datetime(harness.clock() + timedelta(seconds=60), usegmt=True)
    wanted = {"7": 7.0, in_a_minute: 60.0, "Thu, 01 Jan 1970 00:00:00 GMT": 0.0, "99999999999": 3600.0, "soon": None, "": None}
    for header, seconds in wanted.items():
        server.answer("/busy", status=429, headers={"Retry-After": header})
        with pytest.raises(Unreachable) as caught:
            await client.get(server.url("/busy"))
        assert caught.value.retry_after == seconds


# ------------------------------------------------------------------------------------------------------ servers that misbehave


async def test_a_server_that_stalls_is_given_up(client: PluginHttp, server: WebServer) -> None:
    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    server.misbehave("/", stall)
    with pytest.raises(Unreachable, match="does not answer"):
        await client.get(server.url(), timeout=0.1)


async def test_a_server_that_drips_is_given_up_as_well(client: PluginHttp, server: WebServer) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while not writer.transport.is_closing():
            writer.write(b".")
            await asyncio.sleep(0.02)

    server.misbehave("/", drip)
    with pytest.raises(Unreachable, match="takes too long"):
        await client.get(server.url(), timeout=0.1)


DROPS = {
    "nothing": b"",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "half a body": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345",
    "garbage": b"\x16\x03\x01\x02\x00\x01 SSH-2.0 hello\r\n\r\n",
    "another protocol": b"RTSP/1.0 200 OK\r\n\r\n",
    "no number": b"HTTP/1.1 abc OK\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nabc",
    "a chunk shorter than it says": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\nshort\r\n",
    "a chunk whose size is none": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nshort\r\n0\r\n\r\n",
    "no last chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
    "endless headers": b"HTTP/1.1 200 OK\r\n" + b"X-Filler: y\r\n" * 20_000,
}


@pytest.mark.parametrize("sent", DROPS.values(), ids=DROPS.keys())
async def test_a_server_that_drops_or_talks_rubbish_is_unreachable(client: PluginHttp, server: WebServer, sent: bytes) -> None:
    async def rubbish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        await writer.drain()
        writer.close()

    server.misbehave("/", rubbish)
    with pytest.raises(Unreachable):
        await client.get(server.url(), timeout=2)
    server.answer("/", body=b"fine")
    assert (await client.get(server.url())).body == b"fine"


async def test_a_body_larger_than_the_limit_is_refused_and_the_caller_may_raise_it(
    client: PluginHttp, server: WebServer
) -> None:
    server.answer("/large", body=b"x" * 5_000_001)
    with pytest.raises(HttpError, match="larger than 5000000 bytes"):
        await client.get(server.url("/large"))
    assert len((await client.get(server.url("/large"), limit=6_000_000)).body) == 5_000_001


async def test_a_body_without_an_end_is_refused_at_the_limit(client: PluginHttp, server: WebServer) -> None:
    written = 0

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not writer.transport.is_closing():
            writer.write(b"10000\r\n" + b"x" * 65_536 + b"\r\n")
            written += 65_536
            await writer.drain()
            await asyncio.sleep(0)

    server.misbehave("/", endless)
    with pytest.raises(HttpError, match="larger than 1000000"):
        await client.get(server.url(), limit=1_000_000)
    assert written < 20_000_000


async def test_a_compressed_answer_is_unpacked(client: PluginHttp, server: WebServer) -> None:
    server.answer("/", headers={"Content-Encoding": "gzip"}, body=gzip.compress(b"hello " * 1000))
    assert (await client.get(server.url())).body == b"hello " * 1000
    assert server.requests[0].headers["accept-encoding"] == "gzip"


async def test_a_compressed_bomb_is_not_blown_up(
    client: PluginHttp, server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    largest = 0
    decompressobj = zlib.decompressobj

    def watched(wbits: int) -> object:
        real = decompressobj(wbits)

        @attrs.define
        class Watched:
            @property
            def eof(self) -> bool:
                return real.eof

            @property
            def unconsumed_tail(self) -> bytes:
                return real.unconsumed_tail

            def decompress(self, data: bytes, most: int) -> bytes:
                nonlocal largest
                plain = real.decompress(data, most)
                largest = max(largest, len(plain))
                return plain

        return Watched()

    monkeypatch.setattr("callmanager.http.wire.zlib.decompressobj", watched)
    server.answer("/", headers={"Content-Encoding": "gzip"}, body=gzip.compress(bytes(200_000_000), compresslevel=9))
    with pytest.raises(HttpError, match="larger than"):
        await client.get(server.url())
    assert 0 < largest <= 65_536


@pytest.mark.parametrize("body", [b"not gzip at all", gzip.compress(b"x" * 5000)[:-9]])
async def test_gzip_that_is_none_or_cut_off_is_refused(client: PluginHttp, server: WebServer, body: bytes) -> None:
    server.answer("/", headers={"Content-Encoding": "gzip"}, body=body)
    with pytest.raises(HttpError, match="not the gzip"):
        await client.get(server.url())


async def test_an_encoding_that_nobody_asked_for_is_refused(client: PluginHttp, server: WebServer) -> None:
    server.answer("/", headers={"Content-Encoding": "br"}, body=b"??")
    with pytest.raises(HttpError, match="not asked for"):
        await client.get(server.url())


@pytest.mark.parametrize("body", [b"<html>", b"\xff", b"[" * 200_000])
async def test_an_answer_that_is_no_json_says_so(client: PluginHttp, server: WebServer, body: bytes) -> None:
    server.answer("/", body=body)
    with pytest.raises(HttpError, match="not JSON"):
        (await client.get(server.url())).json()


# ---------------------------------------------------------------------------------------------------- addresses that go nowhere


async def test_a_port_where_nobody_listens_is_unreachable(client: PluginHttp) -> None:
    async with WebServer() as gone:
        url = gone.url()
    with pytest.raises(Unreachable, match="localhost can't be reached"):
        await client.get(url)


async def test_a_name_that_does_not_exist_is_unreachable(client: PluginHttp) -> None:
    with pytest.raises(Unreachable, match=r"nowhere\.invalid can't be reached"):
        await client.get("https://nowhere.invalid/")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "file:///etc/passwd",
        "//example.com",
        "example.com",
        "",
        "http://",
        "http://[::1",
        "http://a:b",
        "http://example.com:0/",
        "http://example.com:99999/",
    ],
)
async def test_what_is_no_web_address_is_refused(client: PluginHttp, url: str) -> None:
    with pytest.raises(HttpError, match="not an http or https address"):
        await client.get(url)


async def test_a_password_in_the_address_is_refused_and_not_told(client: PluginHttp) -> None:
    with pytest.raises(HttpError, match="give them as auth") as caught:
        await client.get("https://me:geheim@api.example.com/")
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\0b"])
async def test_a_header_that_would_be_two_is_not_sent(client: PluginHttp, server: WebServer, value: str) -> None:
    with pytest.raises(HttpError, match="can't be sent"):
        await client.get(server.url(), headers={"X-Name": value})
    assert server.requests == []


# ---------------------------------------------------------------------------------------------------------------------- hosts


async def test_hosts_that_were_not_declared_are_refused_before_a_packet_leaves(make_client: Clients, server: WebServer) -> None:
    client = make_client(allowed_hosts=lambda: ("*.example.com", "127.0.0.1"))
    for host in ("localhost", "example.com", "evilexample.com", "api.example.com.evil.test", "127.0.0.2"):
        with pytest.raises(HostNotAllowed, match=r"crm may not talk to .*\*\.example\.com"):
            await client.get(f"http://{host}:{server.port}/")
    server.answer("/", body=b"in")
    assert (await client.get(f"http://127.0.0.1:{server.port}/")).body == b"in"
    assert len(server.requests) == 1
    with pytest.raises(Unreachable):  # allowed, and not there
        await client.get("https://API.Example.com./")


async def test_a_plugin_that_declared_no_host_reaches_none(make_client: Clients, server: WebServer) -> None:
    with pytest.raises(HostNotAllowed, match="it may talk to: none"):
        await make_client(allowed_hosts=tuple).get(server.url())
    assert server.connections == 0


async def test_a_host_that_is_allowed_later_is_reached_with_the_client_that_a_plugin_kept(
    make_client: Clients, server: WebServer
) -> None:
    allowed = ["pbx.example.com"]
    client = make_client(allowed_hosts=lambda: tuple(allowed))
    with pytest.raises(HostNotAllowed):
        await client.get(server.url())
    allowed[:] = ["localhost"]
    server.answer("/", body=b"in")
    assert (await client.get(f"http://localhost:{server.port}/")).body == b"in"


async def test_a_redirect_does_not_lead_to_a_host_that_is_not_allowed(make_client: Clients, server: WebServer) -> None:
    server.answer("/", status=302, headers={"Location": f"http://127.0.0.1:{server.port}/inner"})
    server.answer("/inner", body=b"secret")
    with pytest.raises(HostNotAllowed):
        await make_client(allowed_hosts=lambda: ("localhost",)).get(server.url())
    assert [request.path for request in server.requests] == ["/"]


# ------------------------------------------------------------------------------------------------------------------ redirects


async def test_a_redirect_on_the_same_server_is_followed_with_everything(client: PluginHttp, server: WebServer) -> None:
    server.answer("/old", status=308, headers={"Location": "/new"})
    server.answer("/new", body=b"here")
    answer = await client.post(server.url("/old"), json={"a": 1}, auth=("a", "b"))
    assert (answer.body, answer.url) == (b"here", server.url("/new"))
    old, new = server.requests
    assert (new.method, new.body, new.headers["authorization"]) == ("POST", old.body, old.headers["authorization"])


@pytest.mark.parametrize("status", [301, 302, 303])
async def test_a_post_becomes_a_get_where_the_web_does_so(client: PluginHttp, server: WebServer, status: int) -> None:
    server.answer("/old", status=status, headers={"Location": "/new"})
    server.answer("/new")
    await client.post(server.url("/old"), content=b"x", headers={"Content-Type": "text/plain"})
    new = server.requests[1]
    assert (new.method, new.body, "content-type" in new.headers) == ("GET", b"", False)


async def test_credentials_do_not_travel_to_another_origin(client: PluginHttp, server: WebServer) -> None:
    async with WebServer() as other:
        server.answer("/", status=302, headers={"Location": f"http://127.0.0.1:{other.port}/file?signed=1"})
        other.answer("/file", body=b"sound")
        headers = {"App-Key": "k", "X-Auth-Secret": "s", "Cookie": "c=1", "Range": "bytes=0-"}
        answer = await client.get(server.url(), auth=("a", "b"), headers=headers)
        assert answer.body == b"sound"
        assert set(other.requests[0].headers) == {"host", "accept", "range"}


async def test_what_was_sent_does_not_travel_to_another_origin(client: PluginHttp, server: WebServer) -> None:
    async with WebServer() as other:
        server.answer("/", status=307, headers={"Location": other.url("/in")})
        with pytest.raises(HttpError, match="redirects what was sent"):
            await client.post(server.url(), content=b"private")
        assert other.requests == []


@pytest.mark.parametrize(
    "location", ["ftp://example.com/", "http://:80/", "http://a@localhost/", "javascript:alert(1)", "http://[::1"]
)
async def test_a_redirect_to_nowhere_is_refused(client: PluginHttp, server: WebServer, location: str) -> None:
    server.answer("/", status=302, headers={"Location": location})
    with pytest.raises(HttpError, match="redirects to nowhere"):
        await client.get(server.url())


async def test_a_redirect_in_circles_ends(client: PluginHttp, server: WebServer) -> None:
    server.answer("/a", status=302, headers={"Location": "/b"})
    server.answer("/b", status=302, headers={"Location": "/a"})
    with pytest.raises(HttpError, match="again and again"):
        await client.get(server.url("/a"))
    assert len(server.requests) == 6


# ---------------------------------------------------------------------------------------------------------------- life and log


async def test_a_client_that_is_closed_asks_no_more(client: PluginHttp, server: WebServer) -> None:
    server.answer("/")
    await client.get(server.url())
    await client.close()
    await client.close()
    with pytest.raises(RuntimeError, match="closed"):
        await client.get(server.url())


async def test_requests_run_beside_each_other_and_a_cancelled_one_disturbs_no_other(
    client: PluginHttp, server: WebServer
) -> None:
    release = asyncio.Event()

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")
        await writer.drain()

    server.misbehave("/late", wait)
    server.answer("/now", body=b"now")
    late = [asyncio.create_task(client.get(server.url("/late"))) for _ in range(3)]
    assert (await client.get(server.url("/now"))).body == b"now"
    late[0].cancel()
    release.set()
    results = await asyncio.gather(*late, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert [result.body for result in results[1:] if not isinstance(result, BaseException)] == [b"late", b"late"]


async def test_new_network_settings_are_used_at_once_and_let_the_old_request_end(
    client: PluginHttp, server: WebServer, harness: Harness, authority
) -> None:
    release, asked = asyncio.Event(), asyncio.Event()

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await release.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")
        await writer.drain()

    server.misbehave("/late", wait)
    server.answer("/now", body=b"now")
    late = asyncio.create_task(client.get(server.url("/late")))
    await asked.wait()
    harness.app.settings.update(NetworkSettings, ca_file=authority.certificate)
    assert (await client.get(server.url("/now"))).body == b"now"
    release.set()
    assert (await late).body == b"late"


async def test_the_log_holds_neither_query_nor_credentials(
    client: PluginHttp, server: WebServer, harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.answer("/path", headers={"Set-Cookie": "session=geheim4"}, body=b"x")
    await client.get(
        server.url("/path?key=geheim1"), params={"token": "geheim2"}, auth=("me", "geheim3"), headers={"App-Key": "geheim5"}
    )
    assert f"crm: GET {server.url('/path')}: 200, 1 bytes" in caplog.text
    written = caplog.text + harness.app.paths.log_file.read_text()
    assert "geheim" not in written
    assert "Z2VoZWlt" not in written
    assert "bWU6Z2" not in written

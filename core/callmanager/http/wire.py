"""One exchange over httpx: connections, bounded reading, errors in our words. Imported by the first request only."""

from __future__ import annotations

import ssl
import zlib
from collections.abc import AsyncIterator, Mapping
from typing import Final
from urllib.parse import urlsplit

import attrs
import httpx

from callmanager.errors import CertificateRefused, HttpError, SignInNeeded, Unreachable
from callmanager.http.hosts import normal_host
from callmanager.http.messages import shown
from callmanager.http.proxies import without_login
from callmanager.http.redirects import Asked
from callmanager.http.trust import evidence_of

_CONNECT_SECONDS: Final = 5.0
_LIMITS: Final = httpx.Limits(max_connections=8, max_keepalive_connections=4, keepalive_expiry=30.0)
_STEP: Final = 65_536


@attrs.frozen(kw_only=True)
class Answered:
    """A whole answer; the names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Wire:
    """The connections of one plugin under one trust, a pool per proxy.

    Made of httpx's transports and not of its client, which would follow redirects, keep cookies, read `.netrc` and log
    whole URLs. `retire` closes it once nobody uses it any more.
    """

    def __init__(self, trust: ssl.SSLContext) -> None:
        self._trust = trust
        self._pools: dict[str | None, httpx.AsyncHTTPTransport] = {}
        self._busy = 0
        self._retired = False

    async def exchange(self, asked: Asked, *, proxy: str | None, patience: float, limit: int) -> Answered:
        """Send one request and read the whole answer; `patience` is the longest silence in seconds.

        Raises the errors that protocol `Http` states.
        """
        request = self._request(asked, patience)
        host = request.url.host
        self._busy += 1
        try:
            response = await self._pool(proxy).handle_async_request(request)
            try:
                headers = {name.lower(): value for name, value in response.headers.items()}
                body = await _read(response, headers, asked, limit)
            finally:
                await response.aclose()
            return Answered(status=response.status_code, headers=headers, body=body)
        except httpx.TimeoutException as error:
            raise Unreachable(f"{host} does not answer") from error
        except httpx.ProxyError as error:
            raise _proxy_refused(str(error), proxy) from error
        except httpx.LocalProtocolError as error:
            raise HttpError(f"the request to {host} can't be sent: {error}") from error
        except httpx.TransportError as error:
            raise _broken(error, host=host, proxy=proxy) from error
        finally:
            self._busy -= 1
            if self._retired and not self._busy:
                await self._close()

    async def retire(self) -> None:
        """Close now, or at the end of the exchange that is under way."""
        self._retired = True
        if not self._busy:
            await self._close()

    async def _close(self) -> None:
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            await pool.aclose()

    def _request(self, asked: Asked, patience: float) -> httpx.Request:
        timeout = httpx.Timeout(patience, connect=min(_CONNECT_SECONDS, patience))
        try:
            request = httpx.Request(
                asked.method,
                asked.url,
                headers=dict(asked.headers),
                content=asked.body,
                extensions={"timeout": timeout.as_dict()},
            )
        except (httpx.InvalidURL, UnicodeError, ValueError) as error:
            raise HttpError(f"the request to {shown(asked.url)} can't be sent: {type(error).__name__}") from error
        if normal_host(request.url.host) != normal_host(urlsplit(asked.url).hostname or ""):
            raise HttpError(f"{shown(asked.url)} can be read in two ways")  # the one that was allowed, and another
        return request

    def _pool(self, proxy: str | None) -> httpx.AsyncHTTPTransport:
        pool = self._pools.get(proxy)
        if pool is None:
            by_way_of = None if proxy is None else httpx.Proxy(proxy, ssl_context=self._trust_for(proxy))
            pool = httpx.AsyncHTTPTransport(verify=self._trust, trust_env=False, limits=_LIMITS, proxy=by_way_of)
            self._pools[proxy] = pool
        return pool

    def _trust_for(self, proxy: str) -> ssl.SSLContext | None:
        """A proxy that is reached over TLS is verified like everybody else; httpx refuses a context for a plain one."""
        return self._trust if proxy.startswith("https:") else None


# ------------------------------------------------------------------------------------------------------------------- reading


async def _read(response: httpx.Response, headers: Mapping[str, str], asked: Asked, limit: int) -> bytes:
    """The body, decoded by ourselves: httpx would blow a compressed piece up before anybody could count it."""
    too_large = HttpError(f"the answer of {shown(asked.url)} is larger than {limit} bytes", status=response.status_code)
    stated = headers.get("content-length", "")
    if asked.method != "HEAD" and stated.isdigit() and int(stated[:20]) > limit:
        raise too_large
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"", "identity", "gzip", "x-gzip"}:
        raise HttpError(f"{shown(asked.url)} answers in an encoding that was not asked for", status=response.status_code)
    assert isinstance(response.stream, httpx.AsyncByteStream)
    body = bytearray()
    pieces = response.stream if "gzip" not in encoding else _unzipped(response.stream, asked, response.status_code)
    async for piece in pieces:
        body += piece
        if len(body) > limit:
            raise too_large
    return bytes(body)


async def _unzipped(stream: httpx.AsyncByteStream, asked: Asked, status: int) -> AsyncIterator[bytes]:
    unzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
    broken = HttpError(f"the answer of {shown(asked.url)} is not the gzip that it claims to be", status=status)
    some = False
    async for piece in stream:
        rest = piece
        while rest and not unzip.eof:
            some = True
            try:
                plain = unzip.decompress(rest, _STEP)
            except zlib.error as error:
                raise broken from error
            rest = unzip.unconsumed_tail
            yield plain
    if some and not unzip.eof:
        raise broken


# -------------------------------------------------------------------------------------------------------------------- errors


def _broken(error: httpx.TransportError, *, host: str, proxy: str | None) -> Unreachable | HttpError:
    refused = evidence_of(error)
    if refused is not None:
        problem, certificate = refused
        words = f"the certificate of {host} can't be trusted: {problem}"
        if certificate is not None:
            words += f"; issued by {certificate.issuer}; SHA-256 fingerprint {certificate.sha256}"
        return CertificateRefused(words, certificate=certificate)
    if isinstance(error, httpx.UnsupportedProtocol):
        return HttpError("only http and https addresses can be asked")
    if isinstance(error, httpx.ConnectError):
        way = f" through the proxy {without_login(proxy)}" if proxy else ""
        return Unreachable(f"{host} can't be reached{way}: {_cause(error)}")
    if isinstance(error, httpx.RemoteProtocolError):
        return Unreachable(f"{host} does not answer like a web server: {error}")
    return Unreachable(f"the connection to {host} broke")


def _cause(error: BaseException) -> str:
    """The operating system's own words, which lie deepest, else those of the library."""
    words = str(error)
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            words = cause.strerror
        cause = cause.__cause__ or cause.__context__
    return words or "no connection"


def _proxy_refused(words: str, proxy: str | None) -> Unreachable | SignInNeeded:
    where = f"the proxy {without_login(proxy or '')}"
    if words.startswith("407"):
        return SignInNeeded(f"{where} wants a name and a password; enter them in Settings, Network")
    return Unreachable(f"{where} refuses: {words}")

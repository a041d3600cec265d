"""The HTTP client of one plugin: from what it asks for to an answer or an error in our words."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit

from callmanager import __version__
from callmanager.errors import HttpError, SignInNeeded, Unreachable
from callmanager.http import redirects
from callmanager.http.messages import DEFAULT_LIMIT, DEFAULT_TIMEOUT, HttpOptions, HttpResponse, detail_of, shown

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Collection
    from datetime import datetime

    from typing_extensions import Unpack

    from callmanager.http.hosts import AllowedHosts
    from callmanager.http.service import HttpService
    from callmanager.http.wire import Answered, Wire

_log = logging.getLogger(__name__)

USER_AGENT: Final = f"PC-CallManager/{__version__}"
_WHOLE_EXCHANGE: Final = 6
"""How many times its timeout a request may take in all, so that a server that drips ends as well."""
_LONGEST_PAUSE_ASKED: Final = 3600.0


class PluginHttp:
    """The client of one plugin (protocol `Http`)."""

    def __init__(self, service: HttpService, *, owner: str, hosts: Callable[[], AllowedHosts]) -> None:
        self._service = service
        self._owner = owner
        self._hosts = hosts
        self._wire: Wire | None = None
        self._wire_trust: ssl.SSLContext | None = None
        self._closed = False

    async def request(self, method: str, url: str, **options: Unpack[HttpOptions]) -> HttpResponse:
        import asyncio

        if self._closed:
            raise RuntimeError(f"the HTTP client of {self._owner} is closed")
        timeout, limit = options.get("timeout", DEFAULT_TIMEOUT), options.get("limit", DEFAULT_LIMIT)
        asked = _asked(method, url, options)
        started = time.perf_counter()
        try:
            async with asyncio.timeout(timeout * _WHOLE_EXCHANGE):
                asked, answered = await self._follow(asked, patience=timeout, limit=limit)
        except TimeoutError as error:
            raise Unreachable(f"{urlsplit(asked.url).hostname} takes too long to answer") from error
        _log.debug(
            "%s: %s %s: %d, %d bytes, %.0f ms",
            self._owner, asked.method, shown(asked.url), answered.status, len(answered.body),
            (time.perf_counter() - started) * 1000,
            extra={"plugin": self._owner},
        )  # fmt: skip
        _judge(answered, asked.url, accept=options.get("accept", ()), now=self._service.clock())
        return HttpResponse(status=answered.status, url=asked.url, headers=answered.headers, body=answered.body)

    async def get(self, url: str, **options: Unpack[HttpOptions]) -> HttpResponse:
        return await self.request("GET", url, **options)

    async def post(self, url: str, **options: Unpack[HttpOptions]) -> HttpResponse:
        return await self.request("POST", url, **options)

    async def close(self) -> None:
        """Close all connections. Idempotent."""
        self._closed = True
        wire, self._wire = self._wire, None
        if wire is not None:
            await wire.retire()

    async def _follow(self, asked: redirects.Asked, *, patience: float, limit: int) -> tuple[redirects.Asked, Answered]:
        for _ in range(redirects.MOST + 1):
            self._hosts().check(urlsplit(asked.url).hostname or "")
            wire = await self._open_wire()
            proxy = await self._service.proxy(asked.url)
            answered = await wire.exchange(asked, proxy=proxy, patience=patience, limit=limit)
            location = answered.headers.get("location")
            if answered.status not in redirects.STATUSES or location is None:
                return asked, answered
            asked = redirects.redirected(asked, status=answered.status, location=location)
        raise HttpError(f"{shown(asked.url)} redirects again and again", status=answered.status)

    async def _open_wire(self) -> Wire:
        trust = await self._service.trust()
        from callmanager.http.wire import Wire

        if self._closed:
            raise RuntimeError(f"the HTTP client of {self._owner} is closed")
        if self._wire is None or self._wire_trust is not trust:
            old, self._wire, self._wire_trust = self._wire, Wire(trust), trust
            if old is not None:
                await old.retire()
        wire = self._wire
        assert wire is not None
        return wire


def _asked(method: str, url: str, options: HttpOptions) -> redirects.Asked:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise HttpError(f"{shown(url)} is not an http or https address")
    if parts.username is not None or parts.password is not None:
        raise HttpError(f"the address of {parts.hostname} holds a name or a password; give them as auth")
    if "params" in options:
        query = urlencode([(name, str(value)) for name, value in options["params"].items()])
        parts = parts._replace(query="&".join(filter(None, (parts.query, query))))
    headers = {"user-agent": USER_AGENT, "accept": "*/*", "accept-encoding": "gzip"}
    body, kind = _body(options)
    if kind:
        headers["content-type"] = kind
    if "auth" in options:
        import base64

        name, password = options["auth"]
        headers["authorization"] = "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode("ascii")
    headers |= {name.lower(): value for name, value in options.get("headers", {}).items()}
    return redirects.Asked(method=method.upper(), url=parts._replace(fragment="").geturl(), headers=headers, body=body)


def _body(options: HttpOptions) -> tuple[bytes | None, str]:
    given = [name for name in ("json", "form", "content") if name in options]
    if len(given) > 1:
        raise TypeError(f"a request has one body, not {' and '.join(given)}")
    if "json" in options:
        import json

        return json.dumps(options["json"], ensure_ascii=False, allow_nan=False).encode("utf-8"), "application/json"
    if "form" in options:
        return urlencode(options["form"]).encode("ascii"), "application/x-www-form-urlencoded"
    return options.get("content"), ""


# ------------------------------------------------------------------------------------------------------------------- judging


def _judge(answered: Answered, url: str, *, accept: Collection[int], now: datetime) -> None:
    status, host = answered.status, urlsplit(url).hostname
    if 200 <= status < 300 or status in accept:
        return
    if status in {401, 403}:
        raise SignInNeeded(f"{host} refuses the credentials (status {status})")
    if status == 407:
        raise SignInNeeded("the proxy wants a name and a password; enter them in Settings, Network")
    if status in {408, 429} or status >= 500:
        words = "asks to be left alone for a while" if status == 429 else f"has a fault of its own (status {status})"
        raise Unreachable(f"{host} {words}", retry_after=_retry_after(answered.headers.get("retry-after", ""), now=now))
    raise HttpError(f"{shown(url)} answers with status {status}", status=status, detail=detail_of(answered.body))


def _retry_after(value: str, *, now: datetime) -> float | None:
    """Seconds from a `Retry-After` header, a number or a date (RFC 9110 section 10.2.3), an hour at most."""
    value = value.strip()
    seconds: float
    if value.isascii() and value.isdigit():
        seconds = float(value[:9])
    else:
        from datetime import UTC
        from email.utils import parsedate_to_datetime

        try:
            moment: Any = parsedate_to_datetime(value)
        except (TypeError, ValueError):
            return None
        seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_PAUSE_ASKED)

"""What a plugin gets back from a server, and what it may say about its request."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol, TypedDict
from urllib.parse import urlsplit

import attrs

from callmanager.errors import HttpError

if TYPE_CHECKING:
    from typing_extensions import Unpack

DEFAULT_TIMEOUT: Final = 20.0
DEFAULT_LIMIT: Final = 5_000_000


def shown(url: str) -> str:
    """A URL as it may be logged and told: without name, password, query and fragment, which may hold secrets."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError:
        return "(not a URL)"
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}{parts.path}"


@attrs.frozen(kw_only=True)
class HttpResponse:
    """A whole answer. `url` is where it came from, after redirects; names of `headers` are in lower case.

    `body` is decoded (gzip) and not larger than the limit of the request.
    """

    status: int
    url: str = attrs.field(repr=shown)
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)

    @property
    def text(self) -> str:
        """The body as text in the encoding that it states, UTF-8 without such; what does not fit is replaced."""
        charset = "utf-8"
        for parameter in self.headers.get("content-type", "").split(";")[1:]:
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "charset":
                charset = value.strip().strip('"')
        try:
            return self.body.decode(charset, errors="replace")
        except LookupError:
            return self.body.decode("utf-8", errors="replace")

    def json(self) -> Any:
        """The body as JSON values, whose shapes are yours to check; raises `HttpError` when it is none."""
        import json

        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise HttpError(
                f"the answer of {shown(self.url)} is not JSON", status=self.status, detail=detail_of(self.body)
            ) from error


def detail_of(body: bytes) -> str:
    """The beginning of a body as plain text, for the details of an error."""
    from callmanager.texts import plain

    return plain(body[:2000].decode("utf-8", errors="replace"), limit=300)


class HttpOptions(TypedDict, total=False):
    """What every request may say.

    - `params`: the query of the URL; `headers`: more headers; `auth`: name and password (Basic).
    - one of `json`, `form` (URL-encoded) and `content` (bytes) as the body.
    - `accept`: statuses that are returned like a success, because the caller knows what to do with them.
    - `timeout`: the longest silence of the server in seconds (20); the whole exchange may take six times as long.
    - `limit`: the largest body taken, in bytes (5,000,000).
    """

    params: Mapping[str, str | int]
    headers: Mapping[str, str]
    auth: tuple[str, str]
    json: object
    form: Mapping[str, str]
    content: bytes
    accept: Collection[int]
    timeout: float
    limit: int


class Http(Protocol):
    """The HTTP client of a plugin: the one way to a web service. Async, loop thread; closed with the plugin.

    TLS is always verified, against the system's authorities and the CA file of Settings; the proxy of Settings or of the
    system is used; cookies are not kept. Redirects are followed five times at most, never from https to http; to another
    origin neither headers of yours nor credentials nor a body are taken along.

    Nothing is retried: give the work to `ctx.tasks.supervise` and let these errors pass. Raises `Unreachable` when there is
    no answer, or one that says "not now" (408, 429, 5xx, with `retry_after`); its kind `CertificateRefused`; `SignInNeeded`
    for 401 and 403; `HostNotAllowed` before anything is sent; `HttpError` for everything else that is no success (2xx).
    """

    async def request(self, method: str, url: str, **options: Unpack[HttpOptions]) -> HttpResponse:
        """Ask and read the whole answer; the options are those of `HttpOptions`."""
        ...

    async def get(self, url: str, **options: Unpack[HttpOptions]) -> HttpResponse: ...

    async def post(self, url: str, **options: Unpack[HttpOptions]) -> HttpResponse: ...

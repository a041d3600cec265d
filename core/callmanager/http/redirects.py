"""Where a redirect leads and what of the request may go there (RFC 9110 section 15.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urljoin, urlsplit

import attrs

from callmanager.errors import HttpError
from callmanager.http.messages import shown

MOST: Final = 5
STATUSES: Final = frozenset({301, 302, 303, 307, 308})
_PORTS: Final = {"http": 80, "https": 443}
_HARMLESS: Final = frozenset({"accept", "accept-language", "if-modified-since", "if-none-match", "range"})
"""Headers that go to another origin as well. Any other may be a credential: services name theirs as they like."""


@attrs.frozen(kw_only=True)
class Asked:
    """One request as it is sent; `headers` include content type and credentials."""

    method: str
    url: str = attrs.field(repr=shown)
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes | None = attrs.field(default=None, repr=False)


def redirected(asked: Asked, *, status: int, location: str) -> Asked:
    """The request that follows; raises `HttpError` for a redirect that is not followed."""
    try:
        url = urljoin(asked.url, location.strip())
        parts = urlsplit(url)
        leads_somewhere = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        leads_somewhere = False
    if not leads_somewhere:
        raise HttpError(f"{shown(asked.url)} redirects to nowhere", status=status)
    method, body, headers = asked.method, asked.body, dict(asked.headers)
    if (status == 303 and method != "HEAD") or (status in {301, 302} and method == "POST"):
        method, body = "GET", None
        headers = {name: value for name, value in headers.items() if not name.lower().startswith("content-")}
    if urlsplit(asked.url).scheme == "https" and parts.scheme == "http":
        raise HttpError(f"{shown(asked.url)} redirects from https to http, which is not followed", status=status)
    if _origin(asked.url) != _origin(url):
        if body is not None:
            raise HttpError(
                f"{shown(asked.url)} redirects what was sent to {parts.hostname}, which is not followed", status=status
            )
        headers = {name: value for name, value in headers.items() if name.lower() in _HARMLESS}
    return Asked(method=method, url=url, headers=headers, body=body)


def _origin(url: str) -> tuple[str, str, int]:
    """RFC 6454 section 4."""
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS[parts.scheme]

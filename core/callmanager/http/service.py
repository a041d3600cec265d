"""What the HTTP clients of all plugins share: trust, proxy, one worker thread. Light: it is made at every start."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from callmanager.clock import Clock, utc_now
from callmanager.settings.core_sections import NetworkSettings
from callmanager.workers import Worker

if TYPE_CHECKING:
    import asyncio
    import ssl
    from collections.abc import Callable
    from pathlib import Path

    from callmanager.http.client import PluginHttp
    from callmanager.logs import Redactor
    from callmanager.settings.service import SettingsService


class HttpService:
    """What the clients share. Loop thread only. `close` when all clients are closed."""

    def __init__(self, *, settings: SettingsService, redactor: Redactor, clock: Clock = utc_now) -> None:
        self._settings = settings
        self._redactor = redactor
        self.clock = clock
        self._worker = Worker("callmanager-http")
        self._opening: asyncio.Lock | None = None
        self._trust: tuple[Path | None, ssl.SSLContext] | None = None

    def client(self, plugin_id: str, *, allowed_hosts: Callable[[], tuple[str, ...] | None] = lambda: None) -> PluginHttp:
        """A client in the name of a plugin; it talks to `allowed_hosts` only (`*.example.com` is all below, none is no limit).

        They are asked for before each request, because the PBX of Settings, which a plugin may have declared, can change.
        """
        from callmanager.http.client import PluginHttp
        from callmanager.http.hosts import AllowedHosts

        def hosts() -> AllowedHosts:
            return AllowedHosts(patterns=allowed_hosts(), owner=plugin_id)

        return PluginHttp(self, owner=plugin_id, hosts=hosts)

    def close(self) -> None:
        self._worker.close(wait_seconds=1.0)

    async def trust(self) -> ssl.SSLContext:
        """The context for all connections, made anew when the CA file of Settings is another one."""
        import asyncio

        self._opening = self._opening or asyncio.Lock()
        async with self._opening:
            ca_file = self._settings.get(NetworkSettings).ca_file
            if self._trust is None or self._trust[0] != ca_file:
                self._trust = ca_file, await self._worker.call(lambda: _open(ca_file))
            return self._trust[1]

    async def proxy(self, url: str) -> str | None:
        """The proxy for this URL, which the operating system may take its time to tell."""
        from urllib.parse import unquote, urlsplit

        from callmanager.http.proxies import choose

        network = self._settings.get(NetworkSettings)
        password = ""
        if network.proxy_user:
            password = await self._settings.secret(NetworkSettings, "proxy_password") or ""
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        proxy = await self._worker.call(
            lambda: choose(
                network.proxy, scheme=parts.scheme, host=parts.hostname or "", port=port,
                user=network.proxy_user, password=password,
            )
        )  # fmt: skip
        if proxy is not None and (login := urlsplit(proxy).password):
            self._redactor.add_secret(unquote(login))
        return proxy


def _open(ca_file: Path | None) -> ssl.SSLContext:
    """On the worker thread: the certificates, and the import of the library, which takes a tenth of a second."""
    from callmanager.http.trust import client_context

    trust = client_context(ca_file)
    import callmanager.http.wire  # noqa: F401 - the import is the work

    for name in ("httpx", "httpcore"):  # at DEBUG they write headers down
        logging.getLogger(name).setLevel(logging.INFO)
    return trust

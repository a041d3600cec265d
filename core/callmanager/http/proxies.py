"""Which proxy leads to a server: none, the one of Settings, or what the operating system says."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlsplit

from callmanager.errors import Unreachable

_USABLE: Final = ("http", "https")


def choose(setting: str, *, scheme: str, host: str, port: int, user: str = "", password: str = "") -> str | None:
    """The proxy's URL for a request to this server, none for the straight way; `setting` is `system`, `none` or a URL.

    May ask the operating system, which can block: call it on a worker thread. `user` and `password` go with the proxy of
    Settings only. Loopback is always reached straight. Raises `Unreachable` for a proxy that can't be used.
    """
    if setting == "none" or _is_loopback(host):
        return None
    if setting != "system":
        return _checked(_with_login(setting, user=user, password=password))
    found = system_proxy(scheme=scheme, host=host, port=port)
    return None if found is None else _checked(found)


def system_proxy(*, scheme: str, host: str, port: int) -> str | None:
    """What the environment says (`HTTPS_PROXY`, `NO_PROXY`), else the settings of Windows and macOS (urllib.request).

    Automatic configuration scripts are not read.
    """
    from urllib.request import getproxies, proxy_bypass

    proxies: Mapping[str, str] = getproxies()
    address = proxies.get(scheme) or proxies.get("all")
    if not address or proxy_bypass(f"[{host}]:{port}" if ":" in host else f"{host}:{port}"):
        return None
    if _in_excluded_network(host, proxies.get("no", "")):
        return None
    return address if "://" in address else f"http://{address}"


def without_login(proxy: str) -> str:
    """A proxy as it may be shown: without name and password."""
    parts = urlsplit(proxy)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _checked(proxy: str) -> str:
    try:
        parts = urlsplit(proxy)
        usable = parts.scheme in _USABLE and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        shown = proxy.rpartition("@")[2]
        raise Unreachable(f"the proxy {shown} can't be used, only http and https ones can; change it in Settings, Network")
    return proxy


def _with_login(proxy: str, *, user: str, password: str) -> str:
    if not user:
        return proxy
    parts = urlsplit(proxy)
    return f"{parts.scheme}://{quote(user, safe='')}:{quote(password, safe='')}@{parts.netloc}"


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):  # RFC 6761 section 6.3
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _in_excluded_network(host: str, excluded: str) -> bool:
    """Networks such as 10.0.0.0/8 in `NO_PROXY`, which administrators write and urllib does not understand."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    for entry in excluded.split(","):
        if "/" not in entry:
            continue
        try:
            if address in ipaddress.ip_network(entry.strip(), strict=False):
                return True
        except ValueError:
            continue
    return False

"""Which hosts a plugin may talk to: names, addresses, and `*.example.com` for everything below a name."""

from __future__ import annotations

import attrs

from callmanager.errors import HostNotAllowed


@attrs.frozen(kw_only=True)
class AllowedHosts:
    """The hosts that one plugin declared; `patterns` of none means that nobody restricted it.

    `*.example.com` stands for every name below `example.com`, not for `example.com` itself. Raises `ValueError` for a
    pattern that can't be understood.
    """

    patterns: tuple[str, ...] | None = None
    owner: str
    _exact: frozenset[str] = attrs.field(init=False, repr=False)
    _below: tuple[str, ...] = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        patterns = [normal_host(pattern) for pattern in self.patterns or ()]
        for pattern in patterns:
            if (
                not pattern.removeprefix("*.")
                or "*" in pattern.removeprefix("*.")
                or set(pattern) & set("/:@ ") - _colons(pattern)
            ):
                raise ValueError(f"{pattern!r} is not a host; write a name like api.example.com or *.example.com")
        object.__setattr__(self, "_exact", frozenset(pattern for pattern in patterns if not pattern.startswith("*.")))
        object.__setattr__(self, "_below", tuple(pattern[1:] for pattern in patterns if pattern.startswith("*.")))

    def check(self, host: str) -> None:
        """Raises `HostNotAllowed` before anything is asked of the network, a name server included."""
        if self.patterns is None:
            return
        name = normal_host(host)
        if name in self._exact or any(name.endswith(ending) and len(name) > len(ending) for ending in self._below):
            return
        known = ", ".join(self.patterns) or "none"
        raise HostNotAllowed(f"the plugin {self.owner} may not talk to {host}; it may talk to: {known}")


def normal_host(host: str) -> str:
    """One spelling for a host: lower case, ASCII (IDNA), no closing dot, IPv6 addresses shortened and without brackets."""
    import ipaddress

    name = host.strip().lower().rstrip(".").removeprefix("[").removesuffix("]")
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        pass
    if name.isascii():
        return name
    try:
        import idna  # comes with the HTTP library; the rules are those that it resolves names with

        return idna.encode(name).decode("ascii")
    except UnicodeError:
        return name


def _colons(pattern: str) -> set[str]:
    """An IPv6 address has colons; in a name they would be a port."""
    import ipaddress

    try:
        ipaddress.IPv6Address(pattern)
    except ValueError:
        return set()
    return {":"}

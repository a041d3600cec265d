"""What a plugin says it needs, in words for people; values only, who grants them is decided in `extensions/permissions.py`."""

from __future__ import annotations

import re
from enum import Enum
from typing import Any, Final

import attrs

ANY_HOST: Final = "*"
PBX_HOST: Final = "@pbx"
"""In `Permissions.network`: the PBX of Settings, whatever its name is."""

_HOST: Final = re.compile(r"(\*\.)?[^\s/@:*?#\[\]]+|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*")
_LONGEST: Final = 253


class Permission(Enum):
    """One kind of need. The values are the keys of `Permissions` and of the site file."""

    NETWORK = "network"
    CALL_INFORMATION = "call_information"
    CALL_CONTROL = "call_control"
    ACCOUNT = "account"
    CONTACTS = "contacts"
    PRESENCE = "presence"
    MESSAGES = "messages"
    VOICEMAIL = "voicemail"
    SECRETS = "secrets"
    AUDIO = "audio"
    FILES = "files"
    PROCESSES = "processes"

    @property
    def deed(self) -> str:
        """What it allows, to be read after "may" or "needs to"."""
        return _DEEDS[self]

    @property
    def enforced(self) -> bool:
        """The context refuses what was not granted. The others are the plugin's word, shown to people and to administrators."""
        return self not in {Permission.AUDIO, Permission.FILES, Permission.PROCESSES}


_DEEDS: Final = {
    Permission.NETWORK: "use the network",
    Permission.CALL_INFORMATION: "see your calls: numbers, names and times",
    Permission.CALL_CONTROL: "place, answer, change and end calls",
    Permission.ACCOUNT: "choose the account you phone with",
    Permission.CONTACTS: "read your contacts",
    Permission.PRESENCE: "see who is free, and parked calls",
    Permission.MESSAGES: "read and send messages",
    Permission.VOICEMAIL: "hear and delete voicemail",
    Permission.SECRETS: "keep passwords in the key store",
    Permission.AUDIO: "use microphone and speakers",
    Permission.FILES: "read and write files of yours",
    Permission.PROCESSES: "start other programs",
}


def _is_flag(_permissions: object, attribute: attrs.Attribute[bool], value: object) -> None:
    if not isinstance(value, bool):
        raise ValueError(f"the permission {attribute.name} is either True or False")  # noqa: TRY004 - one kind of error for all


def _are_hosts(_permissions: object, _attribute: attrs.Attribute[Any], value: object) -> None:
    for host in value if isinstance(value, tuple) else ():
        complaint = host_complaint(host)
        if complaint:
            raise ValueError(f"the permission network: {complaint}")


def _as_hosts(value: object) -> tuple[Any, ...]:
    if isinstance(value, str) or not isinstance(value, (tuple, list)):
        raise ValueError("the permission network is a tuple of hosts")  # noqa: TRY004 - as above
    return tuple(host.lower() if isinstance(host, str) else host for host in value)


def host_complaint(host: object) -> str:
    """What is wrong with this entry of `network`, or an empty text."""
    if isinstance(host, str) and (host in {ANY_HOST, PBX_HOST} or (len(host) <= _LONGEST and _HOST.fullmatch(host))):
        return ""
    return f"{str(host)[:80]!r} is not a host; write api.example.com, *.example.com, {PBX_HOST} or {ANY_HOST}"


@attrs.frozen(kw_only=True)
class Permissions:
    """What a plugin needs, declared as `permissions = Permissions(...)` in its class; nothing is needed by default.

    `network` names hosts: `api.example.com`, an address, `*.example.com` for all names below one, `@pbx` for the PBX of
    Settings, `*` for any host. Written with literals it can be shown before the plugin's code has ever run. Raises
    `ValueError` for what can't be a permission.

    The context refuses what was not declared, and what the administrator took away, with `PermissionRefused`. It is a
    promise to people and a bound on what the phone hands out, not a sandbox: a plugin is Python in the phone's own process.
    """

    network: tuple[str, ...] = attrs.field(default=(), converter=_as_hosts, validator=_are_hosts)
    call_information: bool = attrs.field(default=False, validator=_is_flag)
    call_control: bool = attrs.field(default=False, validator=_is_flag)
    account: bool = attrs.field(default=False, validator=_is_flag)
    contacts: bool = attrs.field(default=False, validator=_is_flag)
    presence: bool = attrs.field(default=False, validator=_is_flag)
    messages: bool = attrs.field(default=False, validator=_is_flag)
    voicemail: bool = attrs.field(default=False, validator=_is_flag)
    secrets: bool = attrs.field(default=False, validator=_is_flag)
    audio: bool = attrs.field(default=False, validator=_is_flag)
    files: bool = attrs.field(default=False, validator=_is_flag)
    processes: bool = attrs.field(default=False, validator=_is_flag)

    def has(self, permission: Permission) -> bool:
        return bool(getattr(self, permission.value))

    def all(self) -> tuple[Permission, ...]:
        """Those it has, in the order in which they are shown."""
        return tuple(permission for permission in Permission if self.has(permission))

    def words(self, permission: Permission) -> str:
        """The need as a sentence for people, without a full stop."""
        text = permission.deed[0].upper() + permission.deed[1:]
        if permission is not Permission.NETWORK:
            return text
        if ANY_HOST in self.network:
            return f"{text}: any host"
        return f"{text}: {', '.join('your PBX' if host == PBX_HOST else host for host in self.network)}"

    def hosts(self, *, pbx: str) -> tuple[str, ...] | None:
        """The patterns for the HTTP client, the PBX by its name; none means any host."""
        if ANY_HOST in self.network:
            return None
        return tuple(pbx if host == PBX_HOST else host for host in self.network if host != PBX_HOST or pbx)

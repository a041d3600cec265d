"""What the events of Asterisk say, as values: the one place that reads their headers, which may hold anything."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import attrs
from callmanager.api import Party, plain

LONGEST_NAME: Final = 200
_MOST_SECONDS: Final = 7 * 86400
_NUMBER: Final = re.compile(r"-?[0-9]{1,9}")

Headers = Mapping[str, object]
"""Of one message; names in any case, a value is a text, or a list where the header came more than once."""


@attrs.frozen(kw_only=True)
class Hint:
    """`ExtensionStatus`: one extension of the dial plan. `status` is Asterisk's bit mask, negative for a hint that is gone."""

    extension: str
    context: str
    status: int
    devices: tuple[str, ...] = ()
    presentity: str = ""
    """`CustomPresence:2001`, where the hint names one."""


@attrs.frozen(kw_only=True)
class Device:
    """`DeviceStateChange`: one phone, or something that a dial plan made up (`Custom:…`). `state` as in `AST_DEVICE_…`."""

    name: str
    state: str


@attrs.frozen(kw_only=True)
class Custom:
    """`PresenceStateChange`: what somebody says of himself."""

    presentity: str
    status: str
    message: str = ""


@attrs.frozen(kw_only=True)
class Parked:
    """A parked channel. `seconds` it has waited, `left` until it rings back, none for a lot without a time limit."""

    lot: str
    slot: str
    channel: str
    unique_id: str
    caller: Party
    parker: str
    """`PJSIP/2001`: the device that parked it."""
    seconds: int
    left: int | None


def text(headers: Headers, name: str, *, limit: int = LONGEST_NAME) -> str:
    """One header as plain text; empty where there is none, the first where there are several."""
    value = headers.get(name, "")
    if isinstance(value, list):
        value = value[0] if value else ""
    return plain(value, limit=limit) if isinstance(value, str) else ""


def number(headers: Headers, name: str) -> int | None:
    """One header as a number; none for anything else."""
    value = text(headers, name, limit=20)
    return int(value) if _NUMBER.fullmatch(value) else None


def read_hint(headers: Headers) -> Hint | None:
    extension, status = text(headers, "Exten", limit=80), number(headers, "Status")
    if not extension or status is None:
        return None
    devices, _, presentity = text(headers, "Hint", limit=1000).partition(",")
    return Hint(
        extension=extension,
        context=text(headers, "Context"),
        status=status,
        devices=tuple(filter(None, (device.strip() for device in devices.split("&")))),
        presentity=presentity.strip(),
    )


def read_device(headers: Headers) -> Device | None:
    name, state = text(headers, "Device"), text(headers, "State", limit=20).upper()
    return Device(name=name, state=state) if name and state else None


def read_custom(headers: Headers) -> Custom | None:
    presentity, status = text(headers, "Presentity"), text(headers, "Status", limit=20).lower()
    return Custom(presentity=presentity, status=status, message=text(headers, "Message")) if presentity else None


def read_parked(headers: Headers) -> Parked | None:
    slot, channel = text(headers, "ParkingSpace", limit=20), text(headers, "ParkeeChannel")
    if not slot or not channel:
        return None
    left = number(headers, "ParkingTimeout")
    return Parked(
        lot=text(headers, "Parkinglot", limit=80),
        slot=slot,
        channel=channel,
        unique_id=text(headers, "ParkeeUniqueid"),
        caller=Party(
            number=_known(text(headers, "ParkeeCallerIDNum", limit=80)), name=_known(text(headers, "ParkeeCallerIDName"))
        ),
        parker=text(headers, "ParkerDialString"),
        seconds=min(max(number(headers, "ParkingDuration") or 0, 0), _MOST_SECONDS),
        left=left if left is not None and 0 < left <= _MOST_SECONDS else None,
    )


def _known(value: str) -> str:
    return "" if value in {"<unknown>", "unknown"} else value

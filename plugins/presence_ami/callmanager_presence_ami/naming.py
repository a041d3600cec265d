"""Whose is what on a PBX that several companies share: contexts, devices and parking lots as VitalPBX names them.

An AMI login sees the whole PBX, so what belongs to other tenants is left out here. Elsewhere than on VitalPBX nothing of this
applies, and everything is ours.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

import attrs

_TENANT: Final = re.compile(r"T(?P<number>[0-9]{1,6})_")
_LOT: Final = re.compile(r"parking-(?P<number>[0-9]{1,6})")
_DEVICE: Final = re.compile(r"(?:PJSIP|SIP|IAX2)/(?P<user>[0-9A-Za-z_.+\-]{1,64})")
_FURTHER_DEVICE: Final = re.compile(r"(?P<extension>[0-9]+)_[0-9]{1,2}")
_HINTS: Final = "extension-hints"
_MAIN_LOT: Final = "parking-1"


@attrs.frozen(kw_only=True)
class Naming:
    """The names of one account. `hint_context` and `lots` are the user's own choice, empty for none."""

    prefix: str = ""
    """`T2_` on the second tenant."""
    hint_context: str = ""
    lots: tuple[str, ...] = ()
    do_not_disturb: str = ""
    """`Custom:DND{extension}`."""

    @property
    def preferred_context(self) -> str:
        return self.hint_context or f"{self.prefix}{_HINTS}"

    def is_our_context(self, context: str) -> bool:
        """Whether the hints there are of people whom we should see."""
        if self.hint_context:
            return context == self.hint_context
        if self.prefix:  # what bears no tenant's name may be common to all, such as parking; but not the main tenant's people
            return context.startswith(self.prefix) or (_TENANT.match(context) is None and context != _HINTS)
        return _TENANT.match(context) is None

    def extension_of(self, device: str) -> str:
        """`PJSIP/T2_2001_1` is 2001 for somebody on tenant 2; empty for a device of another tenant and for what is no phone."""
        match = _DEVICE.fullmatch(device)
        if match is None or not match["user"].startswith(self.prefix) or (not self.prefix and _TENANT.match(match["user"])):
            return ""
        user = match["user"].removeprefix(self.prefix)
        further = _FURTHER_DEVICE.fullmatch(user)
        return further["extension"] if further else user

    def do_not_disturb_of(self, device: str) -> str:
        """The extension whose "do not disturb" this device is; empty for any other device."""
        before, found, after = self.do_not_disturb.partition("{extension}")
        if not found or not device.startswith(before) or not device.endswith(after):
            return ""
        return device[len(before) : len(device) - len(after)].removeprefix(self.prefix)

    def our_lots(self, lots: Collection[str]) -> tuple[str, ...]:
        """Those of these lots whose calls we show."""
        if self.lots:
            return tuple(lot for lot in lots if lot in self.lots)
        tenant = _TENANT.fullmatch(self.prefix)
        if tenant is not None:
            own = f"parking-{tenant['number']}"
            return (own,) if own in lots else ()
        return tuple(lot for lot in lots if lot == _MAIN_LOT or not _LOT.fullmatch(lot) or _MAIN_LOT not in lots)


def prefix_of(sip_user: str) -> str:
    """`T2_` of `T2_2001`; empty on the main tenant and elsewhere."""
    match = _TENANT.match(sip_user)
    return match[0] if match else ""

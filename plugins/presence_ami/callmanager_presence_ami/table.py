"""What is known of every extension, and the one presence that follows from it. No I/O."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import attrs
from callmanager.api import Handle, Presence, PresenceStatus

from callmanager_presence_ami.fields import Custom, Device, Hint
from callmanager_presence_ami.naming import Naming

_IN_USE, _BUSY, _UNAVAILABLE, _RINGING, _HELD = 1, 2, 4, 8, 16
"""Bits of `ast_extension_states` (include/asterisk/pbx.h)."""
_DEVICE_BITS: Final = {
    "NOT_INUSE": 0,
    "INUSE": _IN_USE,
    "BUSY": _BUSY,
    "INVALID": _UNAVAILABLE,
    "UNAVAILABLE": _UNAVAILABLE,
    "RINGING": _RINGING,
    "RINGINUSE": _RINGING | _IN_USE,
    "ONHOLD": _HELD,
}
_HANDLE: Final = re.compile(r"[0-9A-Za-z*#+.\-][0-9A-Za-z*#+._\-]{0,63}")
_MOST: Final = 20_000


@attrs.define(eq=False)
class _Known:
    """Of one extension: hints by context, its phones' states, and what was said of "do not disturb" and of itself."""

    hints: dict[str, Hint] = attrs.Factory(dict)
    devices: dict[str, int] = attrs.Factory(dict)
    quiet: bool = False
    custom: Custom | None = None
    shown: Presence | None = None


class PresenceTable:
    """Takes rows and events alike, the last one wins; `changes` gives what is different since it was last asked."""

    def __init__(self, naming: Naming, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._naming = naming
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._sizes: dict[str, int] = {}
        """How many hints each context has: where an extension is in several, the biggest is believed."""
        self._presentities: dict[str, str] = {}
        self._waiting: dict[str, Custom] = {}
        self._touched: dict[str, None] = {}
        self._first = True

    def take_hint(self, hint: Hint) -> None:
        if not self._naming.is_our_context(hint.context):
            return
        known = self._of(hint.extension)
        if known is None:
            return
        if hint.status < 0:
            known.hints.pop(hint.context, None)
            return
        if hint.context not in known.hints:
            self._sizes[hint.context] = self._sizes.get(hint.context, 0) + 1
        known.hints[hint.context] = hint
        if hint.presentity and len(self._presentities) < _MOST:
            self._presentities[hint.presentity] = hint.extension
            known.custom = self._waiting.pop(hint.presentity, known.custom)

    def take_device(self, device: Device) -> None:
        quiet = self._naming.do_not_disturb_of(device.name)
        extension = quiet or self._naming.extension_of(device.name)
        known = self._of(extension) if extension else None
        if known is None:
            return
        if quiet:
            known.quiet = _DEVICE_BITS.get(device.state, 0) & (_IN_USE | _BUSY) != 0
        elif device.state in _DEVICE_BITS:
            known.devices[device.name] = _DEVICE_BITS[device.state]
        else:
            known.devices.pop(device.name, None)

    def take_custom(self, custom: Custom) -> None:
        extension = self._presentities.get(custom.presentity)
        known = self._of(extension) if extension else None
        if known is not None:
            known.custom = custom
        elif len(self._waiting) < _MOST:
            self._waiting[custom.presentity] = custom

    def changes(self) -> tuple[Presence, ...]:
        """The presences that are others now; the first time all of them, without a time, as we have not seen them begin."""
        touched, self._touched = self._touched, {}
        changed = []
        for extension in touched:
            known = self._known[extension]
            status, note = self._judge(known)
            before = known.shown
            if before is None and status is PresenceStatus.UNKNOWN:
                continue
            if before is not None and (before.status, before.note) == (status, note):
                continue
            same = before is not None and before.status is status
            since = None if self._first else before.since if same and before is not None else self._clock()
            known.shown = Presence(handle=Handle(extension), status=status, since=since, note=note)
            changed.append(known.shown)
        self._first = False
        return tuple(changed)

    # ---------------------------------------------------------------------------------------------------------- internal

    def _of(self, extension: str) -> _Known | None:
        known = self._known.get(extension)
        if known is None:
            if not _HANDLE.fullmatch(extension) or len(self._known) >= _MOST:
                return None
            known = self._known[extension] = _Known()
        self._touched[extension] = None
        return known

    def _judge(self, known: _Known) -> tuple[PresenceStatus, str]:
        hint = min(known.hints.values(), key=self._rank) if known.hints else None
        bits = hint.status if hint is not None else _together(known.devices)
        status, note = (PresenceStatus.UNKNOWN, "") if bits is None else _status(bits)
        if self._is_quiet(known, hint, status):
            status = PresenceStatus.DO_NOT_DISTURB
        custom = known.custom
        if custom is not None and custom.message and not note:
            note = custom.message
        return status, note

    def _is_quiet(self, known: _Known, hint: Hint | None, status: PresenceStatus) -> bool:
        """A call says more. Where the hint counts the "do not disturb" device in, an extension without a call looks busy."""
        if not known.quiet and (known.custom is None or known.custom.status != "dnd"):
            return False
        if status is PresenceStatus.ON_CALL:
            return known.quiet and hint is not None and any(map(self._naming.do_not_disturb_of, hint.devices))
        return status is PresenceStatus.AVAILABLE

    def _rank(self, hint: Hint) -> tuple[bool, int, str]:
        return hint.context != self._naming.preferred_context, -self._sizes[hint.context], hint.context


def _status(bits: int) -> tuple[PresenceStatus, str]:
    if bits & (_IN_USE | _BUSY):
        return PresenceStatus.ON_CALL, "Another call is ringing" if bits & _RINGING else ""
    if bits & _RINGING:
        return PresenceStatus.RINGING, ""
    if bits & _HELD:
        return PresenceStatus.ON_HOLD, ""
    return (PresenceStatus.UNAVAILABLE, "") if bits & _UNAVAILABLE else (PresenceStatus.AVAILABLE, "")


def _together(devices: dict[str, int]) -> int | None:
    """Several phones of one extension: one that is there can ring, whatever the others are."""
    there = [bits for bits in devices.values() if bits != _UNAVAILABLE]
    if not there:
        return _UNAVAILABLE if devices else None
    together = 0
    for bits in there:
        together |= bits
    return together

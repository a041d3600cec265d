"""Keeps the wanted devices open: opens, replaces what vanished, returns to what came back."""

import logging
from typing import Final, Protocol

import attrs

from callmanager_sip_engine.audio.catalog import INPUT, OUTPUT
from callmanager_sip_engine.audio.streams import Feed, Hardware, Stream
from callmanager_sip_engine.audio.values import AudioDevice, AudioRole

_log = logging.getLogger(__name__)

TICK_SECONDS: Final = 0.2
_LIST_SECONDS: Final = 1.0
_PENALTY_SECONDS: Final = 2.0
_LATE_TICK_SECONDS: Final = 0.6


class KeptFeed(Protocol):
    """A feed that is told when a device is attached to it."""

    def begin(self) -> None: ...
    def end(self) -> None: ...


class KeeperReports(Protocol):
    """Where the keeper says what happened; called on its thread."""

    def devices_changed(self, devices: tuple[AudioDevice, ...]) -> None: ...
    def switched(self, role: AudioRole, device: AudioDevice | None, reason: str) -> None: ...
    def failed(self, role: AudioRole, detail: str) -> None: ...


@attrs.define
class _Place:
    """One role: what is wanted and what is open."""

    feed: Feed
    kept: KeptFeed
    wanted: bool = False
    preferred: str | None = None
    stream: Stream | None = None
    device: AudioDevice | None = None
    departed: AudioDevice | None = None
    """The device that sounded last, from when it was lost until another one sounds."""
    substitute: bool = False
    failing: bool = False
    penalties: dict[str, float] = attrs.Factory(dict)


class DeviceKeeper:
    """The one owner of all open devices; every method belongs to one thread (the audio worker's).

    `reconcile` brings what is open in line with what is wanted and with what is plugged in. It is cheap, and is called
    after each change and every 200 ms while `busy`. A lost device is noticed within 0.6 s and replaced in the same call.
    """

    def __init__(self, hardware: Hardware, reports: KeeperReports, feeds: dict[AudioRole, tuple[Feed, KeptFeed]]) -> None:
        self._hardware = hardware
        self._reports = reports
        self._places = {role: _Place(feed, kept) for role, (feed, kept) in feeds.items()}
        self._watched = False
        self._devices: tuple[AudioDevice, ...] = ()
        self._list_due = 0.0
        self._last_tick = 0.0

    @property
    def busy(self) -> bool:
        return self._watched or any(place.wanted for place in self._places.values())

    def want(self, role: AudioRole, *, preferred: str | None) -> None:
        """Keep a device open for `role`: the preferred one while it is there, the system's default when none is named."""
        place = self._places[role]
        if not place.wanted:
            place.penalties.clear()
            place.failing = False
            place.departed = None
            place.substitute = False
            self._list_due = 0.0
        elif place.preferred != preferred:
            place.penalties.clear()
        place.wanted = True
        place.preferred = preferred

    def release(self, role: AudioRole) -> None:
        self._places[role].wanted = False

    def watch(self, *, watched: bool) -> None:
        """While watched, a change of the device list is reported within about a second even when nothing is open."""
        self._watched = watched
        self._list_due = 0.0

    def refresh(self) -> tuple[AudioDevice, ...]:
        """Look at the devices now."""
        devices = self._hardware.devices()
        if devices != self._devices:
            self._devices = devices
            self._reports.devices_changed(devices)
        return devices

    def reconcile(self, now: float) -> None:
        if not self.busy:
            self._close_unwanted()
            self._hardware.release()
            return
        if now >= self._list_due:
            self.refresh()
            self._list_due = now + _LIST_SECONDS
            self._forgive_unplugged()
        # After suspend or a long stall every stream looks dead although none is: give them one tick to prove it.
        on_time = now - self._last_tick < _LATE_TICK_SECONDS
        self._last_tick = now
        self._close_unwanted()
        for role, place in self._places.items():
            if not place.wanted:
                continue
            if place.stream and self._lost(place, now, on_time=on_time):
                self._let_go(place, now)
                self._list_due = now + TICK_SECONDS
                self.refresh()
                self._forgive_unplugged()
            self._settle(role, place, now)

    def close(self) -> None:
        for place in self._places.values():
            place.wanted = False
            self._detach(place)
        self._hardware.release()

    def _close_unwanted(self) -> None:
        for place in self._places.values():
            if not place.wanted:
                self._detach(place)

    def _lost(self, place: _Place, now: float, *, on_time: bool) -> bool:
        assert place.stream is not None
        assert place.device is not None
        if on_time and not place.stream.alive(now):
            return True
        return all(device.id != place.device.id for device in self._devices)

    def _let_go(self, place: _Place, now: float) -> None:
        assert place.device is not None
        place.departed = place.device
        # Still listed although it is silent: leave it alone for a while, so that the next best gets its turn.
        place.penalties[place.device.id] = now + _PENALTY_SECONDS
        self._detach(place)

    def _forgive_unplugged(self) -> None:
        """A device that was pulled out and put back deserves a try at once."""
        listed = {device.id for device in self._devices}
        for place in self._places.values():
            place.penalties = {key: until for key, until in place.penalties.items() if key in listed}

    def _settle(self, role: AudioRole, place: _Place, now: float) -> None:
        """Open the best device that can be had, or leave the open one if there is no better."""
        kind = INPUT if role is AudioRole.MICROPHONE else OUTPUT
        fit = [device for device in self._devices if device.kind == kind]
        first = self._first_choice(place, fit)
        if place.stream and place.device:
            if first is None or first.id == place.device.id or self._punished(place, first, now):
                return
            returned = place.preferred is not None
            reason = f"{first.name} is back" if returned and place.substitute else f"{first.name} was chosen"
            if not returned:
                reason = f"{first.name} is the system's default now"
            self._detach(place)
            if self._open(role, place, first, now):
                place.substitute = False
                self._reports.switched(role, first, reason)
                return
        rest = sorted((device for device in fit if device != first), key=lambda device: not device.is_default)
        for device in ([first] if first else []) + rest:
            if not self._punished(place, device, now) and self._open(role, place, device, now):
                self._announce(role, place, device, first=device is first)
                return
        # Nothing else is there: the one that fell silent gets its second chance now instead of later.
        again = next((device for device in fit if place.departed and device.id == place.departed.id), None)
        if again and self._open(role, place, again, now):
            self._announce(role, place, again, first=again is first)
            return
        self._nothing_left(role, place, fit)

    @staticmethod
    def _first_choice(place: _Place, fit: list[AudioDevice]) -> AudioDevice | None:
        if place.preferred is not None:
            return next((device for device in fit if device.id == place.preferred), None)
        return next((device for device in fit if device.is_default), fit[0] if fit else None)

    @staticmethod
    def _punished(place: _Place, device: AudioDevice, now: float) -> bool:
        return place.penalties.get(device.id, 0.0) > now

    def _open(self, role: AudioRole, place: _Place, device: AudioDevice, now: float) -> bool:
        as_default = place.preferred is None and device.is_default
        place.kept.begin()
        try:
            place.stream = self._hardware.open(role, device, place.feed, as_default=as_default)
        except OSError as error:
            place.kept.end()
            place.penalties[device.id] = now + _PENALTY_SECONDS
            _log.warning("%s", error)
            return False
        place.device = device
        place.penalties.pop(device.id, None)
        _log.info("%s is %s", role.value, device.name)
        return True

    def _announce(self, role: AudioRole, place: _Place, device: AudioDevice, *, first: bool) -> None:
        departed, place.departed = place.departed, None
        was_failing, place.failing = place.failing, False
        was_substitute, place.substitute = place.substitute, not first
        if departed is not None and departed.id == device.id:
            self._reports.switched(role, device, f"{device.name} was opened again")
        elif departed is not None and first and was_substitute:
            self._reports.switched(role, device, f"{device.name} is back")
        elif departed is not None:
            self._reports.switched(role, device, f"{departed.name} is gone")
        elif was_failing:
            self._reports.switched(role, device, f"{device.name} is available now")
        elif not first:
            self._reports.switched(role, device, "the chosen device is not available")

    def _nothing_left(self, role: AudioRole, place: _Place, fit: list[AudioDevice]) -> None:
        if place.failing:
            return
        place.failing = True
        departed, place.departed = place.departed, None
        if departed is not None:
            self._reports.switched(role, None, f"{departed.name} is gone and no other device is there")
        what = "no device is connected" if not fit else f"none of {len(fit)} devices could be opened"
        self._reports.failed(role, f"the {role.value} has no sound: {what}; connect one or choose another in the settings")

    @staticmethod
    def _detach(place: _Place) -> None:
        stream, place.stream = place.stream, None
        place.device = None
        if stream:
            stream.close()
            place.kept.end()

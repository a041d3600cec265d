"""Sound devices that are plugged in and out by a test; everything above them is real."""

import attrs
from callmanager_sip_engine.audio.streams import Feed
from callmanager_sip_engine.audio.values import AudioDevice, AudioRole


def output(name: str, *, default: bool = False) -> AudioDevice:
    return AudioDevice(id=f"fake:out-{name}", name=name, kind="output", is_default=default)


def input_(name: str, *, default: bool = False) -> AudioDevice:
    return AudioDevice(id=f"fake:in-{name}", name=name, kind="input", is_default=default)


@attrs.define
class FakeStream:
    role: AudioRole
    device: AudioDevice
    feed: Feed
    as_default: bool
    dead: bool = False
    closed: bool = False

    def alive(self, now: float) -> bool:
        return not self.dead

    def close(self) -> None:
        assert not self.closed, "closed twice"
        self.closed = True


@attrs.define
class FakeHardware:
    plugged: list[AudioDevice] = attrs.Factory(list)
    refusing: set[str] = attrs.Factory(set)
    opened: list[FakeStream] = attrs.Factory(list)
    releases: int = 0
    lists: int = 0

    def devices(self) -> tuple[AudioDevice, ...]:
        self.lists += 1
        return tuple(self.plugged)

    def open(self, role: AudioRole, device: AudioDevice, feed: Feed, *, as_default: bool) -> FakeStream:
        if device.id in self.refusing:
            raise OSError(f"{device.name} is in use")
        stream = FakeStream(role=role, device=device, feed=feed, as_default=as_default)
        self.opened.append(stream)
        return stream

    def release(self) -> None:
        self.releases += 1

    def sounding(self, role: AudioRole) -> str | None:
        """Name of the device that is open for `role`; more than one is a fault of the code under test."""
        found = [stream.device.name for stream in self.opened if stream.role is role and not stream.closed]
        assert len(found) <= 1, found
        return found[0] if found else None

    def unplug(self, device: AudioDevice) -> None:
        self.plugged.remove(device)
        for stream in self.opened:
            if stream.device.id == device.id:
                stream.dead = True

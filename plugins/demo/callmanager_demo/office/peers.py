"""Who answers at which number: the machines. A peer is a coroutine over one call; when it returns, the office hangs up."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from callmanager_demo.office.call import Person
from callmanager_demo.office.echo import Echo
from callmanager_demo.office.sounds import Sequence, Silence, Tone
from callmanager_demo.office.tune import Tune

if TYPE_CHECKING:
    from callmanager_demo.office.inbound import InboundCall


class Peer(Protocol):
    """Somebody or something that can be dialled."""

    @property
    def person(self) -> Person: ...

    async def answer(self, call: InboundCall) -> None:
        """Serve one call; cancelled when the caller hangs up."""
        ...


class EchoPeer:
    """Two short tones, then whatever the caller says."""

    person = Person(number="6000", name="Echo")

    async def answer(self, call: InboundCall) -> None:
        call.answer()
        await call.play(Sequence([Silence(0.2), Tone(523.25, seconds=0.15), Tone(783.99, seconds=0.25), Silence(0.2)]))
        echo = Echo()
        call.listen(echo.heard)
        await call.play(echo)


class MusicPeer:
    person = Person(number="6001", name="Music")

    async def answer(self, call: InboundCall) -> None:
        call.answer()
        await call.play(Tune())


class TonePeer:
    """The test tone of telephone lines: 1004 Hz, so that it does not beat with the 8 kHz clock."""

    person = Person(number="6009", name="Line test tone")

    async def answer(self, call: InboundCall) -> None:
        call.answer()
        await call.play(Tone(1004.0))


class BusyPeer:
    person = Person(number="6004", name="Always busy")

    async def answer(self, call: InboundCall) -> None:
        call.reject(486, "Busy Here")


class AbsentPeer:
    """Rings, and nobody comes."""

    person = Person(number="6005", name="Nobody at the desk")

    def __init__(self, *, ring_seconds: float = 25.0) -> None:
        self._ring_seconds = ring_seconds

    async def answer(self, call: InboundCall) -> None:
        call.ring()
        await asyncio.sleep(self._ring_seconds)
        call.reject(480, "Temporarily Unavailable")

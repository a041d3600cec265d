"""Stand-ins for sources that tell of changes as they happen (presence, parking, voicemail)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from callmanager.errors import Unreachable
from callmanager.model.presence import ParkedCall, Presence
from callmanager.model.voicemail import Mailbox, MailboxSnapshot, Voicemail, VoicemailAbilities
from callmanager.sources import Playback

P = TypeVar("P", bound=Callable[..., None])


class _Live(Generic[P]):
    """Runs until it is cancelled or told to fail; the test publishes."""

    def __init__(self, source_id: str, *, label: str = "") -> None:
        self.id = source_id
        self.label = label or f"Fake {source_id}"
        self.runs = 0
        self.refusal: Exception | None = None
        """Raised at once by every run from now on."""
        self._publish: P | None = None
        self._failure: asyncio.Future[None] | None = None

    @property
    def running(self) -> bool:
        return self._publish is not None

    async def run(self, publish: P) -> None:
        self.runs += 1
        if self.refusal is not None:
            raise self.refusal
        self._publish, self._failure = publish, asyncio.get_running_loop().create_future()
        try:
            await self._failure
        finally:
            self._publish = None

    def fail(self, error: Exception | None = None) -> None:
        """The connection is lost."""
        if self._failure is None or self._failure.done():
            raise RuntimeError(f"the source {self.id} is not running")
        self._failure.set_exception(error or Unreachable("cut by a test"))

    def _open(self) -> P:
        if self._publish is None:
            raise RuntimeError(f"the source {self.id} is not running")
        return self._publish


class FakePresenceSource(_Live[Callable[[Sequence[Presence]], None]]):
    """A `PresenceSource` in the hands of a test."""

    def tell(self, *changes: Presence) -> None:
        self._open()(changes)


class FakeParkingSource(_Live[Callable[[str, Sequence[ParkedCall]], None]]):
    """A `ParkingSource` in the hands of a test."""

    def tell(self, lot: str, *calls: ParkedCall) -> None:
        self._open()(lot, calls)


class FakePlayback:
    """A `Playback` that plays nothing and writes down what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._ended = asyncio.Event()

    async def pause(self) -> None:
        self.asked.append("pause")

    async def resume(self) -> None:
        self.asked.append("resume")

    async def skip(self, seconds: float) -> None:
        self.asked.append(f"skip {seconds:g}")

    async def stop(self) -> None:
        self.asked.append("stop")
        self._ended.set()

    async def wait_ended(self) -> None:
        await self._ended.wait()


class FakeVoicemailStore(_Live[Callable[[MailboxSnapshot], None]]):
    """A `VoicemailStore` in the hands of a test: it publishes what the test says, and does to it what it is asked."""

    def __init__(self, store_id: str, *, label: str = "", abilities: VoicemailAbilities | None = None) -> None:
        super().__init__(store_id, label=label)
        every = VoicemailAbilities(mark=True, move=True, delete=True, forward=True, save=True)
        self.abilities = abilities or every
        self.played: list[FakePlayback] = []
        self.forwarded: list[tuple[Voicemail, Mailbox]] = []
        self._boxes: dict[Mailbox, MailboxSnapshot] = {}

    def tell(self, snapshot: MailboxSnapshot) -> None:
        self._boxes[snapshot.mailbox] = snapshot
        self._open()(snapshot)

    async def play(self, _message: Voicemail) -> Playback:
        self.played.append(FakePlayback())
        return self.played[-1]

    async def mark(self, message: Voicemail, *, heard: bool) -> None:
        self._replace(message, heard=heard)

    async def move(self, message: Voicemail, folder: str) -> None:
        self._replace(message, folder=folder)

    async def delete(self, message: Voicemail) -> None:
        self._replace(message)

    async def forward(self, message: Voicemail, to: Mailbox) -> None:
        self.forwarded.append((message, to))

    async def save(self, _message: Voicemail, path: Path) -> None:
        await asyncio.to_thread(path.write_bytes, b"RIFF")

    def _replace(self, message: Voicemail, **changes: object) -> None:
        import attrs

        box = self._boxes[message.mailbox]
        kept = [one for one in box.messages if one.id != message.id]
        if changes:
            kept.append(attrs.evolve(message, **changes))  # type: ignore[arg-type]
        self.tell(attrs.evolve(box, messages=tuple(kept)))

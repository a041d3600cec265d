"""Stand-ins for sources that tell of changes as they happen (presence, parking, voicemail), and a check for the real ones."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from callmanager.errors import Unreachable
from callmanager.model.presence import ParkedCall, Presence
from callmanager.model.voicemail import Mailbox, MailboxSnapshot, Voicemail, VoicemailAbilities
from callmanager.sources import ParkingSource, Playback, PresenceSource, VoicemailStore

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


LiveSource = PresenceSource | ParkingSource | VoicemailStore


async def check_live_source(
    source: LiveSource, *, told: Callable[[], Awaitable[None]], cut: Callable[[], Awaitable[None]], seconds: float = 10.0
) -> list[str]:
    """What is wrong with a presence source, a parking source or a voicemail store, in words; an empty list is a pass.

    The other end is in the caller's hands: `told` makes it tell of something new (and returns when it has been sent), `cut`
    breaks the connection. Checked: id and label are steady texts; the first run publishes by itself or after `told`; a cut
    ends the run with `Unreachable`, which is what lets the core retry; a second run works; cancelling ends a run at once and
    nothing is published afterwards.
    """
    complaints = _identity(source)
    first = _Run(source)
    await told()
    if not await first.published(seconds):
        complaints.append("nothing was published, though the other end has told of something")
    await cut()
    error = await first.ended(seconds)
    if not isinstance(error, Unreachable):
        complaints.append(f"a cut connection must raise Unreachable, not {error!r}: only then does the core try again")
    second = _Run(source)
    await told()
    if not await second.published(seconds):
        complaints.append("the run after a cut published nothing")
    if not await second.cancel(seconds):
        complaints.append("a cancelled run did not end")
    before = second.count
    await told()
    await asyncio.sleep(0)
    if second.count != before:
        complaints.append("something was published after the run was cancelled")
    return complaints


def _identity(source: LiveSource) -> list[str]:
    texts: list[object] = [source.id, source.label, source.id, source.label]
    fine = all(isinstance(text, str) and text for text in texts) and texts[:2] == texts[2:]
    return [] if fine else ["id and label must be steady texts that are not empty"]


class _Run:
    """One run of a source under observation."""

    def __init__(self, source: LiveSource) -> None:
        self.count = 0
        self._seen = asyncio.Event()
        self._task = asyncio.ensure_future(source.run(self._publish))

    def _publish(self, *_: object) -> None:
        self.count += 1
        self._seen.set()

    async def published(self, seconds: float) -> bool:
        seen = asyncio.ensure_future(self._seen.wait())
        await asyncio.wait([seen, self._task], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        seen.cancel()
        return self._seen.is_set()

    async def ended(self, seconds: float) -> BaseException | None:
        done, _ = await asyncio.wait([self._task], timeout=seconds)
        if not done:
            await self.cancel(seconds)
            return TimeoutError("it went on")
        return self._task.exception()

    async def cancel(self, seconds: float) -> bool:
        self._task.cancel()
        done, _ = await asyncio.wait([self._task], timeout=seconds)
        return bool(done)

"""What a plugin may be asked to provide: people, presence, parked calls, messages, voicemail.

Common to all: `id` is stable and unique (`plugin` or `plugin.name`), `label` is what people read. A source that can't be
reached raises `Unreachable`, one that needs credentials `SignInNeeded`, one that is not set up `NotConfigured`; then the core
retries, tells the user, or shows an empty state. A source never retries by itself. Everything runs on the loop thread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from callmanager.model.contacts import ContactBatch, SyncToken
from callmanager.model.messages import DeliveryReport, IncomingMessage, OutgoingMessage, Receipt, TransportAbilities
from callmanager.model.presence import ParkedCall, Presence
from callmanager.model.voicemail import Mailbox, MailboxSnapshot, Voicemail, VoicemailAbilities


class ContactSource(Protocol):
    """People from one place."""

    @property
    def id(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def refresh_seconds(self) -> float:
        """How old its last good answer may become before the core asks again."""
        ...

    async def fetch(self, since: SyncToken | None) -> ContactBatch:
        """All contacts, or what changed since that token."""
        ...


class PresenceSource(Protocol):
    """Who is free, from one place."""

    @property
    def id(self) -> str: ...
    @property
    def label(self) -> str: ...

    async def run(self, publish: Callable[[Sequence[Presence]], None]) -> None:
        """Publish all handles once, then every change, until cancelled. Returning or raising means that the source is lost."""
        ...


class ParkingSource(Protocol):
    """Parked calls, from one place."""

    @property
    def id(self) -> str: ...
    @property
    def label(self) -> str: ...

    async def run(self, publish: Callable[[str, Sequence[ParkedCall]], None]) -> None:
        """Publish the name of a lot with all calls that are parked in it now, at every change, until cancelled."""
        ...


class Inlet(Protocol):
    """Where a transport leaves what comes in."""

    async def receive(self, message: IncomingMessage) -> None:
        """Returns when the message is safely stored: only then may the carrier be told that it arrived. Drops a repetition."""
        ...

    async def report(self, report: DeliveryReport) -> None:
        """What became of an earlier message; one about an unknown message is dropped."""
        ...


class MessageTransport(Protocol):
    """Carries text messages."""

    @property
    def id(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def abilities(self) -> TransportAbilities: ...

    def senders(self) -> Sequence[str]:
        """The numbers that messages may come from, the usual one first; none while it is not set up."""
        ...

    async def send(self, message: OutgoingMessage) -> Receipt:
        """Hand one message to the carrier. Raises `Unreachable` when it surely was not taken, `DeliveryUncertain` when it may
        have been, `DeliveryRefused` with the carrier's reason when it never will be; `SignInNeeded` and `NotConfigured` also
        mean that it was not taken. Never repeats by itself. A few messages of different conversations may be under way at
        the same time, of one conversation never two; one that takes two minutes is cancelled and counts as uncertain."""
        ...

    async def run(self, inlet: Inlet) -> None:
        """Deliver what comes in until cancelled."""
        ...


class Playback(Protocol):
    """A voicemail that is being played; where the sound comes out is the store's business."""

    async def pause(self) -> None: ...
    async def resume(self) -> None: ...
    async def skip(self, seconds: float) -> None:
        """Forward, or back with a negative number."""
        ...

    async def stop(self) -> None: ...
    async def wait_ended(self) -> None: ...


class VoicemailStore(Protocol):
    """Mailboxes in one place."""

    @property
    def id(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def abilities(self) -> VoicemailAbilities: ...

    async def run(self, publish: Callable[[MailboxSnapshot], None]) -> None:
        """Publish each mailbox at every change, until cancelled."""
        ...

    async def play(self, message: Voicemail) -> Playback: ...
    async def mark(self, message: Voicemail, *, heard: bool) -> None: ...
    async def move(self, message: Voicemail, folder: str) -> None: ...
    async def delete(self, message: Voicemail) -> None: ...
    async def forward(self, message: Voicemail, to: Mailbox) -> None: ...
    async def save(self, message: Voicemail, path: Path) -> None:
        """Write the recording as a WAV file."""
        ...

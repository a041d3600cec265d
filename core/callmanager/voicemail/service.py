"""The voicemail of all mailboxes: what is there, and what can be done with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from callmanager.errors import UserError
from callmanager.events import MailboxChanged
from callmanager.model.sources import SourceKind, SourceState
from callmanager.model.voicemail import Mailbox, MailboxSnapshot, Voicemail, VoicemailAbilities
from callmanager.parties import checked_party
from callmanager.source_set import Collect, SourceGround, SourceSet
from callmanager.sources import Playback, VoicemailStore
from callmanager.texts import plain

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_MESSAGES: Final = 5000
_MOST_FOLDERS: Final = 50
_NO_ABILITY: Final = "this voicemail can't do that"


class VoicemailService:
    """Voicemail (protocol `Voicemails`). Loop thread only.

    A mailbox belongs to the store that told of it first. Commands go to that store and change nothing by themselves: the
    snapshot changes when the store publishes it. They raise `UserError` when the mailbox is gone or its store can't do it.
    """

    def __init__(self, ground: SourceGround, *, collect: Collect[VoicemailStore]) -> None:
        self._bus = ground.bus
        self._stores: SourceSet[VoicemailStore] = SourceSet(
            ground, kind=SourceKind.VOICEMAIL, collect=collect, work=self._follow, lost=self._forget
        )
        self._boxes: dict[Mailbox, MailboxSnapshot] = {}
        self._owners: dict[Mailbox, str] = {}

    def start(self) -> None:
        """Ask the stores of all active plugins from now on."""
        self._stores.start()

    async def close(self) -> None:
        """Give up all stores. Idempotent."""
        await self._stores.close()

    # ------------------------------------------------------------------------------------------------------- what is there

    def mailboxes(self) -> tuple[MailboxSnapshot, ...]:
        """All mailboxes that a store tells about, in the order in which they came."""
        return tuple(self._boxes.values())

    def get(self, mailbox: Mailbox) -> MailboxSnapshot | None:
        return self._boxes.get(mailbox)

    def unheard(self) -> int:
        """How many messages nobody has heard yet, over all mailboxes."""
        return sum(not message.heard for box in self._boxes.values() for message in box.messages)

    def abilities(self, mailbox: Mailbox) -> VoicemailAbilities:
        """What can be done with the messages of a mailbox; nothing while its store is away."""
        store = self._stores.get(self._owners.get(mailbox, ""))
        return store.abilities if store is not None else VoicemailAbilities()

    def sources(self) -> tuple[SourceState, ...]:
        """How each store is doing."""
        return self._stores.states()

    # ---------------------------------------------------------------------------------------------------------- commands

    async def play(self, message: Voicemail) -> Playback:
        return await self._store(message).play(message)

    async def mark(self, message: Voicemail, *, heard: bool) -> None:
        await self._able(message, lambda abilities: abilities.mark).mark(message, heard=heard)

    async def move(self, message: Voicemail, folder: str) -> None:
        box = self._boxes.get(message.mailbox)
        if box is not None and folder not in box.folders:
            raise UserError(f"the mailbox {message.mailbox.number} has no folder {folder}", f"Choose {', '.join(box.folders)}.")
        await self._able(message, lambda abilities: abilities.move).move(message, folder)

    async def delete(self, message: Voicemail) -> None:
        await self._able(message, lambda abilities: abilities.delete).delete(message)

    async def forward(self, message: Voicemail, to: Mailbox) -> None:
        await self._able(message, lambda abilities: abilities.forward).forward(message, to)

    async def save(self, message: Voicemail, path: Path) -> None:
        await self._able(message, lambda abilities: abilities.save).save(message, path)

    # ---------------------------------------------------------------------------------------------------------- internal

    async def _follow(self, store: VoicemailStore) -> None:
        def publish(snapshot: MailboxSnapshot) -> None:
            self._take(store.id, snapshot)

        await store.run(publish)

    def _take(self, store_id: str, snapshot: MailboxSnapshot) -> None:
        if self._owners.get(snapshot.mailbox, store_id) != store_id:
            return
        self._owners[snapshot.mailbox] = store_id
        self._stores.succeeded(store_id)
        before, after = self._boxes.get(snapshot.mailbox), _checked(snapshot)
        if after != before:
            self._boxes[snapshot.mailbox] = after
            self._bus.publish(MailboxChanged(before=before, after=after))

    def _forget(self, store_id: str) -> None:
        for mailbox in [mailbox for mailbox, owner in self._owners.items() if owner == store_id]:
            del self._owners[mailbox]
            self._bus.publish(MailboxChanged(before=self._boxes.pop(mailbox), after=None))

    def _store(self, message: Voicemail) -> VoicemailStore:
        store = self._stores.get(self._owners.get(message.mailbox, ""))
        if store is None:
            raise UserError(
                "the voicemail can't be reached now", "Wait until it is connected again, or dial the voicemail number."
            )
        return store

    def _able(self, message: Voicemail, ability: Callable[[VoicemailAbilities], bool]) -> VoicemailStore:
        store = self._store(message)
        if not ability(store.abilities):
            raise UserError(_NO_ABILITY, f"{store.label} does not offer it.")
        return store


def _checked(snapshot: MailboxSnapshot) -> MailboxSnapshot:
    messages = sorted(snapshot.messages, key=lambda message: message.at, reverse=True)[:_MOST_MESSAGES]
    return attrs.evolve(
        snapshot,
        folders=tuple(plain(folder, limit=80) for folder in snapshot.folders[:_MOST_FOLDERS]),
        messages=tuple(
            attrs.evolve(message, caller=checked_party(message.caller), folder=plain(message.folder, limit=80))
            for message in messages
        ),
    )

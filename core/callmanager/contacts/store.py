"""What is known of all contacts now: in memory, on the disk, and who is the same person; changed by one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import attrs

from callmanager.contacts.cleaning import Cleaner
from callmanager.contacts.copies import Copies
from callmanager.contacts.index import Index
from callmanager.contacts.merging import Decisions, Pair, merged, pair
from callmanager.contacts.people import People, ordered
from callmanager.contacts.records import record_of
from callmanager.contacts.slices import Slices
from callmanager.contacts.update import Update
from callmanager.contacts.view import View
from callmanager.errors import StorageError

if TYPE_CHECKING:
    import asyncio

    from callmanager.clock import Clock
    from callmanager.contacts.phone_numbers import NumberReader
    from callmanager.model.contacts import ContactBatch, SyncToken
    from callmanager.storage.database import Database


class ContactStore:
    """Loop thread only. `view` answers at any time; what changes it is done one after the other, in slices.

    After every change people are found anew and put in order, then `changed` is called with the source. A disk that refuses is
    told to `trouble` (none when all copies are good again), and everything but the copies goes on.
    """

    def __init__(
        self,
        database: Database,
        reader: NumberReader,
        *,
        lane: asyncio.Lock,
        shown: Callable[[], Iterable[str]],
        changed: Callable[[str], None],
        trouble: Callable[[StorageError | None], None],
        clock: Clock,
    ) -> None:
        self._copies = Copies(database)
        self._reader = reader
        self._lane = lane
        self._shown = shown
        self._changed = changed
        self._trouble = trouble
        self._clock = clock
        self._decisions = Decisions()
        self._tokens: dict[str, SyncToken | None] = {}
        self._loaded: set[str] = set()
        self._stale: set[str] = set()
        index = Index()
        self.view = View.of(index, People(index), reader)

    async def open(self) -> None:
        """Read what was decided, and forget copies that nobody has asked for in a long time."""
        try:
            await self._copies.forget_long_gone(now=self._clock())
            self._decisions = await self._copies.decisions()
        except StorageError as error:
            self._trouble(error)

    # ------------------------------------------------------------------------------------------------------------ sources

    def token(self, source_id: str) -> SyncToken | None:
        """What the next fetch is asked with."""
        return self._tokens.get(source_id)

    async def bring_back(self, source_id: str) -> None:
        """Show what was known of a source: from memory if it is still there, else from its copy."""
        async with self._lane:
            self.view.index.show(source_id, shown=True)
            if source_id not in self._loaded:
                await self._load(source_id)
                self._loaded.add(source_id)
            if self.view.index.rows_of(source_id):
                await self._settle(source_id)

    def hide(self, source_id: str) -> bool:
        """Let the entries of a source disappear at once; whether there were any. `settle` follows."""
        if not self.view.index.rows_of(source_id):
            return False
        self.view.index.show(source_id, shown=False)
        return True

    async def settle_without(self, source_id: str) -> None:
        """After `hide`, unless the source is back already."""
        async with self._lane:
            if source_id not in self._shown():
                await self._settle(source_id)

    async def take(self, source_id: str, batch: ContactBatch) -> None:
        """Bring memory and copy to what the source says now."""
        async with self._lane:
            before = self._tokens.pop(source_id, None)  # what breaks off in the middle is repeated as a whole
            stale = source_id in self._stale
            self._stale.add(source_id)
            cleaner = Cleaner(source_id)
            update = Update(
                batch,
                source_id,
                index=self.view.index,
                copies=self._copies,
                reader=self._reader,
                now=self._clock(),
                stale=stale,
            )
            await update.apply(cleaner, token_before=before)
            cleaner.tell()
            if not update.stale:
                self._stale.discard(source_id)
                self._tokens[source_id] = batch.token
            if update.error is not None or not self._stale:
                self._trouble(update.error)
            if update.changed:
                await self._settle(source_id)

    # -------------------------------------------------------------------------------------------------------- everything

    async def read_again(self, reader: NumberReader) -> None:
        """Read all numbers as those of another country."""
        async with self._lane:
            self._reader = reader
            index = await self.view.index.compacted(keep=lambda _: True, read_again=lambda contact: record_of(contact, reader))
            self._show_right(index)
            self.view = View.of(index, People(index), reader)
            await self._settle("")

    async def separate(self, contact_id: str, others: Iterable[str]) -> None:
        """Returns when it is stored; raises `StorageError`."""
        apart = {pair(contact_id, other) for other in others}
        await self._copies.decide(together=(), apart=apart, undone=(), now=self._clock())
        self._decisions = self._decisions.decided(apart, together=False)
        async with self._lane:
            await self._settle("")

    async def unite(self, one: Iterable[str], other: Iterable[str]) -> None:
        """Two people, by the ids of their entries. As `separate`."""
        across = [pair(a, b) for a in one for b in other]
        gone: frozenset[Pair] = self._decisions.apart & frozenset(across)
        await self._copies.decide(together=across[:1], apart=(), undone=gone, now=self._clock())
        self._decisions = attrs.evolve(self._decisions, apart=self._decisions.apart - gone).decided(across[:1], together=True)
        async with self._lane:
            await self._settle("")

    # ---------------------------------------------------------------------------------------------------------- internal

    async def _load(self, source_id: str) -> None:
        slices = Slices()
        try:
            self._tokens[source_id] = await self._copies.seen(source_id, now=self._clock())
            async for record in self._copies.read(source_id, self._reader):
                self.view.index.put(record)
                await slices.breathe()
        except StorageError as error:
            self._tokens.pop(source_id, None)
            self._stale.add(source_id)
            self._trouble(error)

    def _show_right(self, index: Index) -> None:
        """What came or went while the index was made anew."""
        shown = frozenset(self._shown())
        for source_id in index.sources:
            index.show(source_id, shown=source_id in shown)

    async def _settle(self, source_id: str) -> None:
        index = self.view.index
        if index.wasteful:
            shown = frozenset(self._shown())
            index = await index.compacted(keep=shown.__contains__)
            self._loaded &= shown
            self._show_right(index)
        groups = await merged(index, self._decisions)
        self.view = View.of(index, People(index, groups, await ordered(index)), self._reader)
        self._changed(source_id)

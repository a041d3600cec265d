"""One answer of a source on its way into memory and into the copy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING

from callmanager.contacts.copies import CHUNK
from callmanager.contacts.records import Record, record_of
from callmanager.contacts.slices import Slices
from callmanager.errors import StorageError

if TYPE_CHECKING:
    from callmanager.contacts.cleaning import Cleaner
    from callmanager.contacts.copies import Copies
    from callmanager.contacts.index import Index
    from callmanager.contacts.phone_numbers import NumberReader
    from callmanager.model.contacts import Contact, ContactBatch, SyncToken


class Update:
    """Applies one batch in slices and writes what differs, in pieces. `changed` says whether anything did.

    When the disk refuses, memory is brought up to date all the same and `error` says why. A copy that missed something is
    `stale` and left alone until a complete batch writes it anew.
    """

    def __init__(
        self,
        batch: ContactBatch,
        source_id: str,
        *,
        index: Index,
        copies: Copies,
        reader: NumberReader,
        now: datetime,
        stale: bool = False,
    ) -> None:
        self._batch = batch
        self._source_id = source_id
        self._index = index
        self._copies = copies
        self._reader = reader
        self._now = now
        self._anew = stale and batch.complete
        self._missed = stale and not batch.complete
        self._begun = False
        self._written: list[Record] = []
        self._removed: list[str] = []
        self._slices = Slices()
        self.changed = False
        self.error: StorageError | None = None

    @property
    def stale(self) -> bool:
        """Whether the copy lacks something now."""
        return self._missed or self.error is not None

    async def apply(self, cleaner: Cleaner, *, token_before: SyncToken | None) -> None:
        """Bring memory and copy to what the batch says."""
        if self._anew:
            await self._begin()
        if self._batch.complete:
            await self._replace(cleaner)
        else:
            await self._alter(cleaner)
        await self._flush()
        if self._begun or self._batch.token != token_before:
            await self._on_disk(lambda: self._copies.finish(self._source_id, self._batch.token, now=self._now))

    async def _replace(self, cleaner: Cleaner) -> None:
        confirmed = bytearray(self._index.row_count)
        for contact in cleaner.contacts(self._batch):
            row = None if contact is None else await self._put(contact)
            if row is not None and row < len(confirmed):
                confirmed[row] = 1
            await self._slices.breathe()
        for row in self._index.rows_of(self._source_id):
            if row < len(confirmed) and not confirmed[row]:
                await self._remove(row)

    async def _alter(self, cleaner: Cleaner) -> None:
        for contact in cleaner.contacts(self._batch):
            if contact is not None:
                await self._put(contact)
            await self._slices.breathe()
        for identity in cleaner.removed(self._batch):
            row = self._index.find(identity)
            if row is not None:
                await self._remove(row)

    async def _put(self, contact: Contact) -> int | None:
        """The row of a contact that is known just so."""
        row = self._index.find(contact.id)
        if row is not None and self._index.contact(row) == contact:
            if self._anew:
                await self._note(written=self._index.record(row))
            return row
        record = record_of(contact, self._reader)
        self.changed = self._index.put(record) or self.changed
        await self._note(written=record)
        return None

    async def _remove(self, row: int) -> None:
        identity = self._index.contact_id(row)
        self._index.remove(row)
        self.changed = True
        await self._note(removed=identity)
        await self._slices.breathe()

    async def _note(self, *, written: Record | None = None, removed: str = "") -> None:
        await self._begin()
        if written is not None:
            self._written.append(written)
        else:
            self._removed.append(removed)
        if len(self._written) + len(self._removed) >= CHUNK:
            await self._flush()

    async def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            await self._on_disk(lambda: self._copies.begin(self._source_id, now=self._now, anew=self._anew))

    async def _flush(self) -> None:
        written, removed, self._written, self._removed = self._written, self._removed, [], []
        if written or removed:
            await self._on_disk(lambda: self._copies.change(self._source_id, written, removed, region=self._reader.region))

    async def _on_disk(self, work: Callable[[], Awaitable[None]]) -> None:
        if self.stale:
            return
        try:
            await work()
        except StorageError as error:
            self.error = error

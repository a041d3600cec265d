"""A contact source by hand (protocol `ContactSource`), for tests of the core and of whatever shows people."""

from __future__ import annotations

import asyncio
from typing import Any

import attrs

from callmanager.model.contacts import Contact, ContactBatch, ContactId, NumberKind, PhoneNumber, SyncToken, contact_id


class FakeContactSource:
    """Knows what `put` and `remove` told it, and answers a token with what has changed since.

    `script` comes first: each entry answers one fetch, a batch as it is, an error by being raised. `error` is raised by every
    fetch while it is set. After `hold` a fetch waits until `release`. `asked` are the tokens of all fetches, `cancelled` counts
    those that were given up.
    """

    def __init__(self, source_id: str = "fake", *, label: str = "", refresh_seconds: float = 3600.0) -> None:
        self.id = source_id
        self.label = label or f"The people of {source_id}"
        self.refresh_seconds = refresh_seconds
        self.script: list[ContactBatch | Exception] = []
        self.error: Exception | None = None
        self.asked: list[SyncToken | None] = []
        self.cancelled = 0
        self._contacts: dict[ContactId, Contact] = {}
        self._history: list[ContactId] = []
        self._go = asyncio.Event()
        self._go.set()

    def put(self, key: str, name: str, *numbers: str, **fields: Any) -> Contact:
        """Add or change an entry; `fields` are those of `Contact`."""
        contact = Contact(
            id=contact_id(self.id, key),
            source_id=self.id,
            name=name,
            numbers=tuple(PhoneNumber(number=number, kind=NumberKind.WORK) for number in numbers),
        )
        contact = attrs.evolve(contact, **fields)
        self._contacts[contact.id] = contact
        self._history.append(contact.id)
        return contact

    def remove(self, key: str) -> None:
        identity = contact_id(self.id, key)
        del self._contacts[identity]
        self._history.append(identity)

    def hold(self) -> None:
        self._go.clear()

    def release(self) -> None:
        self._go.set()

    async def fetch(self, since: SyncToken | None) -> ContactBatch:
        self.asked.append(since)
        try:
            await self._go.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.error is not None:
            raise self.error
        if self.script:
            answer = self.script.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        return self._since(since)

    def _since(self, since: SyncToken | None) -> ContactBatch:
        token = SyncToken(str(len(self._history)))
        if since is None or not since.isdecimal() or int(since) > len(self._history):
            return ContactBatch(contacts=tuple(self._contacts.values()), token=token)
        touched = dict.fromkeys(self._history[int(since) :])
        return ContactBatch(
            contacts=tuple(self._contacts[identity] for identity in touched if identity in self._contacts),
            removed=tuple(identity for identity in touched if identity not in self._contacts),
            complete=False,
            token=token,
        )

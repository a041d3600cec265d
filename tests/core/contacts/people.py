"""What the tests of the contacts have in common: entries in few words, and an index of them."""

import asyncio
from collections.abc import Iterable
from typing import Any

import attrs
from callmanager.api import Contact, PhoneNumber, contact_id
from callmanager.contacts.index import Index
from callmanager.contacts.merging import Decisions, merged
from callmanager.contacts.people import People, ordered
from callmanager.contacts.phone_numbers import NumberReader
from callmanager.contacts.records import record_of
from callmanager.contacts.view import View

READER = NumberReader("US")
NOTHING_SAID = Decisions()


def entry(identity: str, name: str, *numbers: str, **fields: Any) -> Contact:
    """`identity` is `source/key`."""
    source_id, _, key = identity.partition("/")
    contact = Contact(
        id=contact_id(source_id, key), source_id=source_id, name=name, numbers=tuple(PhoneNumber(number=one) for one in numbers)
    )
    return attrs.evolve(contact, **fields)


def indexed(entries: Iterable[Contact]) -> Index:
    index = Index()
    for contact in entries:
        index.show(contact.source_id, shown=True)
        index.put(record_of(contact, READER))
    return index


def settled(index: Index, decisions: Decisions = NOTHING_SAID) -> View:
    async def settle() -> View:
        groups = await merged(index, decisions)
        return View.of(index, People(index, groups, await ordered(index)), READER)

    return asyncio.run(settle())


def view_of(*entries: Contact, decisions: Decisions = NOTHING_SAID) -> View:
    return settled(indexed(entries), decisions)

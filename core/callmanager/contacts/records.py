"""A contact packed into one piece of bytes, a sixth of what the object takes: a hundred thousand are kept in memory."""

from __future__ import annotations

from typing import Final

import attrs

from callmanager.contacts.folding import fold
from callmanager.contacts.phone_numbers import NumberKey, NumberReader
from callmanager.model.contacts import Contact, ContactId, NumberKind, PhoneNumber

_FIELD: Final = "\x1f"
_ITEM: Final = "\x1e"
_PART: Final = "\x1d"
_FIELD_END: Final = b"\x1f"
_KINDS: Final = tuple(NumberKind)
_CODES: Final = {kind: str(code) for code, kind in enumerate(_KINDS)}
_INDIRECT: Final = ";"
_AS_NAME: Final = "\x1c"
"""Given and family name are the two parts of the name, so they are not written twice."""


@attrs.frozen
class Record:
    """A contact with the keys of its numbers, in the order of the numbers."""

    contact: Contact
    keys: tuple[NumberKey | None, ...]


def record_of(contact: Contact, reader: NumberReader) -> Record:
    """Read the numbers of a contact; this is what takes the time, so the keys are kept."""
    return Record(contact, tuple(reader.read(number.number) for number in contact.numbers))


def key_text(key: NumberKey | None) -> str:
    """A key as it is stored."""
    return "" if key is None else key.text if key.direct else key.text + _INDIRECT


def key_from(text: str) -> NumberKey | None:
    return NumberKey(text.removesuffix(_INDIRECT), not text.endswith(_INDIRECT)) if text else None


def pack(record: Record) -> bytes:
    """Equal contacts with equal keys give equal bytes. The texts hold no control characters: they went through `cleaning`."""
    contact = record.contact
    joined = contact.name == f"{contact.given_name} {contact.family_name}"
    numbers = (
        _PART.join((number.number, _CODES[number.kind], number.label, key_text(key)))
        for number, key in zip(contact.numbers, record.keys, strict=True)
    )
    return _FIELD.join(
        (
            contact.name,
            contact.id[len(contact.source_id) + 1 :],
            _AS_NAME if joined else contact.given_name,
            "" if joined else contact.family_name,
            contact.company,
            contact.title,
            contact.extension,
            _ITEM.join(numbers),
            _ITEM.join(contact.emails),
            contact.note,
            contact.photo,
            "1" if contact.favourite else "",
            str(len(contact.given_name)),
        )
    ).encode()


def unpack(packed: bytes, source_id: str) -> Record:
    name, key, given, family, company, title, extension, numbers, emails, note, photo, favourite, split = packed.decode().split(
        _FIELD
    )
    if given == _AS_NAME:
        given, family = name[: int(split)], name[int(split) + 1 :]
    parts = [item.split(_PART) for item in numbers.split(_ITEM)] if numbers else []
    contact = Contact(
        id=ContactId(f"{source_id}/{key}"),
        source_id=source_id,
        name=name,
        given_name=given,
        family_name=family,
        company=company,
        title=title,
        extension=extension,
        numbers=tuple(PhoneNumber(number=number, kind=_KINDS[int(kind)], label=label) for number, kind, label, _ in parts),
        emails=tuple(emails.split(_ITEM)) if emails else (),
        note=note,
        photo=photo,
        favourite=bool(favourite),
    )
    return Record(contact, tuple(key_from(text) for *_, text in parts))


def packed_id(packed: bytes) -> bytes:
    """The id behind the source's, without unpacking the rest."""
    return packed.split(_FIELD_END, 2)[1]


def sort_key(packed: bytes) -> str:
    """What people are put in order by."""
    return fold(packed[: packed.index(_FIELD_END)].decode())


@attrs.frozen
class Clue:
    """What of a packed contact tells whether two are the same person."""

    name: str
    extension: str
    keys: tuple[str, ...]
    """As `key_text` writes them."""
    emails: tuple[str, ...]


def clue(packed: bytes) -> Clue:
    """A quarter of the time of `unpack`."""
    fields = packed.decode().split(_FIELD)
    keys = tuple(item[item.rindex(_PART) + 1 :] for item in fields[7].split(_ITEM)) if fields[7] else ()
    return Clue(fields[0], fields[6], keys, tuple(fields[8].casefold().split(_ITEM)) if fields[8] else ())

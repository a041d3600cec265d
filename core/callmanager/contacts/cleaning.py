"""What a source answered, made fit: plain and bounded text, ids of its own only; what does not fit is left out and counted."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from typing import Final

import attrs

from callmanager.model.contacts import Contact, ContactBatch, ContactId, NumberKind, PhoneNumber, refers_to
from callmanager.texts import plain

_log = logging.getLogger(__name__)

MOST_CONTACTS: Final = 200_000
MOST_NUMBERS: Final = 30
MOST_EMAILS: Final = 20
_NAME: Final = 120
_NOTE: Final = 2000
_ID: Final = 512
_REFERENCE: Final = 1000


class Cleaner:
    """Goes through one batch of one source. `tell` writes one line into the log on everything that was left out."""

    def __init__(self, source_id: str) -> None:
        self._source_id = source_id
        self._left_out: Counter[str] = Counter()

    def contacts(self, batch: ContactBatch) -> Iterator[Contact | None]:
        """Each contact that can be used, cleaned; none for one that can't, so that the caller may take a breath."""
        for number, contact in enumerate(batch.contacts):
            if number >= MOST_CONTACTS:
                self._left_out[f"over {MOST_CONTACTS}"] += len(batch.contacts) - number
                return
            yield self.contact(contact)

    def contact(self, contact: Contact) -> Contact | None:
        try:
            return self._cleaned(contact)
        except _Unfit as reason:
            self._left_out[str(reason)] += 1
        except (AttributeError, TypeError, ValueError):
            self._left_out["values of a wrong type"] += 1
        return None

    def removed(self, batch: ContactBatch) -> Iterator[ContactId]:
        for identity in batch.removed:
            if refers_to(self._source_id, str(identity)):
                yield identity
            else:
                self._left_out["the id of another source"] += 1

    def reasons(self) -> list[str]:
        """Why entries were left out, and how many."""
        return [f"{reason}: {count}" for reason, count in sorted(self._left_out.items())]

    def tell(self) -> None:
        if self._left_out:
            _log.warning(
                "the contact source %s gave entries that can't be used (%s)", self._source_id, ", ".join(self.reasons())
            )

    def _cleaned(self, contact: Contact) -> Contact:
        if contact.source_id != self._source_id or not refers_to(self._source_id, contact.id):
            raise _Unfit("the id of another source")
        if len(contact.id) > _ID or tidy(contact.id, limit=_ID) != contact.id:
            raise _Unfit("an id that can't be used")
        cleaned = clean_texts(contact)
        if not cleaned.name:
            raise _Unfit("nothing to show")
        return cleaned


class _Unfit(Exception):
    """Why an entry can't be used, in the words of the log."""


def clean_texts(contact: Contact) -> Contact:
    """Everything that is shown made plain; the name falls back to what else there is. Raises for values of a wrong type."""
    numbers = tuple(filter(None, map(_number, contact.numbers[:MOST_NUMBERS])))
    emails = tuple(dict.fromkeys(filter(None, (_email(email) for email in contact.emails[:MOST_EMAILS]))))
    given, family = tidy(contact.given_name), tidy(contact.family_name)
    company, extension = tidy(contact.company), "".join(tidy(contact.extension, limit=32).split())
    first = numbers[0].number if numbers else ""
    name = tidy(contact.name) or f"{given} {family}".strip() or company or extension or first or (emails[0] if emails else "")
    return attrs.evolve(
        contact,
        name=name,
        given_name=given,
        family_name=family,
        company=company,
        title=tidy(contact.title),
        extension=extension,
        numbers=numbers,
        emails=emails,
        note=tidy(contact.note, limit=_NOTE),
        photo=contact.photo
        if len(contact.photo) <= _REFERENCE and tidy(contact.photo, limit=_REFERENCE) == contact.photo
        else "",
        favourite=bool(contact.favourite),
    )


def tidy(text: str, *, limit: int = _NAME) -> str:
    """`plain`, without its cost for what is plain already."""
    if len(text) <= limit and text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    return plain(text, limit=limit)


def _number(number: PhoneNumber) -> PhoneNumber | None:
    text = tidy(number.number, limit=64)
    if not any(character.isdigit() or character in "*#" for character in text):
        return None
    return PhoneNumber(number=text, kind=NumberKind(number.kind), label=tidy(number.label, limit=40))


def _email(email: str) -> str:
    text = tidy(email, limit=255)
    return text if len(text) <= 254 and "@" in text and " " not in text else ""

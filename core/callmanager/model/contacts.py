"""People and companies as everybody sees them: frozen, whatever the source they come from."""

from enum import Enum
from typing import Final, NewType

import attrs

ContactId = NewType("ContactId", str)
"""Unique over all sources: the core makes it of the source's id and the source's own key, see `contact_id`."""

PersonId = NewType("PersonId", str)
"""The smallest id of the contacts that make up a person: it holds as long as that contact belongs to the person."""

OWN_CONTACTS: Final = "own"
"""The id of the source that holds what users wrote themselves; what it says of a person goes before all other sources."""

SyncToken = NewType("SyncToken", str)
"""What a source gave with its last batch; it means something to that source only."""


class NumberKind(Enum):
    EXTENSION = "extension"
    WORK = "work"
    MOBILE = "mobile"
    HOME = "home"
    FAX = "fax"
    OTHER = "other"


@attrs.frozen(kw_only=True)
class PhoneNumber:
    """A number in the notation of its source; whoever compares numbers normalises both sides."""

    number: str
    kind: NumberKind = NumberKind.OTHER
    label: str = ""


@attrs.frozen(kw_only=True)
class Contact:
    """One entry of one source. All text is plain; `photo` is the source's own reference to a picture, empty for none.

    `extension` is that of a colleague on the own PBX; a number behind some other company's switchboard belongs into `numbers`.
    """

    id: ContactId
    source_id: str
    name: str
    given_name: str = ""
    family_name: str = ""
    company: str = ""
    title: str = ""
    extension: str = ""
    numbers: tuple[PhoneNumber, ...] = ()
    emails: tuple[str, ...] = ()
    note: str = ""
    photo: str = ""
    favourite: bool = False


@attrs.frozen(kw_only=True)
class ContactBatch:
    """What a source answered. A `complete` batch replaces all that the source had, otherwise it is a change to that.

    `token` is handed to the next `fetch`; none makes the next one a complete one.
    """

    contacts: tuple[Contact, ...] = ()
    removed: tuple[ContactId, ...] = ()
    complete: bool = True
    token: SyncToken | None = None


@attrs.frozen(kw_only=True)
class Match:
    """Who a number belongs to. `exact` is false when only the end of the number agrees (no area code was sent).

    `others` is how many more people have this number. Where several people of one company share it, `contact` is the company:
    it has that name, no given and no family name.
    """

    contact: Contact
    number: str
    exact: bool = True
    others: int = 0


@attrs.frozen(kw_only=True)
class PersonNumber:
    """A number of a person with the sources that know it, in the notation of the first of them."""

    number: PhoneNumber
    source_ids: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Person:
    """Somebody as all sources together know them: the entries that surely mean the same one, the best first.

    Name, company, title and extension are those of the best entry that has one; each number and address is there once.
    """

    id: PersonId
    contacts: tuple[Contact, ...]
    name: str
    company: str = ""
    title: str = ""
    extension: str = ""
    numbers: tuple[PersonNumber, ...] = ()
    emails: tuple[str, ...] = ()
    favourite: bool = False

    @property
    def source_ids(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(contact.source_id for contact in self.contacts))


class HitField(Enum):
    """Where the text of a search was found."""

    NAME = "name"
    EXTENSION = "extension"
    NUMBER = "number"
    COMPANY = "company"
    EMAIL = "email"


@attrs.frozen(kw_only=True)
class FoundText:
    """A text of a contact in which something was found; `spans` are start and end of what to highlight, in order."""

    field: HitField
    text: str
    spans: tuple[tuple[int, int], ...]


@attrs.frozen(kw_only=True)
class Hit:
    """A person who was found, by which of the entries, and where in it. `number` is the one to call: the one that was found,
    else the extension, else the first; empty for somebody without any. `fuzzy` is set when only a similar word was found.
    """

    person: Person
    contact: Contact
    found: tuple[FoundText, ...] = ()
    number: str = ""
    fuzzy: bool = False


@attrs.frozen(kw_only=True)
class CallerDetails:
    """What a plugin knows of a caller, shown as plain text on the call card and the pop.

    `lines` are label and value, e.g. ("Open tickets", "2"); `link` is an https address that a click opens.
    """

    title: str
    lines: tuple[tuple[str, str], ...] = ()
    link: str = ""


def refers_to(source_id: str, identity: str) -> bool:
    """Whether this can be the id of an entry of that source."""
    return identity.startswith(f"{source_id}/") and len(identity) > len(source_id) + 1


def contact_id(source_id: str, key: str) -> ContactId:
    """The id of a source's entry; `key` is the source's own and stable over its life."""
    return ContactId(f"{source_id}/{key}")

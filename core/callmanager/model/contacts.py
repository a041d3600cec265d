"""People and companies as everybody sees them: frozen, whatever the source they come from."""

from enum import Enum
from typing import NewType

import attrs

ContactId = NewType("ContactId", str)
"""Unique over all sources: the core makes it of the source's id and the source's own key, see `contact_id`."""

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
    """One entry of one source. All text is plain; `photo` is the source's own reference to a picture, empty for none."""

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
    """Who a number belongs to. `exact` is false when only the end of the number agrees (no area code was sent)."""

    contact: Contact
    number: str
    exact: bool = True


@attrs.frozen(kw_only=True)
class CallerDetails:
    """What a plugin knows of a caller, shown as plain text on the call card and the pop.

    `lines` are label and value, e.g. ("Open tickets", "2"); `link` is an https address that a click opens.
    """

    title: str
    lines: tuple[tuple[str, str], ...] = ()
    link: str = ""


def contact_id(source_id: str, key: str) -> ContactId:
    """The id of a source's entry; `key` is the source's own and stable over its life."""
    return ContactId(f"{source_id}/{key}")

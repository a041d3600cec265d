"""Nothing of what a source says gets further than it should, and one bad entry spoils no other."""

import logging
from typing import Any

import attrs
import pytest
from callmanager.api import Contact, ContactBatch, NumberKind, PhoneNumber
from callmanager.contacts.cleaning import MOST_EMAILS, MOST_NUMBERS, Cleaner, tidy
from callmanager.texts import plain
from hypothesis import given
from hypothesis import strategies as st

from .people import entry


def cleaned(contact: Contact) -> Contact | None:
    return Cleaner("crm").contact(contact)


def test_what_is_plain_stays_as_it_is() -> None:
    contact = entry("crm/1", "Ann Smith", "+1 555 010 0199", company="Acme", emails=("ann@example.com",), note="Likes tea")
    assert cleaned(contact) == contact


def test_text_is_made_plain_and_bounded() -> None:
    contact = entry("crm/1", "An\u202en\r\n\0Smith" + "x" * 500, note="n" * 5000, title="\x1b[31mBoss")
    result = cleaned(contact)
    assert result is not None
    assert result.name.startswith("Ann Smithx")
    assert (len(result.name), len(result.note), result.title) == (120, 2000, "[31mBoss")


def test_numbers_and_addresses_are_bounded_and_those_that_are_none_are_dropped() -> None:
    numbers = (PhoneNumber(number="none"), *(PhoneNumber(number=f"555 010 {number:04}") for number in range(100)))
    emails = ("nobody", "a b@c", *(f"a{number}@example.com" for number in range(50)), "x" * 300 + "@example.com")
    result = cleaned(attrs.evolve(entry("crm/1", "Ann"), numbers=numbers, emails=emails))
    assert result is not None
    assert len(result.numbers) == MOST_NUMBERS - 1
    assert len(result.emails) == MOST_EMAILS - 2


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"given_name": "Ann", "family_name": "Smith"}, "Ann Smith"),
        ({"company": "Acme"}, "Acme"),
        ({"extension": "2001"}, "2001"),
        ({"numbers": (PhoneNumber(number="555 010 0199"),)}, "555 010 0199"),
        ({"emails": ("ann@example.com",)}, "ann@example.com"),
    ],
)
def test_somebody_without_a_name_is_called_by_what_else_there_is(fields: dict[str, Any], name: str) -> None:
    result = cleaned(entry("crm/1", " \u200b ", **fields))
    assert result is not None
    assert result.name == name


WRONG: tuple[Any, ...] = (
    entry("crm/1", ""),
    entry("other/1", "Ann"),
    attrs.evolve(entry("crm/1", "Ann"), id="1"),
    attrs.evolve(entry("crm/1", "Ann"), id="crm/"),
    attrs.evolve(entry("crm/1", "Ann"), id="crm/\n1"),
    attrs.evolve(entry("crm/1", "Ann"), id="crm/" + "1" * 600),
    attrs.evolve(entry("crm/1", "Ann"), source_id="other"),
    attrs.evolve(entry("crm/1", "Ann"), name=None),
    attrs.evolve(entry("crm/1", "Ann"), numbers=("555 010 0199",)),
    attrs.evolve(entry("crm/1", "Ann"), numbers=(PhoneNumber(number="1", kind="desk"),)),
    attrs.evolve(entry("crm/1", "Ann"), emails=(1,)),
    {"name": "Ann"},
    None,
)


def test_entries_that_cannot_be_used_are_left_out_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    cleaner = Cleaner("crm")
    good = entry("crm/2", "Bob")
    with caplog.at_level(logging.WARNING):
        assert [one for one in cleaner.contacts(ContactBatch(contacts=(*WRONG, good))) if one] == [good]
        assert list(cleaner.removed(ContactBatch(removed=("crm/3", "other/1", 7)))) == ["crm/3"]  # type: ignore[arg-type]
        cleaner.tell()
    (record,) = caplog.records
    assert "the contact source crm" in record.getMessage()
    assert sum(int(reason.rpartition(": ")[2]) for reason in cleaner.reasons()) == len(WRONG) + 2


def test_no_more_contacts_are_taken_than_can_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callmanager.contacts.cleaning.MOST_CONTACTS", 3)
    cleaner = Cleaner("crm")
    batch = ContactBatch(contacts=tuple(entry(f"crm/{number}", "Ann") for number in range(5)))
    assert len(list(cleaner.contacts(batch))) == 3
    assert cleaner.reasons() == ["over 3: 2"]


def test_a_kind_of_number_stays() -> None:
    contact = attrs.evolve(
        entry("crm/1", "Ann"), numbers=(PhoneNumber(number="555 010 0199", kind=NumberKind.FAX, label="Fax"),)
    )
    assert cleaned(contact) == contact


@given(st.text(max_size=300), st.integers(1, 200))
def test_tidy_is_plain(text: str, limit: int) -> None:
    assert tidy(text, limit=limit) == plain(text, limit=limit)

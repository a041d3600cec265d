"""What is packed comes back as it was."""

from callmanager.api import Contact, NumberKind, PhoneNumber, contact_id
from callmanager.contacts.cleaning import clean_texts
from callmanager.contacts.phone_numbers import NumberReader
from callmanager.contacts.records import clue, key_text, pack, packed_id, record_of, sort_key, unpack
from hypothesis import given
from hypothesis import strategies as st

READER = NumberReader("US")
TEXT = st.text(max_size=30)
NUMBER = st.builds(
    PhoneNumber,
    number=st.one_of(TEXT, st.from_regex(r"\+?[0-9 ()-]{3,16}( x[0-9]{1,3})?", fullmatch=True)),
    kind=st.sampled_from(NumberKind),
    label=TEXT,
)
CONTACT = st.builds(
    Contact,
    id=st.from_regex(r"[!-~]{1,20}", fullmatch=True).map(lambda key: contact_id("crm.people", key)),
    source_id=st.just("crm.people"),
    name=TEXT,
    given_name=st.sampled_from(["", "Ann", "=", "x y"]),
    family_name=st.sampled_from(["", "Smith", "="]),
    company=TEXT,
    title=TEXT,
    extension=TEXT,
    numbers=st.lists(NUMBER, max_size=4).map(tuple),
    emails=st.lists(st.sampled_from(["ann@example.com", "A@B.c", "x"]), max_size=3).map(tuple),
    note=TEXT,
    photo=TEXT,
    favourite=st.booleans(),
)


@given(CONTACT)
def test_a_cleaned_contact_comes_back_as_it_was(contact: Contact) -> None:
    record = record_of(clean_texts(contact), READER)
    packed = pack(record)
    assert unpack(packed, "crm.people") == record
    assert f"crm.people/{packed_id(packed).decode()}" == contact.id
    found = clue(packed)
    assert (found.name, found.extension) == (record.contact.name, record.contact.extension)
    assert found.keys == tuple(key_text(key) for key in record.keys)
    assert found.emails == tuple(email.casefold() for email in record.contact.emails)


def test_a_name_that_is_given_and_family_name_is_packed_once() -> None:
    contact = Contact(id=contact_id("a", "1"), source_id="a", name="Ann Smith", given_name="Ann", family_name="Smith")
    packed = pack(record_of(contact, READER))
    assert packed.count(b"Smith") == 1
    assert unpack(packed, "a").contact == contact
    assert sort_key(packed) == "ann smith"

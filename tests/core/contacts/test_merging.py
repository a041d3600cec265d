"""Entries become one person when they surely mean the same one, whatever the order in which they came."""

import random

import attrs
import pytest
from callmanager.api import Contact, Person
from callmanager.contacts.folding import words
from callmanager.contacts.merging import Decisions, pair, similar
from callmanager.contacts.records import record_of
from hypothesis import given, settings
from hypothesis import strategies as st

from .people import NOTHING_SAID, READER, entry, indexed, settled, view_of


def groups(*entries: Contact, decisions: Decisions = NOTHING_SAID) -> set[frozenset[str]]:
    """The ids of the entries of each person."""
    return {
        frozenset(contact.id for contact in person.contacts) for person in view_of(*entries, decisions=decisions).people.all()
    }


def together(*entries: Contact) -> bool:
    return len(groups(*entries)) == 1


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("Ann Smith", "Ann Smith", True),
        ("Ann Smith", "Smith, Ann", True),
        ("Ann Smith", "ANN SMITH", True),
        ("Ann Smith", "A. Smith", True),
        ("Ann Smith", "Ann Marie Smith", True),
        ("Ann Smith", "Anna Smith", True),
        ("Jürgen Weiß", "Juergen Weiss", False),
        ("Ann Smith", "Ann Jones", False),
        ("Ann Smith", "Bob Smith", False),
        ("Ann Smith", "A. S.", False),
        ("Li Wu", "Wu Li", True),
        ("Li Wu", "Li Na", False),
        ("", "", False),
    ],
)
def test_names_are_similar_when_they_can_be_the_same_persons(one: str, other: str, alike: bool) -> None:
    assert similar(words(one), words(other)) == similar(words(other), words(one)) == alike


def test_the_same_direct_number_and_a_similar_name_are_one_person() -> None:
    assert together(entry("crm/1", "Ann Smith", "(555) 010-0199"), entry("m365/9", "Smith, Ann", "+1 555 010 0199"))


def test_the_same_number_and_another_name_are_two_people() -> None:
    assert not together(entry("crm/1", "Ann Miller", "555 010 0199"), entry("m365/9", "Bob Miller", "555 010 0199"))


def test_a_companys_main_number_merges_nobody_not_even_similar_names() -> None:
    staff = [entry(f"crm/{name}", name, "555 010 0100", company="Acme") for name in ("Ann Smith", "Bob Brown", "Carl Jones")]
    assert not together(*staff)
    twin = entry("m365/1", "Anna Smith", "555 010 0100", company="Acme")
    assert len(groups(*staff, twin)) == 4


def test_a_number_with_an_extension_behind_it_is_a_switchboards() -> None:
    assert not together(entry("crm/1", "Ann Smith", "555 010 0199 x1"), entry("m365/1", "Ann Smith", "555 010 0199 x1"))


def test_what_more_than_eight_entries_share_tells_nothing() -> None:
    assert len(groups(*(entry(f"s{number}/1", "Ann Smith", "555 010 0199") for number in range(9)))) == 9
    assert together(*(entry(f"s{number}/1", "Ann Smith", "555 010 0199") for number in range(8)))


def test_the_same_address_is_one_person_whatever_the_name() -> None:
    mail = ("Ann.Smith@example.com",)
    assert together(entry("crm/1", "Ann Smith", emails=mail), entry("m365/1", "Annie", emails=("ann.smith@EXAMPLE.com",)))


def test_an_address_of_a_role_or_of_many_is_nobodys() -> None:
    assert not together(entry("crm/1", "Ann", emails=("info@acme.com",)), entry("m365/1", "Bob", emails=("info@acme.com",)))
    three = [entry(f"crm/{name}", name, emails=("team7@acme.com",)) for name in ("Ann Smith", "Bob Brown", "Carl Jones")]
    assert not together(*three)


def test_the_same_extension_is_one_person_if_the_names_agree_or_one_has_none() -> None:
    pbx = entry("pbx/2001", "Ann Smith", extension="2001")
    assert together(pbx, entry("crm/1", "Ann Smith", extension="2001"))
    assert together(pbx, entry("ami/2001", "2001", extension="2001"))
    assert not together(pbx, entry("crm/1", "Reception", extension="2001"))
    assert not together(entry("a/1", "2001", extension="2001"), entry("b/1", "Bob", extension="2002"))


def test_the_bridge_of_a_third_entry_makes_one_person_of_three() -> None:
    assert together(
        entry("pbx/1", "Ann Smith", extension="2001", emails=("ann@example.com",)),
        entry("m365/1", "Ann Smith", "555 010 0199", emails=("ann@example.com",)),
        entry("crm/1", "A. Smith", "+1 555 010 0199"),
    )


def test_hidden_entries_are_no_bridge() -> None:
    index = indexed(
        [
            entry("pbx/1", "Ann Smith", emails=("ann@example.com",)),
            entry("m365/1", "Ann Smith", "555 010 0199", emails=("ann@example.com",)),
            entry("crm/1", "A. Smith", "+1 555 010 0199"),
        ]
    )
    index.show("m365", shown=False)
    assert [len(person.contacts) for person in settled(index).people.all()] == [1, 1]


def test_what_the_user_said_goes_before_everything() -> None:
    one, other = entry("crm/1", "Ann Smith", "555 010 0199"), entry("m365/1", "Ann Smith", "555 010 0199")
    stranger = entry("pbx/1", "Annie Jones")
    apart = Decisions().decided([pair(one.id, other.id)], together=False)
    assert len(groups(one, other, decisions=apart)) == 2
    united = apart.decided([pair(one.id, other.id)], together=True)
    assert len(groups(one, other, decisions=united)) == 1
    said = Decisions().decided([pair(one.id, stranger.id)], together=True)
    assert groups(one, other, stranger, decisions=said) == {frozenset({one.id, other.id, stranger.id})}


def test_a_separation_holds_over_a_third_entry_and_the_surer_link_stays() -> None:
    ann = entry("crm/1", "Ann Smith", "555 010 0199", emails=("ann@example.com",))
    third = entry("m365/1", "Ann Smith", "555 010 0199", "555 010 0300", emails=("ann@example.com",))
    other = entry("pbx/1", "Ann Smith", "555 010 0300")
    assert together(ann, third, other)
    apart = Decisions().decided([pair(ann.id, other.id)], together=False)
    assert groups(ann, third, other, decisions=apart) == {frozenset({ann.id, third.id}), frozenset({other.id})}


def person(*entries: Contact) -> Person:
    (found,) = view_of(*entries).people.all()
    return found


def test_a_person_shows_the_best_of_each_entry_and_each_number_once_with_its_sources() -> None:
    found = person(
        entry("pbx/2001", "ANN SMITH", extension="2001", emails=("Ann@example.com",)),
        entry("m365/1", "Ann Smith", "(555) 010-0199", "2001", company="Acme", title="Boss", emails=("ann@example.com",)),
        entry("own/1", "Annie", "+1 555 010 0199", favourite=True, emails=("ann@example.com", "home@example.com")),
    )
    assert (found.id, found.name, found.company, found.title, found.extension) == ("m365/1", "Annie", "Acme", "Boss", "2001")
    assert found.favourite
    assert found.emails == ("ann@example.com", "home@example.com")
    assert found.source_ids == ("own", "pbx", "m365")
    assert [(number.number.number, number.source_ids) for number in found.numbers] == [
        ("+1 555 010 0199", ("own", "m365")),
        ("2001", ("pbx", "m365")),
    ]


NAMES = st.sampled_from(["Ann Smith", "Smith Ann", "A. Smith", "Anna Smith", "Bob Brown", "Bob", "2001", "Li Wu"])
NUMBERS = st.sampled_from(["555 010 0199", "+15550100199", "555 010 0200", "555 010 0199 x5", "2001", "*97"])
EMAILS = st.sampled_from(["ann@example.com", "ANN@example.com", "bob@example.com", "info@example.com"])


@st.composite
def crowds(draw: st.DrawFn) -> list[Contact]:
    return [
        entry(
            f"{draw(st.sampled_from(['pbx', 'm365', 'crm']))}/{number}",
            draw(NAMES),
            *draw(st.lists(NUMBERS, max_size=2)),
            extension=draw(st.sampled_from(["", "", "2001", "2002"])),
            emails=tuple(draw(st.lists(EMAILS, max_size=2))),
            favourite=draw(st.booleans()),
        )
        for number in range(draw(st.integers(2, 12)))
    ]


@settings(max_examples=150, deadline=None)
@given(crowds(), st.randoms(use_true_random=False), st.data())
def test_people_do_not_depend_on_the_order_in_which_entries_came(
    crowd: list[Contact], chance: random.Random, data: st.DataObject
) -> None:
    ids = [contact.id for contact in crowd]
    pairs = st.tuples(st.sampled_from(ids), st.sampled_from(ids)).filter(lambda two: two[0] != two[1])
    decisions = Decisions()
    for one, other in data.draw(st.lists(pairs, max_size=4)):
        decisions = decisions.decided([pair(one, other)], together=data.draw(st.booleans()))
    shuffled = list(crowd)
    chance.shuffle(shuffled)
    first = list(view_of(*crowd, decisions=decisions).people.all())
    assert list(view_of(*shuffled, decisions=decisions).people.all()) == first
    assert sorted(contact.id for person in first for contact in person.contacts) == sorted(ids)
    for one, other in decisions.apart:
        assert not any({one, other} <= {contact.id for contact in person.contacts} for person in first)


@settings(max_examples=60, deadline=None)
@given(crowds(), st.randoms(use_true_random=False))
def test_people_do_not_depend_on_what_entries_were_before(crowd: list[Contact], chance: random.Random) -> None:
    index = indexed(attrs.evolve(contact, name="Somebody Else", emails=("x@example.com",)) for contact in crowd)
    for contact in chance.sample(crowd, len(crowd)):
        index.put(record_of(contact, READER))
    assert list(settled(index).people.all()) == list(view_of(*crowd).people.all())

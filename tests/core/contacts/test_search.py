"""Somebody types, and sees whom they mean."""

import pytest
from callmanager.api import FoundText, Hit, HitField
from callmanager.contacts.folding import words
from callmanager.contacts.records import record_of
from hypothesis import given, settings
from hypothesis import strategies as st

from .people import READER, entry, indexed, settled, view_of

ANN = entry("crm/ann", "Ann Smith", "(555) 010-0199", company="Acme Tools", emails=("ann.smith@acme.example.com",))
BOB = entry("pbx/bob", "Bob O'Brien", extension="2001")
JURGEN = entry("m365/jw", "Jürgen Weiß", "+49 30 901820", company="Schrauben GmbH")
MARIA = entry(
    "m365/maria", "María José Nuñez", "+1 555 010 0777", given_name="María", family_name="Nuñez", company="Bobs Diner"
)
JOHN = entry("crm/john", "John Annex", "555 010 0200", emails=("jannex@tools.example.com",))
OFFICE = view_of(ANN, BOB, JURGEN, MARIA, JOHN)


def find(text: str, *, limit: int = 10, recent: tuple[str, ...] = ()) -> list[Hit]:
    return OFFICE.search.find(text, limit=limit, recent=recent)


def names(text: str, **options) -> list[str]:
    return [hit.contact.name for hit in find(text, **options)]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("ann", ["Ann Smith", "John Annex"]),
        ("ANN S", ["Ann Smith"]),
        ("smith ann", ["Ann Smith"]),
        ("smi", ["Ann Smith"]),
        ("jurgen", ["Jürgen Weiß"]),
        ("Jürgen weiss", ["Jürgen Weiß"]),
        ("obrien", ["Bob O'Brien"]),
        ("o'br", ["Bob O'Brien"]),
        ("jose", ["María José Nuñez"]),
        ("nunez mar", ["María José Nuñez"]),
        ("acme", ["Ann Smith"]),
        ("ann acme", ["Ann Smith"]),
        ("bob", ["Bob O'Brien", "María José Nuñez"]),
        ("gmbh", ["Jürgen Weiß"]),
        ("2001", ["Bob O'Brien"]),
        ("20", ["Bob O'Brien"]),
        ("5550100199", ["Ann Smith"]),
        ("+1 (555) 010-0199", ["Ann Smith"]),
        ("555 010", ["Ann Smith", "John Annex", "María José Nuñez"]),
        ("0199", ["Ann Smith"]),
        ("030 9018", ["Jürgen Weiß"]),
        ("+4930", ["Jürgen Weiß"]),
        ("bob 2001", ["Bob O'Brien"]),
        ("ann.smith@acme", ["Ann Smith"]),
        ("jannex", ["John Annex"]),
        ("tools", ["Ann Smith", "John Annex"]),
        ("smith ann bob", []),
        ("zzz", []),
        ("", []),
        ("   ", []),
        ("()", []),
        ("@", []),
    ],
)
def test_people_are_found_by_name_number_company_extension_and_address(typed: str, found: list[str]) -> None:
    assert names(typed) == found


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("jonh", "John Annex"),
        ("smtih", "Ann Smith"),
        ("smiith", "Ann Smith"),
        ("anex", "John Annex"),
        ("mmith", "Ann Smith"),
        ("jhon ann", "John Annex"),
        ("shcrauben", "Jürgen Weiß"),
    ],
)
def test_one_slip_of_the_fingers_is_forgiven_where_nothing_else_is_found(typed: str, found: str) -> None:
    hits = find(typed)
    assert [(hit.contact.name, hit.fuzzy) for hit in hits][:1] == [(found, True)]
    assert hits[0].found[0].spans


def test_no_slip_is_read_into_what_is_found_as_it_is_or_is_short() -> None:
    assert not any(hit.fuzzy for hit in find("ann"))
    assert names("xnn") == []
    assert names("2002") == []


def test_favourites_come_first_then_who_was_called_last() -> None:
    people = [
        entry(f"crm/{name}", f"{name} Smith", f"555 010 020{place}") for place, name in enumerate(("Ada", "Ben", "Cem", "Dan"))
    ]
    people[3] = entry("crm/Dan", "Dan Smith", "555 010 0203", favourite=True)
    search = view_of(*people).search
    found = search.find("smi", limit=10, recent=("+15550100202", "5550100201", "5559999999"))
    assert [hit.person.name for hit in found] == ["Dan Smith", "Cem Smith", "Ben Smith", "Ada Smith"]
    assert [hit.person.name for hit in search.find("ada", limit=10, recent=("5550100201",))] == ["Ada Smith"]


def test_the_exact_number_goes_before_favourites() -> None:
    ext, favourite = entry("pbx/1", "Zoe", extension="200"), entry("pbx/2", "Ann", extension="2001", favourite=True)
    assert [hit.person.name for hit in view_of(ext, favourite).search.find("200", limit=5)] == ["Zoe", "Ann"]


def test_a_person_of_several_sources_is_found_once_with_all_of_them() -> None:
    view = view_of(
        entry("pbx/1", "Ann Smith", extension="2001", emails=("ann@example.com",)),
        entry("m365/1", "Ann Smith", "555 010 0199", company="Acme", emails=("ann@example.com",)),
    )
    for typed in ("ann", "smith", "acme", "2001", "0199", "ann@"):
        (hit,) = view.search.find(typed, limit=5)
        assert hit.person.source_ids == ("pbx", "m365")
    assert view.search.find("acme", limit=5)[0].contact.source_id == "m365"


def test_what_was_typed_is_marked_where_it_was_found() -> None:
    (hit,) = find("ann acm")
    assert hit.found == (
        FoundText(field=HitField.NAME, text="Ann Smith", spans=((0, 3),)),
        FoundText(field=HitField.COMPANY, text="Acme Tools", spans=((0, 3),)),
        FoundText(field=HitField.EMAIL, text="ann.smith@acme.example.com", spans=((0, 3), (10, 13))),
    )
    (hit,) = find("+1 555 010 0199")
    assert hit.found == (FoundText(field=HitField.NUMBER, text="(555) 010-0199", spans=((1, 14),)),)
    (hit,) = find("jurg")
    assert hit.found == (FoundText(field=HitField.NAME, text="Jürgen Weiß", spans=((0, 4),)),)
    assert find("@acme")[0].found == (FoundText(field=HitField.EMAIL, text="ann.smith@acme.example.com", spans=((9, 14),)),)


def test_the_number_to_call_is_the_one_that_was_found() -> None:
    both = entry("crm/1", "Ann", extension="2001")
    two = entry("crm/2", "Bob Both", "555 010 0300", "555 010 0400")
    search = view_of(both, two, entry("crm/3", "Nobody Reachable")).search
    assert [search.find(typed, limit=1)[0].number for typed in ("ann", "200", "bob", "0400", "nobody")] == [
        "2001",
        "2001",
        "555 010 0300",
        "555 010 0400",
        "",
    ]


def test_no_more_are_found_than_were_asked_for() -> None:
    crowd = view_of(*(entry(f"crm/{number}", f"Person {number:03}") for number in range(300)))
    assert [hit.person.name for hit in crowd.search.find("per", limit=3)] == ["Person 000", "Person 001", "Person 002"]
    assert crowd.search.find("per", limit=0) == []


def test_hidden_people_are_not_found() -> None:
    index = indexed([ANN, BOB])
    view = settled(index)
    assert view.search.find("ann", limit=5)
    index.show("crm", shown=False)
    assert view.search.find("ann", limit=5) == []
    index.show("crm", shown=True)
    assert view.search.find("ann", limit=5)


def test_what_is_remembered_between_key_presses_is_not_used_after_a_change() -> None:
    index = indexed([entry("crm/1", "Ann Smith"), entry("crm/2", "Bob Brown")])
    search = settled(index).search
    assert [hit.person.name for hit in search.find("ann smi", limit=5)] == ["Ann Smith"]
    index.put(record_of(entry("crm/3", "Ann Smilla"), READER))
    assert {hit.person.name for hit in search.find("ann smi", limit=5)} == {"Ann Smith", "Ann Smilla"}


def test_the_given_name_finds_somebody_who_is_called_otherwise() -> None:
    boss = entry("crm/1", "The Boss", given_name="Ann", family_name="Smith")
    (hit,) = view_of(boss).search.find("smith", limit=5)
    assert hit.found == (FoundText(field=HitField.NAME, text="Ann Smith", spans=((4, 9),)),)


WORD = st.sampled_from(["ann", "anna", "smith", "müller", "o'brien", "li", "王伟"])
PEOPLE = st.lists(st.lists(WORD, min_size=1, max_size=3).map(" ".join), min_size=1, max_size=12)


@settings(max_examples=100, deadline=None)
@given(PEOPLE, st.lists(st.sampled_from(["a", "an", "ann", "smi", "mul", "obr", "l", "王"]), min_size=1, max_size=3))
def test_what_is_found_is_what_a_simple_search_finds(people: list[str], typed: list[str]) -> None:
    view = view_of(*(entry(f"crm/{number}", name) for number, name in enumerate(people)))
    found = {hit.contact.id for hit in view.search.find(" ".join(typed), limit=100) if not hit.fuzzy}
    expected = {
        f"crm/{number}"
        for number, name in enumerate(people)
        if all(any(word.startswith(one) for word in words(name)) for one in typed)
    }
    assert found == expected


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_whatever_is_typed_never_raises_and_marks_inside_the_text(typed: str) -> None:
    for hit in find(typed, recent=("2001", typed)):
        for found in hit.found:
            assert all(0 <= start < end <= len(found.text) for start, end in found.spans)

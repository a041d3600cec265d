"""A number leads to whom it belongs, and to nobody rather than to the wrong one."""

import pytest
from callmanager.api import Contact, Match
from callmanager.contacts.records import record_of

from .people import READER, entry, indexed, settled, view_of


def match(number: str, *entries: Contact) -> Match | None:
    return view_of(*entries).matcher.match(number)


@pytest.mark.parametrize("written", ["(555) 010-0199", "+1 555 010 0199", "1-555-010-0199", "555.010.0199 x7"])
@pytest.mark.parametrize("sent", ["5550100199", "15550100199", "+15550100199"])
def test_a_number_is_found_in_every_notation(written: str, sent: str) -> None:
    ann = entry("crm/1", "Ann Smith", written)
    assert match(sent, ann, entry("crm/2", "Bob", "555 010 0198")) == Match(contact=ann, number=sent)


def test_extensions_match_exactly_and_only_so() -> None:
    ann, bob = entry("pbx/1", "Ann", extension="2001"), entry("pbx/2", "Bob", "20012")
    assert match("2001", ann, bob) == Match(contact=ann, number="2001")
    assert match("20012", ann, bob) == Match(contact=bob, number="20012")
    assert match("001", ann, bob) is None
    assert match("12001", ann, bob) is None


def test_an_extension_as_long_as_a_number_is_found() -> None:
    ann = entry("pbx/1", "Ann", extension="10012001")
    assert match("10012001", ann) == Match(contact=ann, number="10012001")


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("+1 555 234 5678", "2345678"),
        ("234-5678", "+15552345678"),
        ("+49 30 90182012", "03090182012"),
        ("2345678", "5552345678"),
    ],
)
def test_the_end_of_a_number_finds_with_less_certainty_where_a_code_is_missing(written: str, sent: str) -> None:
    ann = entry("crm/1", "Ann", written)
    assert match(sent, ann) == Match(contact=ann, number=sent, exact=False)


def test_a_number_of_abroad_that_came_without_its_code_looks_like_one_of_here_and_is_found_all_the_same() -> None:
    ann = entry("crm/1", "Ann", "+44 20 7946 0018")
    assert match("2079460018", ann) == Match(contact=ann, number="2079460018", exact=False)


def test_two_whole_numbers_that_only_end_alike_are_two_numbers() -> None:
    assert match("+15552345678", entry("crm/1", "Ann", "+1 666 234 5678")) is None
    assert match("+15552345678", entry("crm/1", "Ann", "+44 20 7234 5678")) is None


def test_an_end_that_leads_to_two_people_leads_to_nobody() -> None:
    ann, bob = entry("crm/1", "Ann", "+1 555 234 5678"), entry("crm/2", "Bob", "+1 666 234 5678")
    assert match("2345678", ann, bob) is None


def test_an_end_that_leads_to_two_entries_of_one_person_leads_to_that_person() -> None:
    ann, again = entry("crm/1", "Ann Smith", "+1 555 234 5678"), entry("m365/1", "Ann Smith", "+1 555 234 5678")
    assert match("2345678", ann, again) == Match(contact=ann, number="2345678", exact=False)


def test_fewer_than_seven_digits_never_match_an_end() -> None:
    assert match("345678", entry("crm/1", "Ann", "+1 555 234 5678")) is None


SHARED = "555 010 0100"


def test_favourites_go_before_own_entries_before_colleagues_before_others() -> None:
    other = entry("a/1", "Zoe", SHARED)
    colleague = entry("pbx/1", "Carl", SHARED, extension="2001")
    own = entry("own/1", "Bob", SHARED)
    favourite = entry("z/1", "Ann", SHARED, favourite=True)
    order = [favourite, own, colleague, other]
    while order:
        found = match(SHARED, *reversed(order))
        assert found is not None
        assert (found.contact, found.others) == (order[0], len(order) - 1)
        order.pop(0)


def test_a_number_of_several_people_of_one_company_is_the_companys() -> None:
    found = match(
        SHARED, *(entry(f"crm/{name}", name, SHARED, company="Acme", title="Boss") for name in ("Ann", "Bob", "Carl"))
    )
    assert found is not None
    assert (found.contact.name, found.contact.company, found.contact.title, found.others) == ("Acme", "Acme", "", 2)


def test_without_a_common_company_the_first_is_named_and_the_others_counted() -> None:
    found = match(SHARED, entry("crm/2", "Bob", SHARED), entry("crm/1", "Ann", SHARED))
    assert found is not None
    assert (found.contact.name, found.others) == ("Ann", 1)


def test_entries_of_one_person_do_not_count_as_others() -> None:
    found = match("5550100199", entry("crm/1", "Ann Smith", "555 010 0199"), entry("own/1", "Ann Smith", "5550100199"))
    assert found is not None
    assert (found.contact.source_id, found.others) == ("own", 0)


@pytest.mark.parametrize("number", ["", "anonymous", "ann", "*", "+", "\u202e"])
def test_what_is_no_number_belongs_to_nobody(number: str) -> None:
    assert match(number, entry("crm/1", "Ann", "555 010 0199")) is None


def test_an_answer_is_not_kept_when_entries_change() -> None:
    index = indexed([entry("crm/1", "Ann", "555 010 0199")])
    matcher = settled(index).matcher
    assert matcher.match("5550100199")
    assert matcher.match("5550100200") is None
    index.put(record_of(entry("crm/2", "Bob", "555 010 0200"), READER))
    found = matcher.match("5550100200")
    assert found is not None
    assert found.contact.name == "Bob"
    index.show("crm", shown=False)
    assert matcher.match("5550100199") is None


def test_a_number_that_hundreds_share_is_answered_all_the_same() -> None:
    crowd = [entry(f"crm/{number}", f"Person {number:04}", SHARED, company="Acme") for number in range(1500)]
    found = match(SHARED, *crowd)
    assert found is not None
    assert found.contact.name == "Acme"

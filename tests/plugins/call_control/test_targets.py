"""Whom a call can be handed to, found while somebody types."""

from pathlib import Path

import pytest
from callmanager.api import (
    CallState,
    ContactSource,
    Handle,
    Permissions,
    PluginContext,
    Presence,
    PresenceSource,
    PresenceStatus,
    hookimpl,
)
from callmanager.contacts import directory
from callmanager.testing import FakeContactSource, FakeEngine, FakePresenceSource, Harness, running
from callmanager_call_control.conference.plugin import Conference
from callmanager_call_control.targets import KnownPresence, LiveCalls, RecentTargets, Target, Targets, fit, remember
from callmanager_call_control.transfer.plugin import Transfer

RECENT = ("2004 Marcus Hale", "5550104477 Dana Kowalski", "2011 Maria Lindqvist")


class Board:
    """Presence as it stands."""

    def __init__(self, **known: PresenceStatus) -> None:
        self._known = {handle.removeprefix("x"): status for handle, status in known.items()}

    def get(self, handle: str) -> Presence:
        return Presence(handle=Handle(handle), status=self._known.get(handle, PresenceStatus.UNKNOWN))

    def all(self) -> tuple[Presence, ...]:
        return tuple(map(self.get, self._known))

    def sources(self):
        return ()


BOARD = Board(x2004=PresenceStatus.ON_CALL, x2009=PresenceStatus.UNAVAILABLE, x2011=PresenceStatus.AVAILABLE)


@pytest.fixture
def targets() -> Targets:
    return Targets((RecentTargets(lambda: RECENT), KnownPresence(BOARD)), presence=BOARD)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["2004", "5550104477", "2011", "2009"]),
        ("mar", ["2004", "2011"]),
        ("MARIA", ["2011"]),
        ("hale", ["2004"]),
        ("m li", ["2011"]),
        ("0104", ["0104", "5550104477"]),
        ("200", ["200", "2004", "2009"]),
        ("(555) 010-4477", ["5550104477"]),
        ("nobody", []),
        ("sip:desk@example.com", ["sip:desk@example.com"]),
        ("12 apples", []),
    ],
)
def test_names_and_numbers_are_found_and_what_was_typed_can_be_called(targets: Targets, query: str, found: list) -> None:
    assert [target.number for target in targets.find(query)] == found


def test_each_number_is_there_once_with_its_name_and_presence(targets: Targets) -> None:
    (marcus,) = targets.find("2004")
    assert (marcus.name, marcus.status, marcus.typed) == ("Marcus Hale", PresenceStatus.ON_CALL, False)


def test_a_typed_number_of_which_nothing_is_known_says_nothing_of_presence(targets: Targets) -> None:
    (typed,) = targets.find("77")[:1]
    assert (typed.typed, typed.status, typed.label) == (True, None, "77")


def test_the_best_fit_comes_first() -> None:
    target = Target(name="Ana Maria Lopez", number="2012")
    assert [fit(query, target) for query in ("ana", "20", "lo", "opez", "x", "")] == [0, 0, 1, 2, None, 0]


def test_the_last_target_is_remembered_first_and_keeps_its_name() -> None:
    recent = remember(Target(name="", number="2011"), RECENT)
    assert recent == ("2011 Maria Lindqvist", "2004 Marcus Hale", "5550104477 Dana Kowalski")
    assert remember(Target(name="New", number="1"), recent, most=2) == ("1 New", "2011 Maria Lindqvist")


async def test_the_other_calls_can_be_chosen_but_neither_this_one_nor_one_in_the_background(tmp_path: Path) -> None:
    from callmanager.api import CallPurpose, CallRequest

    async with running(tmp_path, engine=FakeEngine(autoanswer=True)) as phone:
        await phone.connect()
        first, second = await _talk(phone, "2004"), await _talk(phone, "2005")
        phone.app.calls.dial(CallRequest(target="2006", purpose=CallPurpose.TRANSFER, about=first))
        found = LiveCalls(phone.app.calls, besides=second).find("")
        assert [(target.call_id, target.note) for target in found] == [(first, "on hold")]


class Office:
    """People and their presence from sources of the core's own kind."""

    def __init__(self, folder: Path, *, site: str = "") -> None:
        self.people = FakeContactSource("crm")
        self.people.put("1", "Marcus Hale", "(555) 010-0111", extension="2004", company="Acme")
        self.people.put("2", "Dana Kowalski", "+1 555 010 4477", company="Kowalski Brothers")
        self.people.put("3", "José Marín", "(555) 010-0122", extension="2012")
        self.people.put("4", "Nobody Reachable", "ask the front desk")
        self.people.put("5", "Maria Lindqvist", extension="2011")
        self.people.put("6", "Mario Acosta", extension="2013")
        self.people.put("7", "Marita Olsen", extension="2014")
        self.board = FakePresenceSource("board")
        if site:
            (folder / "site").mkdir()
            (folder / "site" / "site.toml").write_text(site)
        office = self

        class Sources:
            permissions = Permissions(contacts=True, presence=True)

            def __init__(self, ctx: PluginContext) -> None: ...

            @hookimpl
            def callmanager_contact_sources(self) -> list[ContactSource]:
                return [office.people]

            @hookimpl
            def callmanager_presence_sources(self) -> list[PresenceSource]:
                return [office.board]

        self.plugins = {"sources": Sources, "transfer": Transfer, "conference": Conference}

    async def call(self, phone: Harness, plugin: str = "transfer") -> Targets:
        """Everything is known, and a call is there that can be handed on."""
        await phone.connect()
        await phone.until(lambda: self.board.running and len(phone.app.contacts.people()) == 7)
        self.board.tell(
            Presence(handle=Handle("2004"), status=PresenceStatus.ON_CALL),
            Presence(handle=Handle("2011"), status=PresenceStatus.AVAILABLE),
            Presence(handle=Handle("2030"), status=PresenceStatus.AVAILABLE),
        )
        await phone.until(lambda: phone.app.presence.get("2030").status is PresenceStatus.AVAILABLE)
        call_id = await _talk(phone, "6000")
        return phone.app.plugins._entries[plugin].instance.desk.targets(phone.app.calls.get(call_id))


@pytest.fixture
def contacts_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "AFTER_START", 0.0)
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")


@pytest.mark.usefixtures("contacts_at_once")
class TestPeople:
    @pytest.mark.parametrize("plugin", ["transfer", "conference"])
    async def test_both_dialogs_find_people_with_company_and_presence(self, tmp_path: Path, plugin: str) -> None:
        office = Office(tmp_path)
        async with running(tmp_path, plugins=office.plugins, engine=FakeEngine(autoanswer=True)) as phone:
            targets = await office.call(phone, plugin)
            (marcus, *_others) = targets.find("marc")
            assert (marcus.name, marcus.number, marcus.company) == ("Marcus Hale", "2004", "Acme")
            assert marcus.status is PresenceStatus.ON_CALL

    async def test_people_are_found_by_what_the_core_finds_them_by(self, tmp_path: Path) -> None:
        office = Office(tmp_path)
        async with running(tmp_path, plugins=office.plugins, engine=FakeEngine(autoanswer=True)) as phone:
            targets = await office.call(phone)

            def names(query: str) -> list[str]:
                return list(dict.fromkeys(target.name for target in targets.find(query)))

            assert names("mar") == ["Marcus Hale", "Maria Lindqvist", "José Marín", "Mario Acosta", "Marita Olsen"]
            assert names("jose marin") == ["José Marín"]
            assert names("brothers") == ["Dana Kowalski"]
            assert names("markus") == ["Marcus Hale"]
            assert names("reachable") == []

    async def test_of_few_people_each_number_is_offered_with_what_it_is(self, tmp_path: Path) -> None:
        office = Office(tmp_path)
        async with running(tmp_path, plugins=office.plugins, engine=FakeEngine(autoanswer=True)) as phone:
            targets = await office.call(phone)
            assert [(each.number, each.kind) for each in targets.find("jos")] == [("2012", "extension"), ("5550100122", "work")]
            assert {each.person for each in targets.find("jos")} == {"2012"}
            assert [(each.number, each.kind) for each in targets.find("maria")] == [("2011", "")]
            assert [(each.number, each.status) for each in targets.find("hale")] == [
                ("2004", PresenceStatus.ON_CALL),
                ("5550100111", PresenceStatus.ON_CALL),
            ]
            assert [each.number for each in targets.find("mar") if each.name == "Marcus Hale"] == ["2004"]

    async def test_a_number_is_offered_as_typed_before_those_who_have_more_of_it(self, tmp_path: Path) -> None:
        office = Office(tmp_path)
        async with running(tmp_path, plugins=office.plugins, engine=FakeEngine(autoanswer=True)) as phone:
            targets = await office.call(phone)
            found = [(each.number, each.name, each.typed) for each in targets.find("201")]
            assert found[0] == ("201", "", True)
            assert ("2011", "Maria Lindqvist", False) in found
            assert [(each.number, each.name, each.typed) for each in targets.find("2011")] == [
                ("2011", "Maria Lindqvist", False)
            ]

    async def test_who_is_offered_without_typing_has_a_name_and_comes_from_recent_and_presence(self, tmp_path: Path) -> None:
        office = Office(tmp_path)
        async with running(tmp_path, plugins=office.plugins, engine=FakeEngine(autoanswer=True)) as phone:
            targets = await office.call(phone)
            offered = [(each.number, each.name) for each in targets.find("")]
            assert offered == [("2011", "Maria Lindqvist"), ("2030", ""), ("2004", "Marcus Hale")]

    async def test_contacts_that_come_later_are_found_by_the_open_dialog(self, tmp_path: Path) -> None:
        office = Office(tmp_path)
        async with running(tmp_path, plugins=office.plugins, engine=FakeEngine(autoanswer=True)) as phone:
            targets = await office.call(phone)
            assert targets.find("grace") == []
            office.people.put("8", "Grace Hopper", extension="2040")
            phone.app.contacts.refresh()
            await phone.until(lambda: [each.number for each in targets.find("grace")] == ["2040"])

    async def test_what_the_administrator_hides_is_left_out_and_numbers_can_still_be_typed(self, tmp_path: Path) -> None:
        office = Office(tmp_path, site="[plugins.permissions.transfer]\ncontacts = false\npresence = false\n")
        async with running(tmp_path, plugins=office.plugins, engine=FakeEngine(autoanswer=True)) as phone:
            targets = await office.call(phone)
            assert targets.find("") == targets.find("marc") == []
            assert [(each.number, each.name, each.status) for each in targets.find("2004")] == [("2004", "", None)]


@pytest.mark.usefixtures("contacts_at_once")
async def test_a_call_is_called_by_the_name_of_its_contact(tmp_path: Path) -> None:
    office = Office(tmp_path)
    async with running(tmp_path, plugins=office.plugins, engine=FakeEngine(autoanswer=True)) as phone:
        await office.call(phone)
        await _talk(phone, "2004")
        offered = LiveCalls(phone.app.calls, besides=phone.app.calls.current()[0].id).find("marcus")
        assert [each.name for each in offered] == ["Marcus Hale"]
        pair = next(owned.value for owned in phone.app.call_pair_actions() if owned.value.id == "transfer.connect")
        assert pair.label(*phone.app.calls.current()) == "Connect 6000 with Marcus Hale"


async def _talk(phone: Harness, number: str):
    call_id = phone.app.calls.dial(number)
    await phone.until(lambda: phone.app.calls.get(call_id).state is CallState.CONNECTED)
    return call_id

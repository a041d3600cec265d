"""People come with their sources, stay when nobody answers, and go with their plugins."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from callmanager.api import (
    ContactBatch,
    ContactId,
    ContactsChanged,
    ContactSource,
    DialingSettings,
    Match,
    NoticePosted,
    Permissions,
    PluginContext,
    SignInNeeded,
    SourceStanding,
    StorageError,
    SyncToken,
    Unreachable,
    UserError,
    contact_id,
    hookimpl,
)
from callmanager.contacts import directory
from callmanager.contacts.copies import KEPT
from callmanager.contacts.index import Index
from callmanager.testing import FakeContactSource, Harness, make

from .people import entry


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "AFTER_START", 0.0)
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")


def provider(*sources: FakeContactSource) -> type:
    class Provider:
        def __init__(self, ctx: PluginContext) -> None:
            self.ctx = ctx

        @hookimpl
        def callmanager_contact_sources(self) -> list[ContactSource]:
            return list(sources)

    return Provider


@pytest.fixture
def crm() -> FakeContactSource:
    source = FakeContactSource("crm")
    source.put("1", "Ann Smith", "(555) 010-0199", company="Acme")
    source.put("2", "Bob Brown", "555 010 0200")
    return source


@asynccontextmanager
async def phone(folder: Path, later: timedelta = timedelta(0), **plugins: type) -> AsyncIterator[Harness]:
    harness = make(folder, plugins=plugins)
    harness.clock.advance(later.total_seconds())
    harness.app.prepare()
    try:
        await harness.app.start()
        yield harness
    finally:
        await harness.app.stop()


def names(harness: Harness) -> list[str]:
    return [person.name for person in harness.app.contacts.people()]


def standing(harness: Harness, source_id: str = "crm") -> SourceStanding | None:
    return next((state.standing for state in harness.app.contacts.sources() if state.id == source_id), None)


async def working(harness: Harness, source_id: str = "crm") -> None:
    await harness.until(lambda: standing(harness, source_id) is SourceStanding.WORKING)


async def shown(harness: Harness, *wanted: str) -> None:
    await harness.until(lambda: names(harness) == list(wanted))


async def test_before_the_copies_are_read_nobody_is_known(tmp_path: Path) -> None:
    contacts = make(tmp_path).app.contacts
    assert (list(contacts.people()), list(contacts.search("ann")), contacts.match("2001"), contacts.sources()) == (
        [],
        [],
        None,
        (),
    )
    assert contacts.get(ContactId("crm/1")) is None
    assert contacts.person(ContactId("crm/1")) is None
    assert list(contacts.contacts("crm")) == []
    with pytest.raises(UserError, match="not read yet"):
        await contacts.separate(ContactId("crm/1"))


async def test_people_are_there_when_their_source_has_answered(tmp_path: Path, crm: FakeContactSource) -> None:
    async with phone(tmp_path, crm=provider(crm)) as harness:
        await working(harness)
        contacts = harness.app.contacts
        assert names(harness) == ["Ann Smith", "Bob Brown"]
        assert [contact.name for contact in contacts.contacts("crm")] == ["Ann Smith", "Bob Brown"]
        assert [hit.person.name for hit in contacts.search("smi")] == ["Ann Smith"]
        ann = contacts.get(contact_id("crm", "1"))
        assert ann is not None
        assert contacts.match("+15550100199") == Match(contact=ann, number="+15550100199")
        assert contacts.person(ann.id) == contacts.people()[0]
        assert {event.source_id for event in harness.published(ContactsChanged)} == {"crm"}
        assert crm.asked == [None]


async def test_what_was_known_is_there_offline_and_the_source_is_asked_for_changes_only(
    tmp_path: Path, crm: FakeContactSource
) -> None:
    async with phone(tmp_path, crm=provider(crm)) as harness:
        await working(harness)
    crm.error = Unreachable("no route to the host")
    async with phone(tmp_path, crm=provider(crm)) as harness:
        await harness.until(lambda: standing(harness) is SourceStanding.LOST)
        assert names(harness) == ["Ann Smith", "Bob Brown"]
        assert harness.app.contacts.match("5550100200")
    crm.error = None
    crm.put("3", "Carl Jones", "2001")
    crm.remove("2")
    async with phone(tmp_path, crm=provider(crm)) as harness:
        await working(harness)
        assert names(harness) == ["Ann Smith", "Carl Jones"]
    assert crm.asked == [None, SyncToken("2"), SyncToken("2")]
    crm.hold()
    async with phone(tmp_path, crm=provider(crm)) as harness:
        await shown(harness, "Ann Smith", "Carl Jones")


async def test_nothing_is_published_when_nothing_has_changed(tmp_path: Path, crm: FakeContactSource) -> None:
    async with phone(tmp_path, crm=provider(crm)) as harness:
        await working(harness)
        before = len(harness.published(ContactsChanged))
        harness.app.contacts.refresh("crm")
        await harness.until(lambda: len(crm.asked) == 2)
        await harness.settle()
        assert len(harness.published(ContactsChanged)) == before


@pytest.mark.expects_log("entries that can't be used")
async def test_a_complete_answer_replaces_and_a_change_adds(tmp_path: Path, crm: FakeContactSource) -> None:
    async with phone(tmp_path, crm=provider(crm)) as harness:
        await working(harness)
        for batch, wanted in (
            (ContactBatch(contacts=(entry("crm/9", "Zoe"),)), ["Zoe"]),
            (ContactBatch(contacts=(entry("crm/8", "Yan"),), complete=False), ["Yan", "Zoe"]),
            (ContactBatch(contacts=(entry("crm/9", "Zoe New"),), removed=(ContactId("crm/8"),), complete=False), ["Zoe New"]),
            (ContactBatch(removed=(ContactId("crm/1"), ContactId("other/9")), complete=False), ["Zoe New"]),
            (ContactBatch(), []),
        ):
            crm.script.append(batch)
            harness.app.contacts.refresh()
            await shown(harness, *wanted)
            await harness.until(lambda: not crm.script)
            await working(harness)


async def test_an_entry_that_came_twice_is_there_once_as_it_came_last(tmp_path: Path, crm: FakeContactSource) -> None:
    crm.script.append(ContactBatch(contacts=(entry("crm/1", "Old"), entry("crm/2", "Two"), entry("crm/1", "New"))))
    async with phone(tmp_path, crm=provider(crm)) as harness:
        await shown(harness, "New", "Two")


@pytest.mark.expects_log("the contact source crm gave entries that can't be used")
async def test_a_bad_entry_spoils_no_other(tmp_path: Path, crm: FakeContactSource) -> None:
    crm.script.append(ContactBatch(contacts=(entry("other/1", "Spy"), entry("crm/1", "Ann"), entry("crm/2", "\u202e"))))
    async with phone(tmp_path, crm=provider(crm)) as harness:
        await shown(harness, "Ann")


@pytest.mark.expects_log("failed in the task The people of crm")
async def test_an_answer_that_is_none_is_the_fault_of_its_plugin(tmp_path: Path, crm: FakeContactSource) -> None:
    crm.script.append("everybody")  # type: ignore[arg-type]
    async with phone(tmp_path, crm=provider(crm)) as harness:
        await harness.until(lambda: standing(harness) is SourceStanding.FAILED)
        (state,) = harness.app.contacts.sources()
        assert "answered with a str" in state.detail
        assert "The plugin crm" in harness.published(NoticePosted)[0].notice.text


async def test_a_plugin_that_goes_takes_its_people_along_at_once_and_brings_them_back_before_it_has_asked(
    tmp_path: Path, crm: FakeContactSource
) -> None:
    other = FakeContactSource("pbx")
    other.put("2001", "Carl Jones", extension="2001")
    async with phone(tmp_path, crm=provider(crm), pbx=provider(other)) as harness:
        await working(harness)
        await working(harness, "pbx")
        await harness.app.plugins.disable("crm")
        assert names(harness) == ["Carl Jones"]
        assert harness.app.contacts.match("5550100199") is None
        assert list(harness.app.contacts.search("ann")) == []
        assert harness.app.contacts.get(contact_id("crm", "1")) is None
        assert harness.app.contacts.person(contact_id("crm", "1")) is None
        crm.hold()
        await harness.app.plugins.enable("crm")
        await shown(harness, "Ann Smith", "Bob Brown", "Carl Jones")
        assert standing(harness) is SourceStanding.NEW
        crm.release()
        await working(harness)
        assert crm.asked == [None, SyncToken("2")]


async def test_people_of_a_disabled_plugin_are_read_from_their_copy_when_it_is_enabled_in_a_later_run(
    tmp_path: Path, crm: FakeContactSource
) -> None:
    async with phone(tmp_path, crm=provider(crm)) as harness:
        await working(harness)
    async with phone(tmp_path) as harness:
        await harness.settle()
        assert names(harness) == []
    crm.hold()
    async with phone(tmp_path, crm=provider(crm)) as harness:
        await shown(harness, "Ann Smith", "Bob Brown")


@pytest.mark.parametrize(("away", "kept"), [(KEPT - timedelta(days=1), True), (KEPT + timedelta(days=1), False)])
async def test_a_copy_that_nobody_asked_for_in_ninety_days_is_deleted(
    tmp_path: Path, crm: FakeContactSource, away: timedelta, kept: bool
) -> None:
    async with phone(tmp_path, crm=provider(crm)) as harness:
        await working(harness)
    async with phone(tmp_path, away) as harness:
        await harness.until(lambda: harness.app.contacts._store is not None)
        await harness.app.database.read("SELECT 1")
        rows = await harness.app.database.read("SELECT COUNT(*) FROM contact")
        assert rows == [(2 if kept else 0,)]


async def test_a_source_is_asked_again_after_its_time_or_when_somebody_wishes(
    tmp_path: Path, crm: FakeContactSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with phone(tmp_path, crm=provider(crm)) as harness:
        await working(harness)
        assert len(crm.asked) == 1
        monkeypatch.setattr(directory, "_SHORTEST", 0.0)
        crm.refresh_seconds = 0.001
        harness.app.contacts.refresh("nobody")
        harness.app.contacts.refresh("crm")
        await harness.until(lambda: len(crm.asked) >= 5)


async def test_a_source_that_wants_to_be_asked_all_the_time_is_asked_politely(tmp_path: Path, crm: FakeContactSource) -> None:
    crm.refresh_seconds = 0.0
    async with phone(tmp_path, crm=provider(crm)) as harness:
        await working(harness)
        for _ in range(20):
            await harness.settle()
        assert len(crm.asked) == 1


async def test_refreshing_tries_again_where_credentials_were_refused(tmp_path: Path, crm: FakeContactSource) -> None:
    crm.error = SignInNeeded("the password was refused")
    async with phone(tmp_path, crm=provider(crm)) as harness:
        await harness.until(lambda: standing(harness) is SourceStanding.SIGN_IN)
        crm.error = None
        harness.app.contacts.refresh()
        await working(harness)


async def test_a_source_that_never_answers_counts_as_unreachable(
    tmp_path: Path, crm: FakeContactSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "FETCH_SECONDS", 0.01)
    crm.hold()
    async with phone(tmp_path, crm=provider(crm)) as harness:
        await harness.until(lambda: standing(harness) is SourceStanding.LOST)
        assert crm.cancelled == 1


async def test_what_breaks_off_in_the_middle_is_repeated_as_a_whole(tmp_path: Path, crm: FakeContactSource) -> None:
    async with phone(tmp_path, crm=provider(crm)) as harness:
        await working(harness)
    for number in range(3000):
        crm.put(str(number), f"Person {number:04}", f"555 {number + 2000000}")
    async with phone(tmp_path, crm=provider(crm)) as harness:
        await harness.until(lambda: harness.app.contacts.get(contact_id("crm", "700")) is not None)
    assert crm.asked[-1] == SyncToken("2")
    async with phone(tmp_path, crm=provider(crm)) as harness:
        await working(harness)
        assert crm.asked[-1] is None
        assert len(harness.app.contacts.people()) == 3000
    crm.hold()
    async with phone(tmp_path, crm=provider(crm)) as harness:
        await harness.until(lambda: len(harness.app.contacts.people()) == 3000)


async def test_a_disk_that_refuses_is_told_and_the_people_are_there(tmp_path: Path, crm: FakeContactSource) -> None:
    file = tmp_path / "profile" / "data" / "core.sqlite3"
    file.mkdir(parents=True)
    async with phone(tmp_path, crm=provider(crm)) as harness:
        await working(harness)
        assert names(harness) == ["Ann Smith", "Bob Brown"]
        (problem,) = harness.app.problems.current()
        assert "can't be kept" in problem.text
        with pytest.raises(UserError, match="can't be stored"):
            await harness.app.contacts.unite(ContactId("crm/1"), ContactId("crm/2"))
        file.rmdir()
        crm.put("3", "Carl Jones")
        harness.app.contacts.refresh()
        await shown(harness, "Ann Smith", "Bob Brown", "Carl Jones")
        await harness.until(lambda: harness.app.problems.current() == ())
        assert crm.asked == [None, None]
    crm.hold()
    async with phone(tmp_path, crm=provider(crm)) as harness:
        await shown(harness, "Ann Smith", "Bob Brown", "Carl Jones")


async def test_changes_are_not_put_on_top_of_a_copy_that_missed_some(tmp_path: Path, crm: FakeContactSource) -> None:
    async with phone(tmp_path, crm=provider(crm)) as harness:
        await working(harness)
        database, whole = harness.app.database, harness.app.database.transaction

        async def refuse(_work: Callable[..., object]) -> None:
            raise StorageError("the disk is full")

        database.transaction = refuse  # type: ignore[method-assign,assignment]
        crm.put("3", "Carl Jones")
        harness.app.contacts.refresh()
        await shown(harness, "Ann Smith", "Bob Brown", "Carl Jones")
        await harness.until(lambda: harness.app.problems.current() != ())
        database.transaction = whole  # type: ignore[method-assign]
        crm.script.append(ContactBatch(contacts=(entry("crm/4", "Dan"),), complete=False, token=SyncToken("x")))
        harness.app.contacts.refresh()
        await shown(harness, "Ann Smith", "Bob Brown", "Carl Jones", "Dan")
        assert await database.read("SELECT name FROM contact ORDER BY name") == [("Ann Smith",), ("Bob Brown",)]
        await harness.until(lambda: standing(harness) is SourceStanding.WORKING)
        await harness.settle()
        harness.app.contacts.refresh()
        await shown(harness, "Ann Smith", "Bob Brown", "Carl Jones")
        await harness.until(lambda: harness.app.problems.current() == ())
        assert await database.read("SELECT name FROM contact ORDER BY name") == [
            ("Ann Smith",),
            ("Bob Brown",),
            ("Carl Jones",),
        ]


async def test_people_of_two_sources_are_one_until_the_user_separates_them_for_good(
    tmp_path: Path, crm: FakeContactSource
) -> None:
    pbx = FakeContactSource("pbx")
    pbx.put("2001", "Ann Smith", "+1 555 010 0199", extension="2001")
    plugins = {"crm": provider(crm), "pbx": provider(pbx)}
    async with phone(tmp_path, **plugins) as harness:
        await working(harness)
        await working(harness, "pbx")
        await shown(harness, "Ann Smith", "Bob Brown")
        assert harness.app.contacts.people()[0].source_ids == ("pbx", "crm")
        await harness.app.contacts.separate(contact_id("crm", "1"))
        assert names(harness) == ["Ann Smith", "Ann Smith", "Bob Brown"]
        await harness.app.contacts.separate(contact_id("crm", "2"))
    async with phone(tmp_path, **plugins) as harness:
        await working(harness)
        await working(harness, "pbx")
        assert names(harness) == ["Ann Smith", "Ann Smith", "Bob Brown"]
        await harness.app.contacts.unite(contact_id("crm", "1"), contact_id("pbx", "2001"))
        assert names(harness) == ["Ann Smith", "Bob Brown"]
        await harness.app.contacts.unite(contact_id("crm", "2"), contact_id("pbx", "2001"))
        assert [len(person.contacts) for person in harness.app.contacts.people()] == [3]
    async with phone(tmp_path, **plugins) as harness:
        await harness.until(lambda: [len(person.contacts) for person in harness.app.contacts.people()] == [3])
        with pytest.raises(UserError, match="not there any more"):
            await harness.app.contacts.separate(contact_id("crm", "77"))


async def test_another_country_reads_all_numbers_anew(tmp_path: Path, crm: FakeContactSource) -> None:
    crm.put("3", "Jürgen Weiß", "030 901820")
    async with phone(tmp_path, crm=provider(crm)) as harness:
        await working(harness)
        assert harness.app.contacts.match("+4930901820") is not None
        assert not harness.app.contacts.match("+4930901820").exact
        harness.app.settings.update(DialingSettings, country="DE")
        await harness.until(lambda: harness.app.contacts.match("+4930901820").exact)
        assert harness.app.contacts.match("+4955501001999") is None
    crm.hold()
    async with phone(tmp_path, crm=provider(crm)) as harness:
        await harness.until(lambda: harness.app.contacts.match("+4930901820") is not None)
        assert harness.app.contacts.match("+4930901820").exact
        await harness.until(lambda: len(harness.app.contacts.people()) == 3)


async def test_a_list_that_somebody_still_looks_at_can_be_read_while_its_people_change(
    tmp_path: Path, crm: FakeContactSource
) -> None:
    async with phone(tmp_path, crm=provider(crm)) as harness:
        await working(harness)
        people, contacts = harness.app.contacts.people(), harness.app.contacts.contacts("crm")
        crm.put("1", "Zoe Smith")
        crm.remove("2")
        harness.app.contacts.refresh()
        await shown(harness, "Zoe Smith")
        assert [person.name for person in people] == ["Ann Smith", "Bob Brown"]
        assert [contact.name for contact in contacts[0:2]] == ["Ann Smith", "Bob Brown"]


async def test_memory_of_what_is_gone_is_given_back(
    tmp_path: Path, crm: FakeContactSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callmanager.contacts.index._WORTH_IT", 3)
    async with phone(tmp_path, crm=provider(crm)) as harness:
        await working(harness)
        for number in range(12):
            crm.put("1", f"Ann {number:02}")
            harness.app.contacts.refresh()
            await shown(harness, f"Ann {number:02}", "Bob Brown")
            await working(harness)
            await harness.settle()
        view = harness.app.contacts._store.view
        assert view.index.row_count <= 6
        assert [hit.person.name for hit in harness.app.contacts.search("ann")] == ["Ann 11"]


async def test_a_plugin_that_goes_while_the_index_is_made_anew_stays_gone(
    tmp_path: Path, crm: FakeContactSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callmanager.contacts.index._WORTH_IT", 0)
    pbx = FakeContactSource("pbx")
    pbx.put("1", "Carl")
    begun, go, original = asyncio.Event(), asyncio.Event(), Index.compacted

    async def compacted(index: Index, **options: Any) -> Index:
        fresh = await original(index, **options)
        begun.set()
        await go.wait()
        return fresh

    async with phone(tmp_path, crm=provider(crm), pbx=provider(pbx)) as harness:
        await working(harness)
        await working(harness, "pbx")
        pbx.put("1", "Dean")
        harness.app.contacts.refresh("pbx")
        await shown(harness, "Ann Smith", "Bob Brown", "Dean")
        monkeypatch.setattr(Index, "compacted", compacted)
        pbx.put("1", "Dan")
        harness.app.contacts.refresh("pbx")
        await harness.until(begun.is_set)
        await harness.app.plugins.disable("crm")
        go.set()
        await shown(harness, "Dan")
        crm.hold()
        await harness.app.plugins.enable("crm")
        await shown(harness, "Ann Smith", "Bob Brown", "Dan")


async def test_people_whose_memory_was_given_back_are_read_from_their_copy_again(
    tmp_path: Path, crm: FakeContactSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callmanager.contacts.index._WORTH_IT", 0)
    async with phone(tmp_path, crm=provider(crm)) as harness:
        await working(harness)
        await harness.app.plugins.disable("crm")
        await harness.until(lambda: harness.app.contacts._store.view.index.row_count == 0)
        crm.hold()
        await harness.app.plugins.enable("crm")
        await shown(harness, "Ann Smith", "Bob Brown")


async def test_a_source_that_is_given_up_while_it_is_asked_is_cancelled(tmp_path: Path, crm: FakeContactSource) -> None:
    crm.hold()
    async with phone(tmp_path, crm=provider(crm)) as harness:
        await harness.until(lambda: crm.asked == [None])
        await harness.app.plugins.disable("crm")
        await harness.until(lambda: crm.cancelled == 1)
        assert harness.app.contacts.sources() == ()


class Knows:
    """A plugin that knows one number, and asks the directory itself."""

    permissions = Permissions(contacts=True)

    def __init__(self, ctx: PluginContext) -> None:
        self.ctx = ctx

    @hookimpl
    def callmanager_match_number(self, number: str) -> Match | None:
        assert self.ctx.contacts.match(number) is None
        if number == "5550100777":
            return Match(contact=entry("knows/1", "Grace\u202e Hopper", "555 010 0777"), number="whatever")
        return None


async def test_a_plugin_is_asked_last_and_its_answer_is_made_plain(tmp_path: Path, crm: FakeContactSource) -> None:
    async with phone(tmp_path, crm=provider(crm), knows=Knows) as harness:
        await working(harness)
        contacts = harness.app.contacts
        assert contacts.match("5550100199").contact.name == "Ann Smith"
        found = contacts.match("5550100777")
        assert (found.contact.name, found.number) == ("Grace Hopper", "5550100777")
        assert contacts.match("5550100778") is None


@pytest.mark.expects_log("the plugin liar answered with a contact that can't be used")
async def test_an_answer_of_a_plugin_that_cannot_be_used_is_none(tmp_path: Path) -> None:
    class Liar:
        def __init__(self, ctx: PluginContext) -> None: ...

        @hookimpl
        def callmanager_match_number(self, number: str) -> Match | None:
            return Match(contact=attrs.evolve(entry("liar/1", "x"), name=None), number=number)

    async with phone(tmp_path, liar=Liar) as harness:
        assert harness.app.contacts.match("2001") is None


async def test_stopping_right_after_the_start_leaves_nothing(tmp_path: Path, crm: FakeContactSource) -> None:
    for rounds in range(8):
        async with phone(tmp_path, crm=provider(crm)):
            for _ in range(rounds):
                await asyncio.sleep(0)

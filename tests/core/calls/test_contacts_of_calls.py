"""A call knows whose it is, from its first snapshot on or as soon as the contacts know."""

from pathlib import Path

import pytest
from callmanager.api import (
    Call,
    CallAdded,
    CallRecord,
    CallRequest,
    Contact,
    ContactSource,
    Match,
    Party,
    PluginContext,
    Verdict,
    contact_id,
    hookimpl,
)
from callmanager.contacts import directory
from callmanager.engine import facts
from callmanager.testing import FakeContactSource, Harness, running


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "AFTER_START", 0.0)
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")


@pytest.fixture
def crm() -> FakeContactSource:
    source = FakeContactSource("crm")
    source.put("1", "Ann Smith", "(555) 010-0199", company="Acme")
    return source


class Listener:
    """Sees what plugins see of a call."""

    seen: list[Call]
    records: list[CallRecord]

    def __init__(self, ctx: PluginContext) -> None:
        Listener.seen, Listener.records = [], []

    @hookimpl
    def callmanager_screen_incoming(self, call: Call) -> Verdict | None:
        self.seen.append(call)
        return None

    @hookimpl
    def callmanager_call_ended(self, record: CallRecord) -> None:
        self.records.append(record)

    @hookimpl
    def callmanager_match_number(self, number: str) -> Match | None:
        if number != "5550100777":
            return None
        return Match(contact=Contact(id=contact_id("x", "1"), source_id="x", name="Grace"), number=number)


def plugins(crm: FakeContactSource) -> dict[str, type]:
    class Provider:
        def __init__(self, ctx: PluginContext) -> None: ...

        @hookimpl
        def callmanager_contact_sources(self) -> list[ContactSource]:
            return [crm]

    return {"crm": Provider, "listener": Listener}


async def known(harness: Harness) -> None:
    await harness.connect()
    await harness.until(lambda: len(harness.app.contacts.people()) > 0)


async def test_an_incoming_call_has_its_contact_before_it_is_screened_and_in_its_record(
    tmp_path: Path, crm: FakeContactSource
) -> None:
    async with running(tmp_path, plugins=plugins(crm)) as harness:
        await known(harness)
        call_id = harness.engine.arrive("5550100199")
        call = harness.app.calls.get(call_id)
        assert call is not None
        assert (call.name, call.remote.label, call.match.contact.company) == ("Ann Smith", "5550100199", "Acme")
        assert Listener.seen == [call]
        assert harness.published(CallAdded)[-1].call == call
        harness.engine.finish(call_id)
        (record,) = Listener.records
        assert (record.name, record.match) == ("Ann Smith", call.match)


async def test_an_outgoing_call_has_the_contact_of_the_number_that_was_dialled(tmp_path: Path, crm: FakeContactSource) -> None:
    async with running(tmp_path, plugins=plugins(crm)) as harness:
        await known(harness)
        call = harness.app.calls.get(harness.app.calls.dial(CallRequest(target="+1 555 010 0199")))
        assert call is not None
        assert call.name == "Ann Smith"


async def test_a_call_gets_its_name_when_contacts_arrive_later_and_keeps_it(tmp_path: Path, crm: FakeContactSource) -> None:
    crm.hold()
    async with running(tmp_path, plugins=plugins(crm)) as harness:
        await harness.connect()
        call_id = harness.engine.arrive("5550100199")
        assert harness.app.calls.get(call_id).name == ""
        crm.release()
        await harness.until(lambda: harness.app.calls.get(call_id).name == "Ann Smith")
        await harness.app.plugins.disable("crm")
        assert harness.app.contacts.match("5550100199") is None
        assert harness.app.calls.get(call_id).name == "Ann Smith"


async def test_the_contact_follows_when_the_other_side_changes(tmp_path: Path, crm: FakeContactSource) -> None:
    async with running(tmp_path, plugins=plugins(crm)) as harness:
        await known(harness)
        call_id = harness.engine.arrive("2002")
        harness.engine.report(facts.CallPartyReported(call_id=call_id, remote=Party(number="5550100199")))
        assert harness.app.calls.get(call_id).name == "Ann Smith"
        harness.engine.report(facts.CallPartyReported(call_id=call_id, remote=Party(number="5550100198")))
        assert harness.app.calls.get(call_id).match is None


async def test_a_plugin_that_knows_a_number_names_the_call(tmp_path: Path, crm: FakeContactSource) -> None:
    async with running(tmp_path, plugins=plugins(crm)) as harness:
        await known(harness)
        assert harness.app.calls.get(harness.engine.arrive("5550100777")).name == "Grace"


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("", "Ann Smith"),
        ("5550100199", "Ann Smith"),
        ("(555) 010-0199", "Ann Smith"),
        ("Sales: Ann", "Sales: Ann"),
        ("  ", "Ann Smith"),
    ],
)
async def test_what_the_far_end_calls_itself_goes_before_the_contact(
    tmp_path: Path, crm: FakeContactSource, sent: str, name: str
) -> None:
    async with running(tmp_path, plugins=plugins(crm)) as harness:
        await known(harness)
        assert harness.app.calls.get(harness.engine.arrive("5550100199", sent)).name == name

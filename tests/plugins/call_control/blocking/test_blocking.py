"""Who is blocked does not ring, and is back as soon as the user says so."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from callmanager.api import (
    CallAdded,
    CallRecord,
    CallScreened,
    CallState,
    Contact,
    DialingSettings,
    EndCause,
    NoticePosted,
    NumberKind,
    Permissions,
    PhoneNumber,
    PluginState,
    ProblemRaised,
    Reject,
    UserError,
    contact_id,
    hookimpl,
)
from callmanager.testing import Harness, running
from callmanager_call_control.blocking.desk import BlockingDesk
from callmanager_call_control.blocking.plugin import Blocking
from callmanager_call_control.blocking.settings import BlockingSettings

SPAM = "+15550100199"


class Journal:
    """Keeps the records of finished calls, as the history will."""

    permissions = Permissions(call_information=True)
    records: list[CallRecord]

    def __init__(self, ctx) -> None:
        self.records = []

    @hookimpl
    def callmanager_call_ended(self, record: CallRecord) -> None:
        self.records.append(record)


PLUGINS = {"blocking": Blocking, "journal": Journal}


@pytest.fixture
async def phone(tmp_path: Path):
    async with running(tmp_path, plugins=PLUGINS) as harness:
        harness.app.settings.update(DialingSettings, country="US")
        await harness.connect()
        yield harness


def desk(phone: Harness) -> BlockingDesk:
    return phone.app.plugins._entries["blocking"].instance.desk


def records(phone: Harness) -> list[CallRecord]:
    return phone.app.plugins._entries["journal"].instance.records


def told(phone: Harness) -> list[str]:
    return [event.notice.text for event in phone.published(NoticePosted)]


async def undo(phone: Harness) -> None:
    """Press the last "Undo" there was."""
    actions = [event.notice.action for event in phone.published(NoticePosted) if event.notice.action is not None]
    await [action for action in actions if action.label == "Undo"][-1].run()


def rings(phone: Harness, number: str, name: str = "") -> bool:
    """Whether a call from there rings; it is over then."""
    before = len(phone.published(CallAdded))
    call_id = phone.engine.arrive(number, name)
    rang = len(phone.published(CallAdded)) > before
    phone.engine.finish(call_id, EndCause.MISSED)
    return rang


async def test_a_blocked_number_is_declined_told_and_recorded_with_who_refused_it(phone: Harness) -> None:
    await desk(phone).add("(555) 010-0199", note="wants to sell windows")
    call_id = phone.engine.arrive("5550100199", "Window Sales")
    assert phone.engine.sent(Reject) == [Reject(call_id=call_id, status=603)]
    assert phone.published(CallAdded) == []
    assert [(event.plugin_id, event.reason) for event in phone.published(CallScreened)] == [("blocking", "blocked number")]
    (record,) = records(phone)
    assert (record.id, record.screened_by, record.screened_reason, record.end.cause) == (
        call_id, "blocking", "blocked number", EndCause.REJECTED,
    )  # fmt: skip
    notice = phone.published(NoticePosted)[-1].notice
    assert (notice.text, notice.hint, notice.owner) == (
        "Refused a blocked call from Window Sales, (555) 010-0199.", "Your note: wants to sell windows", "blocking",
    )  # fmt: skip
    await phone.until(lambda: desk(phone).entries[0].refused == 1)
    assert rings(phone, "5550100198")


async def test_the_message_about_a_refused_call_unblocks_and_that_can_be_undone(phone: Harness) -> None:
    await desk(phone).add(SPAM)
    before = desk(phone).entries[0]
    phone.engine.arrive("5550100199")
    action = phone.published(NoticePosted)[-1].notice.action
    assert action.label == "Unblock"
    await action.run()
    assert (desk(phone).entries, rings(phone, SPAM)) == ((), True)
    await undo(phone)
    assert [(entry.id, entry.added_at) for entry in desk(phone).entries] == [(before.id, before.added_at)]
    assert not rings(phone, SPAM)


@pytest.mark.parametrize("notation", ["+1 555 010 0199", "1-555-010-0199", "15550100199", "5550100199", "tel:+15550100199"])
async def test_it_is_the_same_number_in_whatever_notation(phone: Harness, notation: str) -> None:
    await desk(phone).add(notation)
    assert [entry.text for entry in desk(phone).entries] == [SPAM]
    assert [rings(phone, number) for number in (SPAM, "15550100199", "5550100199", "0115550100199")][:3] == [False] * 3
    with pytest.raises(UserError, match="blocked already"):
        await desk(phone).add(SPAM)


async def test_another_country_reads_the_callers_anew_and_the_list_means_what_it_meant(phone: Harness) -> None:
    await desk(phone).add("555 010 0199")
    phone.app.settings.update(DialingSettings, country="DE")
    assert not rings(phone, "0015550100199")
    assert rings(phone, "05550100199")
    phone.app.settings.update(DialingSettings, country="US")
    assert not rings(phone, "5550100199")


async def test_a_beginning_blocks_no_extension_and_an_extension_is_blocked_by_its_exact_number(phone: Harness) -> None:
    await desk(phone).add("200*")
    assert rings(phone, "2001")
    assert not rings(phone, "+12005550100")
    await desk(phone).add("2001")
    assert not rings(phone, "2001")
    assert rings(phone, "2002")


@pytest.mark.parametrize("number", ["", "anonymous", "Anonymous", "unknown"])
async def test_withheld_numbers_ring_unless_the_user_wants_them_blocked(phone: Harness, number: str) -> None:
    assert rings(phone, number)
    phone.app.settings.update(BlockingSettings, withheld=True)
    assert not rings(phone, number)
    assert told(phone)[-1] == "Refused a call without a number."
    assert records(phone)[-1].screened_reason == "no number shown"
    assert rings(phone, SPAM)


async def test_lists_of_the_settings_block_and_those_who_are_never_blocked_go_before_everything(phone: Harness) -> None:
    phone.app.settings.update(
        BlockingSettings, withheld=True, numbers=("+1900*", "5550100111"), never=("+1 900 555 0123", "2001", "+44*")
    )
    await desk(phone).add("2001")
    await desk(phone).add("+442079460000")
    seen = {number: rings(phone, number) for number in ("19005550100", "19005550123", "15550100111", "2001", "+442079460000")}
    assert seen == {
        "19005550100": False, "19005550123": True, "15550100111": False, "2001": True, "+442079460000": True,
    }  # fmt: skip


async def test_without_messages_it_is_refused_just_the_same(phone: Harness) -> None:
    phone.app.settings.update(BlockingSettings, tell=False)
    await desk(phone).add(SPAM)
    before = told(phone)
    assert not rings(phone, SPAM)
    await phone.until(lambda: desk(phone).entries[0].refused == 1)
    assert told(phone) == before


@pytest.mark.parametrize("text", ["911", "112", "sip:911@pbx.example.com"])
async def test_an_emergency_number_can_not_be_blocked(phone: Harness, text: str) -> None:
    with pytest.raises(UserError, match="emergency number"):
        await desk(phone).add(text)


async def test_a_dispatcher_who_calls_back_gets_through_whatever_is_blocked(phone: Harness) -> None:
    phone.app.settings.update(BlockingSettings, withheld=True, numbers=("+1555*",))
    assert not rings(phone, "anonymous")
    phone.engine.finish(phone.app.calls.dial("911"))
    assert rings(phone, "anonymous")
    assert rings(phone, SPAM)
    phone.clock.advance(119 * 60)
    assert rings(phone, SPAM)
    phone.clock.advance(2 * 60)
    assert not rings(phone, SPAM)
    assert not rings(phone, "anonymous")


async def test_block_on_the_card_refuses_the_ringing_caller_at_once_and_from_now_on(phone: Harness) -> None:
    (action,) = [owned.value for owned in phone.app.call_actions()]
    call_id = phone.engine.arrive("5550100199", "Window Sales")
    call = phone.app.calls.get(call_id)
    assert (action.label, action.available(call)) == ("Block number", True)
    await action.run(call)
    assert phone.engine.sent(Reject) == [Reject(call_id=call_id, status=603)]
    assert [(entry.text, entry.note) for entry in desk(phone).entries] == [(SPAM, "Window Sales")]
    assert told(phone)[-1] == "+1 555 010 0199 can't call you any more."
    assert not rings(phone, SPAM)
    await undo(phone)
    assert rings(phone, SPAM)


async def test_block_on_the_card_leaves_a_conversation_alone(phone: Harness) -> None:
    (action,) = [owned.value for owned in phone.app.call_actions()]
    call_id = phone.engine.arrive("5550100199")
    phone.app.calls.answer(call_id)
    await phone.until(lambda: phone.app.calls.get(call_id).state is CallState.CONNECTED)
    await action.run(phone.app.calls.get(call_id))
    assert phone.app.calls.get(call_id).state is CallState.CONNECTED
    assert not action.available(phone.app.calls.get(call_id))


async def test_block_is_not_offered_where_it_means_nothing(phone: Harness) -> None:
    (action,) = [owned.value for owned in phone.app.call_actions()]
    assert [action.available(phone.app.calls.get(phone.engine.arrive(number))) for number in ("", "anonymous", "911")] == [
        False
    ] * 3
    assert not action.available(phone.app.calls.get(phone.app.calls.dial("6000")))


async def test_the_palette_blocks_whoever_rings(phone: Harness) -> None:
    (command,) = [owned.value for owned in phone.app.palette_commands()]
    assert not command.available()
    call_id = phone.engine.arrive("5550100199")
    assert command.available()
    await command.run()
    assert [command.call_id for command in phone.engine.sent(Reject)] == [call_id]


async def test_a_contact_is_blocked_with_all_numbers_and_unblocked_again(phone: Harness) -> None:
    contact = Contact(
        id=contact_id("crm", "1"),
        source_id="crm",
        name="Window Sales",
        extension="2040",
        numbers=(PhoneNumber(number="555-010-0199", kind=NumberKind.WORK), PhoneNumber(number="+1 555 010 0198")),
    )
    block, unblock = [owned.value for owned in phone.app.contact_actions()]
    assert (block.available(contact), unblock.available(contact)) == (True, False)
    await desk(phone).add("2040")
    assert (block.available(contact), unblock.available(contact)) == (True, True)
    await block.run(contact)
    assert told(phone)[-1] == "2 numbers can't call you any more."
    assert [rings(phone, number) for number in (SPAM, "15550100198", "2040")] == [False] * 3
    assert (block.available(contact), unblock.available(contact)) == (False, True)
    await unblock.run(contact)
    assert desk(phone).entries == ()
    await undo(phone)
    assert len(desk(phone).entries) == 3
    nobody = Contact(id=contact_id("crm", "2"), source_id="crm", name="Nobody")
    assert (block.available(nobody), unblock.available(nobody)) == (False, False)


async def test_an_entry_of_the_history_is_blocked_and_unblocked(phone: Harness) -> None:
    phone.engine.finish(phone.engine.arrive("5550100199", "Window Sales"), EndCause.MISSED)
    (record,) = records(phone)
    block, unblock = [owned.value for owned in phone.app.history_actions()]
    assert (block.available(record), unblock.available(record)) == (True, False)
    await block.run(record)
    assert not rings(phone, SPAM)
    assert (block.available(record), unblock.available(record)) == (False, True)
    await unblock.run(record)
    assert rings(phone, SPAM)


async def test_the_list_is_there_again_after_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path, plugins=PLUGINS) as phone:
        await desk(phone).add("+1 555 010 0199", note="windows")
        await desk(phone).add("+1900*")
        before = desk(phone).entries
    async with running(tmp_path, plugins=PLUGINS) as phone:
        await phone.until(lambda: desk(phone).entries == before)
        assert not rings(phone, SPAM)


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from callmanager.api import NoticePosted
from callmanager.testing import running
from callmanager_call_control.blocking.plugin import Blocking

async def main():
    async with running(Path(sys.argv[1]), plugins={"blocking": Blocking}) as phone:
        phone.app.bus.subscribe(NoticePosted, lambda _event: os.kill(os.getpid(), signal.SIGKILL), owner="core")
        await phone.app.plugins._entries["blocking"].instance.desk.add("+15550100199", note="windows")

asyncio.run(main())
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
async def test_what_the_user_was_told_is_blocked_survives_a_kill_at_that_very_moment(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    async with running(tmp_path, plugins=PLUGINS) as phone:
        await phone.until(lambda: [entry.text for entry in desk(phone).entries] == [SPAM])
        assert not rings(phone, SPAM)


async def test_a_list_that_cannot_be_read_is_told_and_everybody_rings(tmp_path: Path) -> None:
    async with running(tmp_path, plugins=PLUGINS) as phone:
        await desk(phone).add(SPAM)
        (file,) = phone.app.paths.data.rglob("plugin.sqlite3")
    import sqlite3

    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 99")  # a newer release wrote it
    connection.close()
    async with running(tmp_path, plugins=PLUGINS) as phone:
        await phone.until(lambda: bool(phone.published(ProblemRaised)))
        assert "blocked numbers can't be read" in phone.published(ProblemRaised)[0].problem.text
        assert rings(phone, SPAM)
        with pytest.raises(UserError, match="can't be saved"):
            await desk(phone).add(SPAM)


async def test_switched_off_it_blocks_nobody(phone: Harness) -> None:
    await desk(phone).add(SPAM)
    await phone.app.plugins.disable("blocking")
    assert rings(phone, SPAM)
    await phone.app.plugins.enable("blocking")
    assert phone.app.plugins.state("blocking") is PluginState.ACTIVE
    await phone.until(lambda: len(desk(phone).entries) == 1)
    assert not rings(phone, SPAM)

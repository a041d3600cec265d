"""Commands go to the store that has the mailbox; what is shown changes when the store says so."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest
from callmanager.api import (
    Mailbox,
    MailboxChanged,
    MailboxSnapshot,
    Party,
    PluginContext,
    UserError,
    Voicemail,
    VoicemailAbilities,
    VoicemailId,
    VoicemailStore,
    hookimpl,
)
from callmanager.testing import FakeVoicemailStore, Harness, running

BOX = Mailbox(number="2001")
AT = datetime(2026, 1, 2, tzinfo=UTC)


def plugin_with(*stores: FakeVoicemailStore) -> type:
    class Plugin:
        def __init__(self, ctx: PluginContext) -> None: ...

        @hookimpl
        def callmanager_voicemail_stores(self) -> list[VoicemailStore]:
            return list(stores)

    return Plugin


def message(number: int, *, heard: bool = False, name: str = "") -> Voicemail:
    return Voicemail(
        id=VoicemailId(str(number)),
        mailbox=BOX,
        folder="INBOX",
        caller=Party(number="5550100199", name=name),
        at=AT + timedelta(minutes=number),
        duration_seconds=12,
        heard=heard,
    )


def snapshot(*messages: Voicemail) -> MailboxSnapshot:
    return MailboxSnapshot(mailbox=BOX, folders=("INBOX", "Old"), messages=messages)


async def with_messages(phone: Harness, store: FakeVoicemailStore, *messages: Voicemail) -> None:
    await phone.until(lambda: store.running)
    store.tell(snapshot(*messages))


async def test_messages_are_shown_newest_first_and_counted(tmp_path: Path) -> None:
    store = FakeVoicemailStore("asterisk")
    async with running(tmp_path, plugins={"voicemail": plugin_with(store)}) as phone:
        await with_messages(phone, store, message(1), message(3, heard=True), message(2, name="\u202eMaria\n"))
        (box,) = phone.app.voicemail.mailboxes()
        assert [one.id for one in box.messages] == ["3", "2", "1"]
        assert box.messages[1].caller.name == "Maria"
        assert phone.app.voicemail.unheard() == 2
        assert phone.published(MailboxChanged)[-1].after == box


async def test_commands_change_what_the_store_says(tmp_path: Path) -> None:
    store = FakeVoicemailStore("asterisk")
    async with running(tmp_path, plugins={"voicemail": plugin_with(store)}) as phone:
        await with_messages(phone, store, message(1), message(2))
        voicemail = phone.app.voicemail
        await voicemail.mark(message(1), heard=True)
        assert voicemail.unheard() == 1
        await voicemail.move(message(1, heard=True), "Old")
        assert {one.folder for one in voicemail.get(BOX).messages} == {"INBOX", "Old"}
        await voicemail.delete(message(2))
        assert [one.id for one in voicemail.get(BOX).messages] == ["1"]
        await voicemail.forward(message(1), Mailbox(number="2002"))
        assert store.forwarded[0][1].address == "2002@default"
        await voicemail.save(message(1), tmp_path / "message.wav")
        assert (tmp_path / "message.wav").exists()
        playback = await voicemail.play(message(1))
        await playback.skip(-5)
        await playback.stop()
        await playback.wait_ended()
        assert store.played[0].asked == ["skip -5", "stop"]


@pytest.mark.parametrize("command", ["mark", "move", "delete", "forward", "save"])
async def test_what_a_store_cannot_do_is_said_and_not_tried(tmp_path: Path, command: str) -> None:
    store = FakeVoicemailStore("asterisk", label="Asterisk", abilities=VoicemailAbilities())
    async with running(tmp_path, plugins={"voicemail": plugin_with(store)}) as phone:
        await with_messages(phone, store, message(1))
        service = phone.app.voicemail
        work = {
            "mark": lambda: service.mark(message(1), heard=True),
            "move": lambda: service.move(message(1), "Old"),
            "delete": lambda: service.delete(message(1)),
            "forward": lambda: service.forward(message(1), Mailbox(number="2002")),
            "save": lambda: service.save(message(1), tmp_path / "x.wav"),
        }[command]
        with pytest.raises(UserError, match="can't do that") as refused:
            await work()
        assert "Asterisk" in refused.value.hint


async def test_a_folder_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    store = FakeVoicemailStore("asterisk")
    async with running(tmp_path, plugins={"voicemail": plugin_with(store)}) as phone:
        await with_messages(phone, store, message(1))
        with pytest.raises(UserError) as refused:
            await phone.app.voicemail.move(message(1), "Family")
        assert refused.value.hint == "Choose INBOX, Old."


async def test_a_lost_store_takes_its_mailbox_from_view_and_refuses_commands(tmp_path: Path) -> None:
    store = FakeVoicemailStore("asterisk")
    async with running(tmp_path, plugins={"voicemail": plugin_with(store)}) as phone:
        await with_messages(phone, store, message(1))
        await phone.app.plugins.disable("voicemail")
        assert phone.app.voicemail.mailboxes() == ()
        assert attrs.asdict(phone.app.voicemail.abilities(BOX)) == attrs.asdict(VoicemailAbilities())
        with pytest.raises(UserError, match="can't be reached"):
            await phone.app.voicemail.play(message(1))
        assert phone.published(MailboxChanged)[-1].after is None

"""Conversations by number: kept, listed, searched, marked, deleted, and told of."""

import asyncio
import os
from pathlib import Path

import pytest
from callmanager.api import (
    Attachment,
    ConversationChanged,
    ConversationKey,
    Delivery,
    MessageAdded,
    MessageChanged,
    MessageDirection,
    MessageId,
    MessageRemoved,
    StorageError,
    TransportAbilities,
    UnreadMessagesChanged,
    UserError,
)
from callmanager.messaging.journal import SEARCH_PROBLEM, STORAGE_PROBLEM
from callmanager.messaging.notation import Notation
from callmanager.testing import FakeTransport
from message_bench.service import Bench

OWN, ANN, BOB = "+15550100000", "+12025550123", "+12025550124"
WITH_ANN = ConversationKey(own=OWN, peer=ANN)


async def test_nothing_is_made_on_the_disk_before_there_is_something_to_keep(bench) -> None:
    await bench.start()
    assert await bench.service.conversations() == ()
    assert await bench.service.search("x") == ()
    assert (await bench.service.open("2025550123")).key == WITH_ANN
    assert bench.service.unread == 0
    assert not bench.file.exists()


async def test_a_conversation_has_its_last_message_and_counts_what_is_unread(bench) -> None:
    await bench.start()
    await bench.come_in("first")
    bench.clock.advance(1)
    last = await bench.come_in("second")
    bench.clock.advance(1)
    other = await bench.come_in("from Bob", peer="(202) 555-0124")
    conversations = await bench.service.conversations()
    assert [(one.key.peer, one.last, one.unread) for one in conversations] == [(BOB, other, 1), (ANN, last, 2)]
    assert bench.service.unread == 3
    assert [event.unread for event in bench.published(UnreadMessagesChanged)] == [1, 2, 3]
    assert bench.published(ConversationChanged)[-1].conversation == conversations[0]
    assert last.direction is MessageDirection.RECEIVED


async def test_reading_a_conversation_takes_it_off_the_badge(bench) -> None:
    await bench.start()
    for text in ("a", "b"):
        await bench.come_in(text)
    await bench.come_in("c", peer=BOB)
    await bench.service.mark_read(WITH_ANN)
    assert bench.service.unread == 1
    assert [event.after.unread for event in bench.published(MessageChanged)] == [False, False]
    assert (await bench.service.conversation(WITH_ANN)).unread == 0
    before = len(bench.events)
    await bench.service.mark_read(WITH_ANN)
    assert len(bench.events) == before


async def test_a_muted_conversation_counts_for_itself_only(bench) -> None:
    await bench.start()
    await bench.come_in("a")
    await bench.service.set_muted(WITH_ANN, muted=True)
    assert bench.service.unread == 0
    await bench.come_in("b")
    conversation = await bench.service.conversation(WITH_ANN)
    assert (conversation.unread, conversation.muted, bench.service.unread) == (2, True, 0)
    await bench.service.set_muted(WITH_ANN, muted=False)
    assert bench.service.unread == 2


async def test_a_conversation_comes_out_of_the_archive_with_the_next_message(bench) -> None:
    await bench.start()
    await bench.come_in("a")
    await bench.service.set_archived(WITH_ANN, archived=True)
    assert await bench.service.conversations() == ()
    (archived,) = await bench.service.conversations(archived=True)
    assert archived.key == WITH_ANN
    await bench.service.set_muted(WITH_ANN, muted=True)
    await bench.come_in("muted ones stay there")
    assert await bench.service.conversations() == ()
    await bench.service.set_muted(WITH_ANN, muted=False)
    await bench.come_in("back")
    assert len(await bench.service.conversations()) == 1
    await bench.service.set_archived(WITH_ANN, archived=True)
    await bench.service.send(OWN, ANN, "and by writing")
    assert len(await bench.service.conversations()) == 1


async def test_a_draft_is_kept_and_cleared_by_sending_it(bench) -> None:
    await bench.start()
    key = (await bench.service.open(BOB)).key
    await bench.service.set_draft(key, "half a \nthought")
    (conversation,) = await bench.service.conversations()
    assert (conversation.draft, conversation.last) == ("half a \nthought", None)
    await bench.restart()
    assert (await bench.service.conversation(key)).draft == "half a \nthought"
    await bench.service.send(OWN, BOB, "something a plugin says meanwhile")
    assert (await bench.service.conversation(key)).draft == "half a \nthought"
    await bench.service.send(OWN, BOB, "half a \nthought\n")
    assert (await bench.service.conversation(key)).draft == ""
    await bench.service.set_draft(key, "x")
    await bench.service.set_draft(key, "")
    assert (await bench.service.conversation(key)).draft == ""


async def test_a_draft_that_is_cleared_leaves_no_empty_conversation_in_the_list(bench) -> None:
    await bench.start()
    await bench.service.set_draft(WITH_ANN, "hm")
    await bench.service.set_draft(WITH_ANN, "")
    assert await bench.service.conversations() == ()
    assert bench.published(ConversationChanged)[-1].conversation is None


async def test_a_thread_comes_in_pages_oldest_first(bench) -> None:
    await bench.start()
    for number in range(7):
        await bench.come_in(str(number))
        bench.clock.advance(number % 2)  # some at the same moment
    page = await bench.service.thread(WITH_ANN, limit=3)
    assert ([one.text for one in page.messages], page.more) == (["4", "5", "6"], True)
    page = await bench.service.thread(WITH_ANN, limit=3, before=page.messages[0].id)
    assert ([one.text for one in page.messages], page.more) == (["1", "2", "3"], True)
    page = await bench.service.thread(WITH_ANN, limit=3, before=page.messages[0].id)
    assert ([one.text for one in page.messages], page.more) == (["0"], False)
    assert (await bench.service.thread(ConversationKey(own=OWN, peer=BOB))).messages == ()


async def test_the_list_comes_in_pages_and_by_digits(bench) -> None:
    await bench.start()
    for number in range(5):
        await bench.come_in("hi", peer=f"+1202555012{number}")
    first = await bench.service.conversations(limit=2)
    second = await bench.service.conversations(limit=2, before=first[-1].key)
    third = await bench.service.conversations(limit=2, before=second[-1].key)
    assert [one.key.peer[-1] for one in (*first, *second, *third)] == ["4", "3", "2", "1", "0"]
    assert [one.key.peer for one in await bench.service.conversations(matching="555-0123")] == [ANN]
    assert await bench.service.conversations(matching="Ann") == ()


@pytest.mark.parametrize("typed", ["030 90", "0049 30 90", "+49 30 90", "(0)30-901820"])
async def test_the_list_is_filtered_by_a_number_as_it_is_typed_at_home(bench, typed: str) -> None:
    await bench.start()
    await bench.come_in("hallo", peer="+4930901820")
    await bench.come_in("hi", peer=ANN)
    assert [one.key.peer for one in await bench.service.conversations(matching=typed)] == ["+4930901820"]
    assert await bench.service.conversations(matching="000") == ()


async def test_nothing_is_taken_from_a_carrier_before_numbers_can_be_read(tmp_path: Path) -> None:
    reading = asyncio.Event()

    class Slow(Notation):
        async def load(self) -> None:
            await reading.wait()

    bench = Bench(tmp_path, notation=Slow(lambda: "US"))
    await bench.start()
    assert not bench.transport.running
    sending = asyncio.ensure_future(bench.service.send("", "202 555 0123", "hi"))
    await bench.settle()
    assert not sending.done()
    reading.set()
    await bench.settle()
    assert bench.transport.running
    assert (await sending).peer == ANN
    await bench.service.close()


async def test_a_service_can_end_before_numbers_can_be_read(tmp_path: Path) -> None:
    class Endless(Notation):
        async def load(self) -> None:
            await asyncio.Event().wait()

    bench = Bench(tmp_path, notation=Endless(lambda: "US"))
    await bench.start()
    await bench.service.close()
    assert not bench.transport.running


async def test_opening_a_conversation_takes_the_number_used_last(bench) -> None:
    two = FakeTransport(senders=[OWN, "+15550100001"])
    await bench.start(two)
    assert (await bench.service.open(ANN)).key.own == OWN
    await bench.service.send("+15550100001", ANN, "from my other number")
    assert (await bench.service.open("(202) 555-0123")).key.own == "+15550100001"
    assert (await bench.service.open(ANN, own=OWN)).key.own == OWN
    with pytest.raises(UserError, match="can be texted"):
        await bench.service.open("Ann")


async def test_without_any_number_of_our_own_nothing_can_be_written(bench) -> None:
    await bench.start(FakeTransport(senders=()))
    with pytest.raises(UserError, match="no number to send messages from"):
        await bench.service.send("", ANN, "hello")
    assert bench.service.senders() == ()


async def test_senders_are_told_with_what_they_carry_each_number_once(bench) -> None:
    abilities = TransportAbilities(text_limit=100)
    await bench.start(
        FakeTransport(transport_id="a", label="A", senders=["62626", "2025550199"], abilities=abilities),
        FakeTransport(transport_id="b", label="B", senders=["+12025550199", "+12025550198"]),
    )
    told = [(one.number, one.transport_id, one.abilities.text_limit) for one in bench.service.senders()]
    assert told == [("62626", "a", 100), ("+12025550199", "a", 100), ("+12025550198", "b", 1600)]


async def test_a_call_of_send_is_one_message_and_an_id_makes_two_calls_one(bench) -> None:
    await bench.start()
    first, second = await bench.service.send(OWN, ANN, "ok"), await bench.service.send(OWN, ANN, "ok")
    assert first.id != second.id
    identity = MessageId("press-of-a-button")
    both = await asyncio.gather(*(bench.service.send(OWN, ANN, "once", message_id=identity) for _ in range(2)))
    assert both[0].id == both[1].id == identity
    await bench.until(lambda: len(bench.told_sent) == 3)
    assert [one.text for one in bench.transport.asked] == ["ok", "ok", "once"]
    assert len(bench.published(MessageAdded)) == 3
    with pytest.raises(ValueError, match="id of a message"):
        await bench.service.send(OWN, ANN, "x", message_id=MessageId("'); --"))


async def test_a_message_is_kept_and_told_though_the_widget_that_sent_it_has_gone(bench) -> None:
    await bench.start()
    task = asyncio.ensure_future(bench.service.send(OWN, ANN, "bye"))
    await asyncio.sleep(0)
    task.cancel()
    await bench.until(lambda: bench.told_sent)
    assert [event.message.text for event in bench.published(MessageAdded)] == ["bye"]


async def test_attachments_are_kept_as_they_are(bench) -> None:
    await bench.start()
    picture = Attachment(media_type="image/png", url="https://media.example.com/a.png", name="a.png", size=123)
    stored = await bench.come_in("look", attachments=(picture, Attachment(media_type="image/png", url="http://x/")))
    assert stored.attachments == (picture,)
    assert await bench.service.get(stored.id) == stored
    assert stored.reason == "an attachment was left out"
    mine = await bench.service.send(OWN, ANN, "", (Attachment(media_type="image/gif", url="file:///home/me/b.gif"),))
    await bench.until(lambda: bench.transport.asked)
    assert bench.transport.asked[0].attachments == mine.attachments


# ---------------------------------------------------------------------------------------------------------------- deleting


async def test_a_deleted_message_is_gone_from_thread_list_and_search(bench) -> None:
    await bench.start()
    await bench.come_in("keep this")
    bench.clock.advance(1)
    gone = await bench.come_in("secret word")
    await bench.service.delete(gone.id)
    assert [event.message for event in bench.published(MessageRemoved)] == [gone]
    conversation = await bench.service.conversation(WITH_ANN)
    assert (conversation.last and conversation.last.text, conversation.unread, bench.service.unread) == ("keep this", 1, 1)
    assert await bench.service.search("secret") == ()
    await bench.service.delete(gone.id)
    assert len(bench.published(MessageRemoved)) == 1


async def test_a_deleted_conversation_is_gone_and_a_repetition_does_not_bring_it_back(bench) -> None:
    await bench.start()
    message = bench.incoming("hello", remote_id="42")
    await bench.transport.come_in(message)
    await bench.service.set_draft(WITH_ANN, "x")
    await bench.service.delete_conversation(WITH_ANN)
    assert bench.published(ConversationChanged)[-1].conversation is None
    assert (await bench.service.conversations(), bench.service.unread) == ((), 0)
    await bench.transport.come_in(message)
    assert await bench.service.conversations() == ()
    await bench.come_in("new")
    assert [one.text for one in (await bench.service.thread(WITH_ANN)).messages] == ["new"]


async def test_deleting_what_waits_withdraws_it_and_what_is_being_sent_stays(bench) -> None:
    await bench.start()
    bench.transport.hold()
    first = await bench.service.send(OWN, ANN, "first")
    second = await bench.service.send(OWN, ANN, "second")
    await bench.until_delivery(first.id, Delivery.SENDING)
    with pytest.raises(UserError, match="being sent"):
        await bench.service.delete(first.id)
    with pytest.raises(UserError, match="being sent"):
        await bench.service.delete_conversation(WITH_ANN)
    await bench.service.delete(second.id)
    bench.transport.release()
    await bench.until_delivery(first.id, Delivery.SENT)
    await bench.settle()
    assert [one.text for one in bench.transport.asked] == ["first"]


# --------------------------------------------------------------------------------------------------------------- searching


async def test_words_are_found_whatever_their_case_and_accents(bench) -> None:
    await bench.start()
    await bench.come_in("Café at noon?\nBring the résumé")
    bench.clock.advance(1)
    await bench.service.send(OWN, BOB, "noon is fine")
    found = await bench.service.search("NOON")
    assert [one.message.text.split()[0] for one in found] == ["noon", "Café"]
    (one,) = await bench.service.search("cafe resu")
    assert [one.snippet[begin:end] for begin, end in one.marks] == ["Café", "résumé"]
    assert one.message.peer == ANN
    assert await bench.service.search("noon midnight") == ()
    assert len(await bench.service.search("noon", limit=1)) == 1


@pytest.mark.parametrize("text", ['"', "' OR 1", "NEAR(", "text:x", "-", "*", "a AND", "(", "\x00", "", "   ", "^", "😀"])
async def test_any_text_can_be_searched_for(bench, text: str) -> None:
    await bench.start()
    await bench.come_in("nothing like it")
    assert await bench.service.search(text) == ()


async def test_signs_that_are_no_words_are_found_too(bench) -> None:
    await bench.start()
    await bench.come_in("party 🎉 100%")
    await bench.come_in("no")
    (found,) = await bench.service.search("🎉")
    assert [found.snippet[begin:end] for begin, end in found.marks] == ["🎉"]
    assert len(await bench.service.search("%")) == 1
    assert len(await bench.service.search("_")) == 0


async def test_a_long_text_is_shown_by_the_piece_that_matters(bench) -> None:
    await bench.start()
    await bench.come_in("word " * 500 + "needle " + "hay " * 500)
    (found,) = await bench.service.search("needle")
    assert len(found.snippet) < 200
    ((begin, end),) = found.marks
    assert found.snippet[begin:end] == "needle"


async def test_without_fts5_searching_works_and_says_that_it_is_slow_and_a_later_run_indexes_all(
    bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.start()
    await bench.come_in("before with index")
    with monkeypatch.context() as patch:
        patch.setattr("callmanager.messaging.search._CREATE", "CREATE VIRTUAL TABLE IF NOT EXISTS search2 USING fts55(text)")
        await bench.restart()
        gone = await bench.come_in("meanwhile %needle% without")
        await bench.come_in("meanwhile another needle")
        assert bench.problem(SEARCH_PROBLEM)
        assert [one.message.text for one in await bench.service.search("NEEDLE mean")] == [
            "meanwhile another needle",
            "meanwhile %needle% without",
        ]
        found = (await bench.service.search("needle"))[1]
        assert [found.snippet[begin:end] for begin, end in found.marks] == ["needle"]
        await bench.service.delete(gone.id)
    await bench.restart()
    assert [one.message.text for one in await bench.service.search("needle")] == ["meanwhile another needle"]
    assert len(await bench.service.search("index")) == 1
    assert bench.problem(SEARCH_PROBLEM) is None


async def test_the_index_agrees_with_the_messages_after_everything(bench) -> None:
    await bench.start()
    for number in range(20):
        await bench.come_in(f"text {number}", peer=f"+1202555{number % 3:04}")
    await bench.service.delete_conversation(ConversationKey(own=OWN, peer="+12025550001"))
    assert await bench.service._journal.look(
        lambda store, connection: connection.execute("INSERT INTO search (search, rank) VALUES ('integrity-check', 1)")
    )  # raises when they disagree


# ----------------------------------------------------------------------------------------------------------------- the disk


async def test_a_disk_that_refuses_refuses_the_message_and_says_so(bench) -> None:
    bench.file.mkdir()  # a folder where the file should be
    await bench.start()
    with pytest.raises(UserError, match="can't be saved") as caught:
        await bench.service.send(OWN, ANN, "hello")
    assert "can't be used" in caught.value.hint
    assert bench.problem(STORAGE_PROBLEM)
    with pytest.raises(StorageError):
        await bench.service.set_draft(WITH_ANN, "x")
    assert bench.published(MessageAdded) == []
    bench.file.rmdir()
    await bench.service.send(OWN, ANN, "hello")
    assert bench.problem(STORAGE_PROBLEM) is None


async def test_a_damaged_file_is_set_aside_and_told(bench, tmp_path: Path) -> None:
    bench.file.write_bytes(b"not a database, but long enough to be taken for one " * 100)
    await bench.start()
    await bench.come_in("life goes on")
    assert [name for name in os.listdir(tmp_path) if name.startswith("messages.sqlite3.damaged-")]  # noqa: PTH208 - quick
    assert bench.problem("database:messages")


async def test_what_was_there_is_there_after_a_restart(bench) -> None:
    await bench.start()
    received = await bench.come_in("hello\nagain")
    sent = await bench.service.send(OWN, ANN, "hi")
    sent = await bench.until_delivery(sent.id, Delivery.SENT)
    await bench.restart()
    await bench.until(lambda: bench.service.unread == 1)
    assert (await bench.service.thread(WITH_ANN)).messages == (received, sent)
    assert bench.published(UnreadMessagesChanged)[-1].unread == 1


async def test_nothing_can_be_written_after_the_end(bench) -> None:
    await bench.start()
    await bench.come_in("x")
    await bench.service.close()
    await bench.service.close()
    with pytest.raises(UserError, match="can't be saved"):
        await bench.service.send(OWN, ANN, "too late")

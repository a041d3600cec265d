"""What comes in is stored once and told once; what carriers say of earlier messages never goes back."""

import asyncio
from datetime import timedelta

import pytest
from callmanager.api import (
    Delivery,
    DeliveryReport,
    MessageAdded,
    MessageChanged,
    Receipt,
    SourceStanding,
    Unreachable,
    UserError,
)
from callmanager.messaging.inlet import EARLY_KEPT, EARLY_MOST, EarlyReports
from callmanager.messaging.table import OPTED_OUT
from callmanager.model.messages import ConversationKey
from callmanager.testing import FakeTransport, ManualClock

OWN, ANN = "+15550100000", "+12025550123"
WITH_ANN = ConversationKey(own=OWN, peer=ANN)


def report(remote_id: str, delivery: Delivery = Delivery.DELIVERED, reason: str = "") -> DeliveryReport:
    return DeliveryReport(remote_id=remote_id, delivery=delivery, reason=reason)


async def test_a_repetition_is_dropped_but_acknowledged(bench) -> None:
    await bench.start()
    message = bench.incoming("hello", remote_id="1")
    for _ in range(3):
        await bench.transport.come_in(message)
    assert bench.transport.acknowledged == ["1", "1", "1"]
    assert len(bench.told_received) == len(bench.published(MessageAdded)) == 1
    await bench.restart()
    await bench.transport.come_in(message)
    assert len(bench.told_received) == 1


async def test_repetitions_at_the_same_time_are_one_message(bench) -> None:
    await bench.start()
    await asyncio.gather(*(bench.transport.come_in(bench.incoming("hello", remote_id="1")) for _ in range(10)))
    assert len(bench.told_received) == 1


async def test_the_same_words_with_another_id_and_the_same_id_of_another_carrier_are_other_messages(bench) -> None:
    other = FakeTransport(transport_id="other", senders=["+15550100001"])
    await bench.start(FakeTransport(), other)
    await bench.come_in("ok", remote_id="1")
    await bench.come_in("ok", remote_id="2")
    await other.come_in(bench.incoming("ok", remote_id="1"))
    assert len(bench.told_received) == 3


async def test_a_message_is_on_the_disk_and_told_when_receive_returns(bench) -> None:
    await bench.start()
    await bench.transport.come_in(bench.incoming("hello", remote_id="1"))
    (told,) = bench.told_received
    await bench.crash()
    await bench.start(FakeTransport())
    assert await bench.service.get(told.id) == told


async def test_what_can_not_be_stored_is_not_acknowledged(bench) -> None:
    bench.file.mkdir()
    await bench.start()
    with pytest.raises(Unreachable, match="can't be saved"):
        await bench.transport.come_in(bench.incoming("hello", remote_id="1"))
    assert (bench.transport.acknowledged, bench.told_received) == ([], [])
    bench.file.rmdir()
    await bench.transport.come_in(bench.incoming("hello", remote_id="1"))
    assert len(bench.told_received) == 1


async def test_a_transport_that_is_cancelled_while_it_delivers_still_stores_and_tells(bench) -> None:
    await bench.start()
    task = asyncio.ensure_future(bench.transport.come_in(bench.incoming("hello")))
    await asyncio.sleep(0)
    task.cancel()
    await bench.until(lambda: bench.told_received)
    assert len(bench.published(MessageAdded)) == 1


async def test_a_time_in_the_future_becomes_now_so_that_an_answer_comes_after_its_question(bench) -> None:
    await bench.start()
    now = bench.clock()
    assert (await bench.come_in("x", at=now + timedelta(days=3))).at == now
    assert (await bench.come_in("y", at=now - timedelta(hours=1))).at == now - timedelta(hours=1)
    assert (await bench.come_in("z", at=now.replace(tzinfo=None))).at == now
    texts = [one.text for one in (await bench.service.thread(WITH_ANN)).messages]
    assert texts == ["y", "x", "z"]


async def test_a_message_makes_its_transport_one_that_works(bench) -> None:
    await bench.start()
    assert bench.standing() is SourceStanding.NEW
    await bench.come_in()
    assert bench.standing() is SourceStanding.WORKING


# ------------------------------------------------------------------------------------------------------------------ reports


async def sent(bench, remote_id: str = "r1"):
    bench.transport.answers.append(Receipt(remote_id=remote_id))
    message = await bench.service.send(OWN, ANN, "hello")
    return await bench.until_delivery(message.id, Delivery.SENT)


async def test_a_message_is_delivered_when_the_carrier_says_so(bench) -> None:
    await bench.start()
    message = await sent(bench)
    await bench.transport.report(report("r1"))
    assert await bench.delivery(message.id) is Delivery.DELIVERED
    assert bench.published(MessageChanged)[-1].after.delivery is Delivery.DELIVERED


@pytest.mark.parametrize(
    ("reports", "final"),
    [
        ([Delivery.DELIVERED, Delivery.SENT], Delivery.DELIVERED),
        ([Delivery.DELIVERED, Delivery.FAILED], Delivery.DELIVERED),
        ([Delivery.FAILED, Delivery.DELIVERED], Delivery.DELIVERED),
        ([Delivery.FAILED, Delivery.SENT], Delivery.FAILED),
        ([Delivery.QUEUED, Delivery.SENDING, Delivery.UNCERTAIN, Delivery.SENT], Delivery.SENT),
        ([Delivery.FAILED, Delivery.FAILED], Delivery.FAILED),
    ],
)
async def test_reports_out_of_order_never_go_back(bench, reports: list[Delivery], final: Delivery) -> None:
    await bench.start()
    message = await sent(bench)
    for delivery in reports:
        await bench.transport.report(report("r1", delivery))
    assert await bench.delivery(message.id) is final


@pytest.mark.parametrize("word", [Delivery.DELIVERED, Delivery.FAILED])
async def test_the_carrier_s_word_settles_what_was_uncertain(bench, word: Delivery) -> None:
    await bench.start()
    bench.transport.answers.append(Receipt(remote_id="r1", delivery=Delivery.UNCERTAIN))
    message = await bench.service.send(OWN, ANN, "hello")
    await bench.until_delivery(message.id, Delivery.UNCERTAIN)
    await bench.transport.report(report("r1", word))
    assert await bench.delivery(message.id) is word


async def test_a_failure_says_why(bench) -> None:
    await bench.start()
    message = await sent(bench)
    await bench.transport.report(report("r1", Delivery.FAILED, "landline\n\u202ereally"))
    found = await bench.service.get(message.id)
    assert found
    assert found.reason == "landline really"
    other = await sent(bench, "r2")
    await bench.transport.report(report("r2", Delivery.FAILED))
    found = await bench.service.get(other.id)
    assert found
    assert "could not deliver" in found.reason


async def test_reports_about_unknown_messages_are_dropped(bench) -> None:
    await bench.start()
    await bench.come_in("hello", remote_id="r9")
    before = len(bench.events)
    for remote_id in ("nobody", "r9", "", "x" * 100_000):
        await bench.transport.report(report(remote_id, Delivery.FAILED))
    assert len(bench.events) == before


async def test_a_report_that_overtakes_the_receipt_is_applied(bench) -> None:
    await bench.start()
    bench.transport.hold()
    bench.transport.answers.append(Receipt(remote_id="r1"))
    message = await bench.service.send(OWN, ANN, "hello")
    await bench.until_delivery(message.id, Delivery.SENDING)
    await bench.transport.report(report("r1"))
    await bench.transport.report(report("r1", Delivery.FAILED))  # late, and wrong
    assert await bench.delivery(message.id) is Delivery.SENDING
    bench.transport.release()
    await bench.until_delivery(message.id, Delivery.DELIVERED)
    steps = [event.after.delivery for event in bench.published(MessageChanged)]
    assert steps == [Delivery.SENDING, Delivery.SENT, Delivery.DELIVERED]


async def test_a_report_of_another_carrier_changes_nothing(bench) -> None:
    other = FakeTransport(transport_id="other", senders=["+15550100001"])
    await bench.start(FakeTransport(), other)
    message = await sent(bench)
    await other.report(report("r1"))
    assert await bench.delivery(message.id) is Delivery.SENT


def test_early_reports_are_kept_for_a_while_and_not_without_end() -> None:
    clock = ManualClock()
    early = EarlyReports(clock)
    for number in range(EARLY_MOST + 5):
        early.keep("a", report(str(number)))
    assert early.get("a", "4") is None
    assert early.get("a", "5") == report("5")
    assert early.get("b", "5") is None
    clock.advance(EARLY_KEPT.total_seconds() + 1)
    assert early.get("a", "5") is None


# -------------------------------------------------------------------------------------------------------------- opting out


async def test_who_writes_stop_gets_no_more_messages_until_they_write_start(bench) -> None:
    await bench.start()
    stop = await bench.come_in("Stop")
    conversation = await bench.service.conversation(WITH_ANN)
    assert conversation.opted_out == stop.at
    with pytest.raises(UserError, match="asked to get no more messages") as caught:
        await bench.service.send(OWN, ANN, "just one more offer")
    assert "START" in caught.value.hint
    assert (await bench.service.thread(WITH_ANN)).messages == (stop,)
    await bench.come_in("actually, what about")
    assert (await bench.service.conversation(WITH_ANN)).opted_out
    await bench.come_in("yes")
    assert (await bench.service.conversation(WITH_ANN)).opted_out is None
    await bench.service.send(OWN, ANN, "welcome back")


async def test_opting_out_counts_for_one_of_our_numbers_and_one_of_theirs(bench) -> None:
    await bench.start(FakeTransport(senders=[OWN, "+15550100001"]))
    await bench.come_in("STOP")
    await bench.service.send("+15550100001", ANN, "another department")
    await bench.service.send(OWN, "+12025550124", "another person")


async def test_what_waits_for_somebody_who_opts_out_is_not_sent(bench) -> None:
    await bench.start()
    bench.transport.answers.append(Unreachable("down"))
    message = await bench.service.send(OWN, ANN, "offer")
    await bench.until(lambda: bench.transport.asked)
    await bench.come_in("STOP")
    failed = await bench.until_delivery(message.id, Delivery.FAILED)
    assert failed.reason == OPTED_OUT
    await bench.later(100)
    assert len(bench.transport.asked) == 1
    with pytest.raises(UserError, match="no more messages"):
        await bench.service.retry(message.id)


async def test_opting_out_survives_the_deletion_of_the_conversation(bench) -> None:
    await bench.start()
    await bench.come_in("STOP")
    await bench.service.delete_conversation(WITH_ANN)
    assert await bench.service.conversations() == ()
    await bench.restart()
    with pytest.raises(UserError, match="no more messages"):
        await bench.service.send(OWN, ANN, "hello?")


async def test_the_user_can_lift_it_when_they_agreed_in_another_way(bench) -> None:
    await bench.start()
    await bench.come_in("cancel")
    await bench.service.lift_opt_out(WITH_ANN)
    await bench.service.send(OWN, ANN, "as you said on the phone")
    assert (await bench.service.conversation(WITH_ANN)).opted_out is None


async def test_a_plain_yes_of_somebody_who_never_stopped_changes_nothing(bench) -> None:
    await bench.start()
    await bench.come_in("Yes")
    assert (await bench.service.conversation(WITH_ANN)).opted_out is None

"""What was written is sent once, in order, as soon as it can be; what may have been sent is never sent again by itself."""

import asyncio
from datetime import timedelta

import pytest
from callmanager.api import (
    AccountId,
    ConversationKey,
    Delivery,
    DeliveryRefused,
    DeliveryUncertain,
    MessageChanged,
    NotConfigured,
    Receipt,
    Registration,
    RegistrationChanged,
    RegistrationState,
    SettingsChanged,
    SignInNeeded,
    SourceChanged,
    SourceStanding,
    Unreachable,
    UserError,
)
from callmanager.messaging.outbox import AT_ONCE, INTERRUPTED, TOO_OLD
from callmanager.testing import FakeTransport

OWN, ANN, BOB = "+15550100000", "+12025550123", "+12025550124"


def steps(bench, message) -> list[Delivery]:
    return [event.after.delivery for event in bench.published(MessageChanged) if event.after.id == message.id]


async def test_a_message_is_stored_then_sent_then_told(bench) -> None:
    await bench.start()
    bench.transport.answers.append(Receipt(remote_id="r1"))
    message = await bench.service.send(OWN, "202-555-0123", "hello\nthere")
    assert (message.delivery, message.peer, message.transport_id) == (Delivery.QUEUED, ANN, "fake")
    sent = await bench.until_delivery(message.id, Delivery.SENT)
    assert steps(bench, message) == [Delivery.SENDING, Delivery.SENT]
    assert sent.remote_id == "r1"
    assert bench.told_sent == [sent]
    (asked,) = bench.transport.asked
    assert (asked.id, asked.own, asked.peer, asked.text) == (message.id, OWN, ANN, "hello\nthere")


async def test_being_sent_is_on_the_disk_before_the_network_is_asked(bench) -> None:
    await bench.start()
    seen = []

    def look(outgoing):
        import sqlite3

        with sqlite3.connect(f"file:{bench.file}?mode=ro", uri=True) as connection:
            seen.append(connection.execute("SELECT delivery FROM message WHERE id = ?", (outgoing.id,)).fetchone())
        connection.close()
        return Receipt(remote_id="r")

    bench.transport.answers.append(look)
    message = await bench.service.send(OWN, ANN, "hello")
    await bench.until_delivery(message.id, Delivery.SENT)
    assert seen == [("sending",)]


@pytest.mark.parametrize(
    ("receipt", "delivery"),
    [
        (Receipt(remote_id="r", delivery=Delivery.DELIVERED), Delivery.DELIVERED),
        (Receipt(remote_id="r", delivery=Delivery.QUEUED), Delivery.SENT),
        (Receipt(remote_id="r", delivery=Delivery.FAILED), Delivery.FAILED),
        (Receipt(remote_id="r", delivery=Delivery.UNCERTAIN), Delivery.UNCERTAIN),
        (Receipt(remote_id=""), Delivery.SENT),
    ],
)
async def test_a_receipt_says_how_far_it_got(bench, receipt: Receipt, delivery: Delivery) -> None:
    await bench.start()
    bench.transport.answers.append(receipt)
    message = await bench.service.send(OWN, ANN, "hello")
    await bench.until_delivery(message.id, delivery)
    assert len(bench.told_sent) == (delivery in {Delivery.SENT, Delivery.DELIVERED})


async def test_messages_of_a_conversation_keep_their_order(bench) -> None:
    await bench.start()
    written = [f"{number}" for number in range(12)]
    await asyncio.gather(*(bench.service.send(OWN, ANN, text) for text in written))
    await bench.until(lambda: len(bench.told_sent) == 12)
    assert [one.text for one in bench.transport.asked] == written


async def test_a_conversation_that_hangs_does_not_hold_up_another(bench) -> None:
    await bench.start()
    bench.transport.hold()
    first = await bench.service.send(OWN, ANN, "first")
    second = await bench.service.send(OWN, ANN, "second")
    third = await bench.service.send(OWN, BOB, "third")
    await bench.until(lambda: len(bench.transport.asked) == 2)
    assert [one.text for one in bench.transport.asked] == ["first", "third"]
    bench.transport.release()
    for message in (first, second, third):
        await bench.until_delivery(message.id, Delivery.SENT)


async def test_a_transport_gets_a_few_messages_at_once_and_no_more(bench) -> None:
    await bench.start()
    bench.transport.hold()
    for number in range(AT_ONCE + 3):
        await bench.service.send(OWN, f"+1202555010{number}", "x")
    await bench.settle()
    assert len(bench.transport.asked) == AT_ONCE
    bench.transport.release()
    await bench.until(lambda: len(bench.told_sent) == AT_ONCE + 3)


# ----------------------------------------------------------------------------------------------------------- what goes wrong


async def test_what_surely_was_not_taken_is_tried_again_with_growing_pauses(bench) -> None:
    await bench.start()
    bench.transport.answers.extend([Unreachable("no route")] * 3)
    message = await bench.service.send(OWN, ANN, "hello")
    await bench.until(lambda: len(bench.transport.asked) == 1)
    await bench.settle()
    waiting = await bench.service.get(message.id)
    assert waiting
    assert (waiting.delivery, waiting.reason) == (Delivery.QUEUED, "Fake SMS can't be reached: no route")
    assert bench.standing() is SourceStanding.LOST
    await bench.later(0.5)
    assert len(bench.transport.asked) == 1
    await bench.later(1)
    assert len(bench.transport.asked) == 2
    await bench.later(1)
    assert len(bench.transport.asked) == 2
    await bench.later(2)
    assert len(bench.transport.asked) == 3
    await bench.later(60)
    assert await bench.delivery(message.id) is Delivery.SENT
    assert bench.told_sent[0].reason == ""
    assert {one.id for one in bench.transport.asked} == {message.id}
    assert bench.standing() is SourceStanding.NEW


async def test_a_transport_that_can_not_be_reached_is_not_asked_for_each_message(bench) -> None:
    await bench.start()
    bench.transport.answers.append(Unreachable("no route"))
    await bench.service.send(OWN, ANN, "one")
    await bench.until(lambda: bench.transport.asked)
    await bench.settle()
    others = [await bench.service.send(OWN, f"+1202555010{number}", "x") for number in range(3)]
    await bench.settle()
    assert len(bench.transport.asked) == 1
    for other in others:
        found = await bench.service.get(other.id)
        assert found
        assert "no route" in found.reason
    await bench.later(2)
    await bench.until(lambda: len(bench.told_sent) == 4)


async def test_the_phone_coming_back_to_its_pbx_ends_the_pause(bench) -> None:
    await bench.start()
    bench.transport.answers.append(Unreachable("no route"))
    message = await bench.service.send(OWN, ANN, "one")
    await bench.until(lambda: bench.transport.asked)
    await bench.settle()
    registered = Registration(account_id=AccountId("main"), state=RegistrationState.REGISTERED, since=bench.clock())
    bench.bus.publish(RegistrationChanged(before=None, after=registered))
    await bench.until_delivery(message.id, Delivery.SENT)


async def test_a_refusal_is_final_says_why_and_lets_the_next_one_go(bench) -> None:
    await bench.start()
    bench.transport.answers.append(DeliveryRefused("this number is a\n landline"))
    message = await bench.service.send(OWN, ANN, "hello")
    following = await bench.service.send(OWN, ANN, "next")
    failed = await bench.until_delivery(message.id, Delivery.FAILED)
    assert failed.reason == "this number is a landline"
    await bench.until_delivery(following.id, Delivery.SENT)
    await bench.later(3600)
    assert len(bench.transport.asked) == 2
    assert bench.standing() is SourceStanding.NEW


async def test_an_answer_that_was_lost_is_uncertain_and_never_sent_again_by_itself(bench) -> None:
    await bench.start()
    bench.transport.answers.append(DeliveryUncertain("the connection broke"))
    message = await bench.service.send(OWN, ANN, "hello")
    uncertain = await bench.until_delivery(message.id, Delivery.UNCERTAIN)
    assert uncertain.reason == "the answer was lost, so it may have arrived: the connection broke"
    await bench.later(3600)
    await bench.restart()
    await bench.later(3600)
    assert bench.transport.asked == []
    await bench.service.retry(message.id)
    await bench.until_delivery(message.id, Delivery.SENT)
    assert [one.id for one in bench.transport.asked] == [message.id]


async def test_a_fault_of_a_transport_is_its_plugins_and_the_message_is_uncertain(bench) -> None:
    await bench.start()
    bench.transport.answers.extend([KeyError("id"), lambda _: "not a receipt"])  # type: ignore[arg-type, list-item]
    for text in ("one", "two"):
        message = await bench.service.send(OWN, ANN, text)
        found = await bench.until_delivery(message.id, Delivery.UNCERTAIN)
        assert found.reason == "Fake SMS had a fault, so it may have arrived"
    assert bench.faults == [("KeyError", "carrier"), ("TypeError", "carrier")]


async def test_a_transport_that_never_answers_is_given_up(bench) -> None:
    bench.patience = 0.02
    bench._build()
    await bench.start()
    bench.transport.hold()
    message = await bench.service.send(OWN, ANN, "hello")
    found = await bench.until_delivery(message.id, Delivery.UNCERTAIN)
    assert "gave no answer" in found.reason


@pytest.mark.expects_log("does not end when it is cancelled")
async def test_a_transport_that_does_not_even_end_is_left_behind(bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callmanager.messaging.outbox._CANCEL_SECONDS", 0.02)
    free = asyncio.Event()

    class Stubborn(FakeTransport):
        async def send(self, message):
            while not free.is_set():
                try:
                    await free.wait()
                except asyncio.CancelledError:
                    continue
            raise Unreachable("too late to matter")

    bench.patience = 0.02
    bench._build()
    await bench.start(Stubborn())
    message = await bench.service.send(OWN, ANN, "hello")
    await bench.until_delivery(message.id, Delivery.UNCERTAIN)
    free.set()
    await bench.settle()
    assert await bench.delivery(message.id) is Delivery.UNCERTAIN


async def test_a_failed_message_goes_again_when_the_user_says_so_and_a_sent_one_does_not(bench) -> None:
    await bench.start()
    bench.transport.answers.append(DeliveryRefused("no"))
    message = await bench.service.send(OWN, ANN, "hello")
    await bench.until_delivery(message.id, Delivery.FAILED)
    again = await bench.service.retry(message.id)
    assert (again.id, again.delivery, again.reason) == (message.id, Delivery.QUEUED, "")
    await bench.until_delivery(message.id, Delivery.SENT)
    with pytest.raises(UserError, match="sent already"):
        await bench.service.retry(message.id)
    received = await bench.come_in("x")
    with pytest.raises(UserError, match="no such message"):
        await bench.service.retry(received.id)


# --------------------------------------------------------------------------------------------------------- nobody carries it


async def test_without_a_transport_a_message_waits_and_says_why(bench) -> None:
    await bench.start()
    await bench.restart(FakeTransport(transport_id="other", senders=["+15550100009"]))
    message = await bench.service.send(OWN, ANN, "hello")
    await bench.settle()
    waiting = await bench.service.get(message.id)
    assert waiting
    assert (waiting.delivery, waiting.reason) == (Delivery.QUEUED, f"nothing here sends from {OWN}")
    await bench.restart()
    await bench.until_delivery(message.id, Delivery.SENT)


async def test_a_transport_that_goes_while_messages_wait_and_comes_back(bench) -> None:
    await bench.start()
    bench.transport.answers.append(Unreachable("down"))
    message = await bench.service.send(OWN, ANN, "hello")
    later = await bench.service.send(OWN, ANN, "and")
    await bench.until(lambda: bench.transport.asked)
    bench.transports = []
    bench.service._sources.follow("carrier")
    await bench.later(5)
    for one in (message, later):
        waiting = await bench.service.get(one.id)
        assert waiting
        assert (waiting.delivery, waiting.reason) == (Delivery.QUEUED, "no way to send text messages is set up")
    bench.transports = [FakeTransport()]
    bench.service._sources.follow("carrier")
    await bench.until_delivery(later.id, Delivery.SENT)


async def test_another_transport_with_the_same_number_takes_over(bench) -> None:
    await bench.start()
    bench.transport.answers.append(Unreachable("down"))
    message = await bench.service.send(OWN, ANN, "hello")
    await bench.until(lambda: bench.transport.asked)
    await bench.settle()
    other = FakeTransport(transport_id="other")
    bench.transports = [other]
    bench.service._sources.follow("carrier")
    sent = await bench.until_delivery(message.id, Delivery.SENT)
    assert (sent.transport_id, len(other.asked)) == ("other", 1)


async def test_a_transport_that_is_not_set_up_says_so_and_is_asked_when_its_settings_change(bench) -> None:
    await bench.start(FakeTransport(senders=[]))
    message = await bench.service.send(OWN, ANN, "hello")
    await bench.settle()
    waiting = await bench.service.get(message.id)
    assert waiting
    assert waiting.reason == f"nothing here sends from {OWN}"
    bench.transport.numbers = (OWN,)
    await bench.later(61)
    await bench.until_delivery(message.id, Delivery.SENT)


@pytest.mark.parametrize(
    ("error", "standing", "words", "problem"),
    [
        (SignInNeeded("wrong secret"), SourceStanding.SIGN_IN, "Fake SMS needs you to sign in: wrong secret", True),
        (NotConfigured("no number"), SourceStanding.NOT_CONFIGURED, "Fake SMS is not set up: no number", False),
    ],
)
async def test_credentials_that_are_refused_wait_for_the_settings(
    bench, error: Exception, standing: SourceStanding, words: str, problem: bool
) -> None:
    await bench.start()
    bench.transport.answers.append(error)
    message = await bench.service.send(OWN, ANN, "hello")
    await bench.until(lambda: bench.standing() is standing)
    await bench.settle()
    waiting = await bench.service.get(message.id)
    assert waiting
    assert (waiting.delivery, waiting.reason) == (Delivery.QUEUED, words)
    assert (bench.problem("sending:fake") is not None) is problem
    await bench.later(3600)
    assert len(bench.transport.asked) == 1
    assert bench.transport.running  # receiving goes on
    bench.bus.publish(SettingsChanged(section_id="carrier", before=bench.settings, after=bench.settings))
    await bench.until_delivery(message.id, Delivery.SENT)
    assert bench.problem("sending:fake") is None
    assert bench.standing() is SourceStanding.NEW


async def test_the_user_can_ask_for_another_try_at_once(bench) -> None:
    await bench.start()
    bench.transport.answers.append(SignInNeeded("wrong secret"))
    message = await bench.service.send(OWN, ANN, "hello")
    await bench.until(lambda: bench.standing() is SourceStanding.SIGN_IN)
    await bench.settle()
    await bench.service.retry(message.id)
    await bench.until_delivery(message.id, Delivery.SENT)


async def test_trouble_with_sending_stands_over_that_of_receiving_and_events_say_the_same(bench) -> None:
    await bench.start()
    bench.transport.answers.append(SignInNeeded("wrong secret"))
    await bench.service.send(OWN, ANN, "hello")
    await bench.until(lambda: bench.standing() is SourceStanding.SIGN_IN)
    await bench.come_in("receiving works")
    assert bench.standing() is SourceStanding.SIGN_IN
    last = bench.published(SourceChanged)[-1].after
    assert last
    assert (last.standing, last.detail) == (SourceStanding.SIGN_IN, "Fake SMS needs you to sign in: wrong secret")
    bench.transport.end()
    await bench.until(lambda: not bench.transport.running)
    await bench.settle()
    assert bench.published(SourceChanged)[-1].after == bench.service.transports()[0]
    bench.transports = []
    bench.service._sources.follow("carrier")
    assert bench.problem("sending:fake") is None


async def test_receiving_that_recovers_lets_sending_try_again(bench) -> None:
    transport = FakeTransport()
    transport.run_error = SignInNeeded("wrong secret")
    transport.answers.append(SignInNeeded("wrong secret"))
    await bench.start(transport)
    message = await bench.service.send(OWN, ANN, "hello")
    await bench.until(lambda: transport.asked)
    await bench.settle()
    transport.run_error = None
    bench.service._sources.restart("carrier")
    await bench.until(lambda: transport.running)
    await bench.come_in("works")
    await bench.until_delivery(message.id, Delivery.SENT)


async def test_a_transport_whose_own_words_raise_is_its_plugins_fault_and_no_route(bench) -> None:
    class Broken(FakeTransport):
        def senders(self):
            raise ZeroDivisionError

    await bench.start(Broken(), FakeTransport(transport_id="whole"))
    message = await bench.service.send(OWN, ANN, "hello")
    sent = await bench.until_delivery(message.id, Delivery.SENT)
    assert sent.transport_id == "whole"
    assert ("ZeroDivisionError", "carrier") in bench.faults


# ------------------------------------------------------------------------------------------------------------ time and ends


async def test_a_message_that_waited_for_a_day_fails_instead_of_surprising_somebody(bench) -> None:
    await bench.start()
    bench.transport.answers.extend([Unreachable("down")] * 100)
    message = await bench.service.send(OWN, ANN, "see you in ten minutes")
    await bench.until(lambda: bench.transport.asked)
    await bench.later(23 * 3600)
    assert await bench.delivery(message.id) is Delivery.QUEUED
    late = await bench.service.send(OWN, ANN, "hello?")
    await bench.later(3601)
    failed = await bench.until_delivery(message.id, Delivery.FAILED)
    assert failed.reason == TOO_OLD
    assert await bench.delivery(late.id) is Delivery.QUEUED
    bench.transport.answers.clear()
    await bench.later(61)
    await bench.until_delivery(late.id, Delivery.SENT)
    await bench.service.retry(message.id)
    await bench.until_delivery(message.id, Delivery.SENT)


async def test_a_message_of_an_earlier_run_that_is_too_old_is_not_sent(bench) -> None:
    await bench.start()
    bench.transport.answers.append(Unreachable("down"))
    message = await bench.service.send(OWN, ANN, "hello")
    await bench.until(lambda: bench.transport.asked)
    await bench.settle()
    await bench.service.close()
    bench.clock.advance(timedelta(days=3).total_seconds())
    await bench.restart()
    await bench.until_delivery(message.id, Delivery.FAILED)
    assert bench.transport.asked == []


async def test_what_waits_goes_out_after_a_restart(bench) -> None:
    await bench.start()
    bench.transport.answers.append(Unreachable("down"))
    messages = [await bench.service.send(OWN, ANN, text) for text in ("a", "b", "c")]
    await bench.until(lambda: bench.transport.asked)
    await bench.settle()
    await bench.crash()
    await bench.start(FakeTransport())
    for message in messages:
        await bench.until_delivery(message.id, Delivery.SENT)
    assert [one.text for one in bench.transport.asked] == ["a", "b", "c"]


async def test_a_crash_between_asking_and_answer_makes_it_uncertain(bench) -> None:
    await bench.start()
    bench.transport.hold()
    message = await bench.service.send(OWN, ANN, "hello")
    following = await bench.service.send(OWN, ANN, "next")
    await bench.until_delivery(message.id, Delivery.SENDING)
    await bench.crash()
    await bench.start(FakeTransport())
    uncertain = await bench.until_delivery(message.id, Delivery.UNCERTAIN)
    assert uncertain.reason == INTERRUPTED
    await bench.until_delivery(following.id, Delivery.SENT)
    assert [one.text for one in bench.transport.asked] == ["next"]


async def test_the_end_of_the_app_waits_a_moment_for_the_answer(bench) -> None:
    await bench.start()
    bench.transport.hold()
    message = await bench.service.send(OWN, ANN, "hello")
    waiting = await bench.service.send(OWN, ANN, "next")
    await bench.until_delivery(message.id, Delivery.SENDING)
    asyncio.get_running_loop().call_later(0.01, bench.transport.release)
    await bench.restart(FakeTransport(senders=[]))
    assert await bench.delivery(message.id) is Delivery.SENT
    assert await bench.delivery(waiting.id) is Delivery.QUEUED


async def test_what_is_still_under_way_at_the_end_is_uncertain(bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callmanager.messaging.outbox._GOODBYE_SECONDS", 0.02)
    await bench.start()
    bench.transport.hold()
    message = await bench.service.send(OWN, ANN, "hello")
    await bench.until_delivery(message.id, Delivery.SENDING)
    await bench.restart()
    found = await bench.service.get(message.id)
    assert found
    assert (found.delivery, found.reason) == (Delivery.UNCERTAIN, INTERRUPTED)


async def test_a_disk_that_refuses_the_outcome_holds_the_conversation_until_it_takes_it(
    bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from callmanager.errors import StorageError
    from callmanager.messaging.queue import Queue

    await bench.start()
    settle, refusals = Queue.settle, iter([True, True])

    def refusing(self, *arguments, **more):
        if next(refusals, False):
            raise StorageError("the disk is full")
        return settle(self, *arguments, **more)

    async def no_pause(seconds: float) -> None:
        await asyncio.sleep(0)

    monkeypatch.setattr(Queue, "settle", refusing)
    monkeypatch.setattr(bench.service._outbox, "_pause_by", no_pause)
    first = await bench.service.send(OWN, ANN, "first")
    second = await bench.service.send(OWN, ANN, "second")
    await bench.until_delivery(second.id, Delivery.SENT)
    assert await bench.delivery(first.id) is Delivery.SENT
    assert [one.text for one in bench.transport.asked] == ["first", "second"]
    assert len(bench.told_sent) == 2
    assert bench.problems.current() == ()


async def test_starting_without_a_file_waits_for_the_first_message(bench) -> None:
    await bench.start()
    await bench.later(3600)
    assert not bench.file.exists()
    message = await bench.service.send("", ANN, "hello")
    await bench.until_delivery(message.id, Delivery.SENT)
    assert (await bench.service.conversation(ConversationKey(own=OWN, peer=ANN))).last == bench.told_sent[0]


async def test_a_bug_in_the_outbox_is_reported_and_does_not_stop_it(bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from callmanager.messaging.queue import Queue

    monkeypatch.setattr("callmanager.tasks.FIRST_PAUSE", 0.01)
    await bench.start()
    heads, bugs = Queue.heads, iter([True])

    def buggy(self, connection):
        if next(bugs, False):
            raise ZeroDivisionError
        return heads(self, connection)

    bench.transport.hold()
    first = await bench.service.send(OWN, BOB, "under way meanwhile")
    await bench.until_delivery(first.id, Delivery.SENDING)
    monkeypatch.setattr(Queue, "heads", buggy)
    message = await bench.service.send(OWN, ANN, "hello")
    await bench.until(lambda: bench.faults == [("ZeroDivisionError", "core")])
    bench.transport.release()
    await bench.until_delivery(message.id, Delivery.SENT)
    await bench.until_delivery(first.id, Delivery.SENT)

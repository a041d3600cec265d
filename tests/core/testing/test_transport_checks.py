"""The checks for message transports pass a good one, and each of them catches what it is there for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime

import pytest
from callmanager.api import (
    DeliveryRefused,
    DeliveryUncertain,
    IncomingMessage,
    Inlet,
    MessageTransport,
    NotConfigured,
    OutgoingMessage,
    Receipt,
    SignInNeeded,
    TransportAbilities,
    Unreachable,
)
from callmanager.testing import FakeTransport
from callmanager.testing.conformance import TRANSPORT_CHECKS, CarrierMood, check_message_transport
from message_bench.carrier import OWN, Carrier, LineTransport


class LineBench:
    """The carrier on loopback, with a transport that may be a bad one."""

    own = OWN

    def __init__(self, kind: Callable[[int], MessageTransport] = LineTransport) -> None:
        self.kind = kind
        self.carrier = Carrier()
        self._port = 0

    async def open(self) -> None:
        await self.carrier.open()
        self._port = self.carrier.port

    def transport(self) -> MessageTransport:
        return self.kind(self._port)

    def unconfigured(self) -> MessageTransport:
        return self.kind(0)

    async def behave(self, mood: CarrierMood) -> None:
        await self.carrier.behave(mood)

    def taken(self) -> Sequence[str]:
        return self.carrier.texts

    async def come_in(self, text: str, *, remote_id: str) -> None:
        await self.carrier.come_in(text, remote_id=remote_id)

    async def offer_again(self, remote_id: str) -> None:
        await self.carrier.offer_again(remote_id)

    def acknowledged(self) -> Sequence[str]:
        return self.carrier.acknowledged


@pytest.fixture
async def bench() -> AsyncIterator[LineBench]:
    bench = LineBench()
    await bench.open()
    yield bench
    await bench.carrier.close()


@pytest.mark.parametrize("name", TRANSPORT_CHECKS)
async def test_a_good_transport_passes_each_check(bench: LineBench, name: str) -> None:
    assert await TRANSPORT_CHECKS[name](bench) == []


async def test_all_checks_together_say_nothing_of_a_good_transport(bench: LineBench) -> None:
    assert await check_message_transport(bench) == []


class Nameless(LineTransport):
    label = " "


class Counting(LineTransport):
    made = 0

    def __init__(self, port: int) -> None:
        super().__init__(port)
        type(self).made += 1
        self.id = f"lines-{self.made}"


class AlwaysReady(LineTransport):
    def senders(self) -> Sequence[str]:
        return (OWN,)


class OneLine(LineTransport):
    async def send(self, message: OutgoingMessage) -> Receipt:
        import attrs

        return await super().send(attrs.evolve(message, text=" ".join(message.text.split())))


class Eager(LineTransport):
    """Tries again by itself."""

    async def send(self, message: OutgoingMessage) -> Receipt:
        try:
            return await super().send(message)
        except DeliveryUncertain:
            return await super().send(message)


class Remembering(LineTransport):
    """Sends again with its next run what it does not know the fate of."""

    lost: list[OutgoingMessage]

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.lost = []

    async def send(self, message: OutgoingMessage) -> Receipt:
        try:
            return await super().send(message)
        except DeliveryUncertain:
            self.lost.append(message)
            raise

    async def run(self, inlet: Inlet) -> None:
        for message in self.lost:
            await super().send(message)
        await super().run(inlet)


def raising(caught: type[Exception], raised: Callable[[str], Exception]) -> type[LineTransport]:
    class Confused(LineTransport):
        async def send(self, message: OutgoingMessage) -> Receipt:
            try:
                return await super().send(message)
            except caught as error:
                raise raised(str(error)) from error

    return Confused


class Careless(LineTransport):
    """Tells the carrier before the message is stored."""

    async def run(self, inlet: Inlet) -> None:
        async def receive(message, first=inlet.receive):
            task = asyncio.ensure_future(first(message))
            self.pending.append(task)

        class Fast:
            report = inlet.report

        self.pending: list[asyncio.Future[None]] = []
        fast = Fast()
        fast.receive = receive
        try:
            await super().run(fast)
        finally:
            for task in self.pending:
                task.cancel()
            await asyncio.gather(*self.pending, return_exceptions=True)


class Swallowing(LineTransport):
    """Takes a refusal of the core for an answer, and goes on."""

    async def run(self, inlet: Inlet) -> None:
        class Deaf:
            report = inlet.report

            @staticmethod
            async def receive(message) -> None:
                try:
                    await inlet.receive(message)
                except Unreachable:
                    return

        await super().run(Deaf())


class Renaming(LineTransport):
    """Makes up an id each time."""

    count = 0

    def message(self, offered):
        import attrs

        self.count += 1
        return attrs.evolve(super().message(offered), remote_id=f"{offered['id']}-{self.count}")


class ByWords(LineTransport):
    """Takes the same words for a repetition."""

    def message(self, offered):
        import attrs

        return attrs.evolve(super().message(offered), remote_id=offered["text"])


class Naive(LineTransport):
    def message(self, offered):
        import attrs

        message = super().message(offered)
        return attrs.evolve(message, at=message.at.replace(tzinfo=None))


class Undying(LineTransport):
    async def run(self, inlet: Inlet) -> None:
        try:
            await super().run(inlet)
        except asyncio.CancelledError:
            return


class Short(LineTransport):
    async def run(self, inlet: Inlet) -> None:
        return


class Patient(LineTransport):
    async def run(self, inlet: Inlet) -> None:
        try:
            await super().run(inlet)
        except Unreachable:
            await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        (Nameless, "describes_itself"),
        (Counting, "describes_itself"),
        (AlwaysReady, "has_no_senders_before_it_is_set_up"),
        (raising(NotConfigured, Unreachable), "has_no_senders_before_it_is_set_up"),
        (OneLine, "sends_one_message_once"),
        (raising(Unreachable, DeliveryUncertain), "says_unreachable_when_nothing_was_taken"),
        (raising(Unreachable, OSError), "says_unreachable_when_nothing_was_taken"),
        (raising(DeliveryRefused, DeliveryUncertain), "says_refused_when_the_carrier_refuses"),
        (raising(DeliveryRefused, lambda _: DeliveryRefused("")), "says_refused_when_the_carrier_refuses"),
        (raising(DeliveryUncertain, Unreachable), "says_uncertain_when_the_answer_is_lost"),
        (Eager, "says_uncertain_when_the_answer_is_lost"),
        (raising(SignInNeeded, Unreachable), "says_sign_in_when_the_credentials_are_refused"),
        (Eager, "never_repeats_by_itself"),
        (Remembering, "never_repeats_by_itself"),
        (Careless, "acknowledges_only_what_is_stored"),
        (Naive, "acknowledges_only_what_is_stored"),
        (Short, "acknowledges_only_what_is_stored"),
        (Swallowing, "does_not_acknowledge_what_can_not_be_stored"),
        (Renaming, "gives_a_repetition_the_same_id"),
        (ByWords, "gives_a_repetition_the_same_id"),
        (Undying, "ends_when_it_is_cancelled"),
        (Short, "ends_when_it_is_cancelled"),
        (Patient, "raises_when_it_loses_the_carrier"),
    ],
)
async def test_a_check_catches_what_it_is_there_for(
    monkeypatch: pytest.MonkeyPatch, kind: Callable[[int], MessageTransport], check: str
) -> None:
    monkeypatch.setattr("callmanager.testing.transport_checks._SECONDS", 0.3)
    bench = LineBench(kind)
    await bench.open()
    try:
        complaints = await TRANSPORT_CHECKS[check](bench)
    finally:
        await bench.carrier.close()
    assert complaints


# --------------------------------------------------------------------------------------------------------------- the fake


async def test_the_fake_follows_its_script_and_then_takes_everything() -> None:
    fake = FakeTransport(abilities=TransportAbilities(text_limit=5))
    message = OutgoingMessage(id="1", own=OWN, peer="+12025550123", text="hi")  # type: ignore[arg-type]
    fake.answers.extend([Unreachable("down"), Receipt(remote_id="r"), lambda asked: Receipt(remote_id=asked.text)])
    with pytest.raises(Unreachable, match="down"):
        await fake.send(message)
    assert [(await fake.send(message)).remote_id for _ in range(3)] == ["r", "hi", "fake-4"]
    assert (len(fake.asked), fake.abilities.text_limit, list(fake.senders())) == (4, 5, [OWN])


async def test_the_fake_acknowledges_after_storing_and_only_while_it_runs() -> None:
    fake = FakeTransport()
    with pytest.raises(RuntimeError, match="not running"):
        await fake.report(None)  # type: ignore[arg-type]
    stored: list[str] = []

    class Store:
        async def receive(self, message) -> None:
            assert fake.acknowledged == []
            stored.append(message.remote_id)

        async def report(self, report) -> None: ...

    task = asyncio.ensure_future(fake.run(Store()))
    await asyncio.sleep(0)
    message = IncomingMessage(remote_id="7", own=OWN, peer="+12025550123", text="hi", at=datetime(2026, 1, 1, tzinfo=UTC))
    await fake.come_in(message)
    assert (stored, fake.acknowledged, fake.running) == (["7"], ["7"], True)
    fake.end()
    await task
    assert not fake.running
    with pytest.raises(NotConfigured):
        await FakeTransport(senders=[]).run(Store())

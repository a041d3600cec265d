"""Whatever happens in whatever order (crashes, lost answers, late reports), a message is neither lost nor sent twice."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar

import pytest
from callmanager.api import (
    ConversationKey,
    Delivery,
    DeliveryRefused,
    DeliveryReport,
    DeliveryUncertain,
    Message,
    MessageId,
    OutgoingMessage,
    Receipt,
    SignInNeeded,
    Unreachable,
    UserError,
)
from callmanager.messaging.table import OPTED_OUT
from callmanager.testing import FakeTransport
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from message_bench.service import OWN, Bench

pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]
"""The time is for a failure: hypothesis may look for its shortest story for five minutes, and then tells it."""

T = TypeVar("T")
PEERS = ["+12025550123", "+12025550124"]
OPEN = {Delivery.QUEUED, Delivery.SENDING}
TAKEN = {Delivery.SENT, Delivery.DELIVERED}
PATIENCE = 3600.0
"""Longer than any run: how long an example takes must not decide what becomes of a message."""


class Wire:
    """The carrier's side: what it took, and who waits for its answer."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        self.order: dict[str, list[str]] = {peer: [] for peer in PEERS}
        self.waiting: list[tuple[OutgoingMessage, asyncio.Future[Receipt]]] = []
        self.remote_ids: dict[str, str] = {}

    def take(self, message: OutgoingMessage) -> str:
        self.taken[message.id] += 1
        self.order[message.peer].append(message.id)
        remote_id = f"{message.id}/{self.taken[message.id]}"
        self.remote_ids[remote_id] = message.id
        return remote_id


class WireTransport(FakeTransport):
    def __init__(self, wire: Wire, *, signed_in: bool) -> None:
        super().__init__()
        self.wire = wire
        self.signed_in = signed_in

    async def send(self, message: OutgoingMessage) -> Receipt:
        if not self.signed_in:
            raise SignInNeeded("wrong secret")
        future = asyncio.get_running_loop().create_future()
        self.wire.waiting.append((message, future))
        return await future


class OutboxMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.wire = Wire()
        self.written: dict[str, str] = {}
        self.order: dict[str, list[str]] = {peer: [] for peer in PEERS}
        self.forgiven: Counter[str] = Counter()
        """How often the user had a message sent again, knowing that it may have arrived."""
        self.stopped: set[str] = set()
        self.received = 0
        self.reported: set[str] = set()
        self.resent: set[str] = set()
        self.count = 0
        self.signed_in = True

    def run(self, work: Awaitable[T]) -> T:
        async def wrapped() -> T:
            return await work

        return self.runner.run(wrapped())

    @initialize()
    def begin(self) -> None:
        async def start() -> None:
            self.bench = Bench(Path(self.folder.name), patience=PATIENCE)
            await self.bench.start(self.transport())

        self.run(start())

    def transport(self) -> WireTransport:
        return WireTransport(self.wire, signed_in=self.signed_in)

    def teardown(self) -> None:
        try:
            if hasattr(self, "bench"):
                self.run(self.finish())
        finally:
            self.runner.close()
            self.folder.cleanup()

    async def finish(self) -> None:
        """When everything works again, nothing is left open: in each round every conversation gets one message through."""
        self.signed_in = True
        try:
            self.bench.transports = [self.transport()]
            self.bench.service._sources.follow("carrier")
            await self.bench.settle()
            left = Counter(one.peer for one in (await self.stored()).values() if one.delivery in OPEN)
            for _ in range(max(left.values(), default=0)):
                self.answer_all()
                await self.bench.later(61)
            for message in (await self.stored()).values():
                assert message.delivery not in OPEN, message
        finally:
            self.answer_all()
            await self.bench.service.close()

    def answer_all(self) -> None:
        for message, future in self.wire.waiting:
            if not future.done():  # one of a service that crashed has been cancelled
                future.set_result(Receipt(remote_id=self.wire.take(message)))
        self.wire.waiting.clear()

    async def again(self) -> None:
        self.wire.waiting.clear()
        self.bench.transports = []
        await self.bench.start(self.transport())

    async def stored(self) -> dict[str, Message]:
        found: dict[str, Message] = {}
        for peer in PEERS:
            page = await self.bench.service.thread(ConversationKey(own=OWN, peer=peer), limit=500)
            found |= {message.id: message for message in page.messages if message.delivery is not None}
        return found

    # -------------------------------------------------------------------------------------------------------------- the user

    @rule(peer=st.sampled_from(PEERS), times=st.integers(min_value=1, max_value=3), left=st.booleans())
    def write(self, peer: str, times: int, left: bool) -> None:
        for _ in range(times):
            self.write_one(peer, left=left)

    def write_one(self, peer: str, *, left: bool) -> None:
        self.count += 1
        identity = MessageId(f"message-{self.count}")

        async def send() -> None:
            task = asyncio.ensure_future(self.bench.service.send(OWN, peer, "ok", message_id=identity))
            if left:  # the window that wrote it goes away
                await asyncio.sleep(0)
                task.cancel()
                await asyncio.wait({task})
            else:
                assert (await task).id == identity
            await self.bench.settle()

        if peer in self.stopped:
            if not left:
                with pytest.raises(UserError, match=OPTED_OUT):
                    self.run(send())
            return
        self.run(send())
        self.written[identity] = peer
        self.order[peer].append(identity)

    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        messages = self.run(self.stored())
        candidates = sorted(one.id for one in messages.values() if one.delivery not in {*TAKEN, Delivery.SENDING})
        if not candidates:
            return
        identity = MessageId(data.draw(st.sampled_from(candidates)))
        self.resent.add(identity)  # it may go after younger ones
        if messages[identity].peer in self.stopped:
            return
        if messages[identity].delivery is Delivery.UNCERTAIN or identity in self.reported:
            self.forgiven[identity] += 1

        async def again() -> None:
            await self.bench.service.retry(identity)
            await self.bench.settle()

        self.run(again())

    # ----------------------------------------------------------------------------------------------------------- the carrier

    def first_waiting(self, data: st.DataObject) -> tuple[OutgoingMessage, asyncio.Future[Receipt]]:
        place = data.draw(st.integers(min_value=0, max_value=len(self.wire.waiting) - 1))
        return self.wire.waiting.pop(place)

    @precondition(lambda self: self.wire.waiting)
    @rule(data=st.data(), answer=st.sampled_from(["receipt", "refused", "unreachable", "lost", "lost and taken", "fault"]))
    def answer(self, data: st.DataObject, answer: str) -> None:
        message, future = self.first_waiting(data)
        if answer == "receipt":
            future.set_result(Receipt(remote_id=self.wire.take(message)))
        elif answer == "refused":
            future.set_exception(DeliveryRefused("no"))
        elif answer == "unreachable":
            future.set_exception(Unreachable("down"))
        elif answer == "fault":
            self.wire.take(message)
            future.set_exception(KeyError("id"))
        else:
            if answer == "lost and taken":
                self.wire.take(message)
            future.set_exception(DeliveryUncertain("gone"))
        self.run(self.bench.settle())

    @precondition(lambda self: self.wire.waiting)
    @rule(data=st.data())
    def take_silently_and_crash(self, data: st.DataObject) -> None:
        message, _ = self.first_waiting(data)
        self.wire.take(message)
        self.crash()

    @precondition(lambda self: self.wire.waiting)
    @rule(data=st.data(), delivery=st.sampled_from([Delivery.DELIVERED, Delivery.FAILED]))
    def report_before_the_receipt(self, data: st.DataObject, delivery: Delivery) -> None:
        message, future = self.first_waiting(data)
        remote_id = self.wire.take(message)

        async def go() -> None:
            if self.bench.transport.running:
                await self.bench.transport.report(DeliveryReport(remote_id=remote_id, delivery=delivery))
                if delivery is Delivery.FAILED:
                    self.reported.add(message.id)
            future.set_result(Receipt(remote_id=remote_id))
            await self.bench.settle()

        self.run(go())

    @precondition(lambda self: self.wire.remote_ids)
    @rule(data=st.data(), delivery=st.sampled_from(list(Delivery)))
    def report(self, data: st.DataObject, delivery: Delivery) -> None:
        remote_id = data.draw(st.sampled_from(sorted(self.wire.remote_ids)))
        if delivery is Delivery.FAILED:
            self.reported.add(self.wire.remote_ids[remote_id])

        async def go() -> None:
            if self.bench.transport.running:
                await self.bench.transport.report(DeliveryReport(remote_id=remote_id, delivery=delivery))

        self.run(go())

    @rule(peer=st.sampled_from(PEERS), text=st.sampled_from(["STOP", "START", "hello"]))
    def come_in(self, peer: str, text: str) -> None:
        async def go() -> bool:
            if not self.bench.transport.running:
                return False
            message = self.bench.incoming(text, peer=peer, remote_id=f"in-{self.count}-{len(self.bench.events)}")
            for _ in range(2):
                await self.bench.transport.come_in(message)
            await self.bench.settle()
            return True

        if self.run(go()):
            self.received += 1
            if text == "STOP":
                self.stopped.add(peer)
            elif text == "START":
                self.stopped.discard(peer)

    # ------------------------------------------------------------------------------------------------------- the world around

    @rule()
    def crash(self) -> None:
        async def go() -> None:
            await self.bench.crash()
            await self.again()

        self.run(go())

    @rule()
    def end_well_and_start_again(self) -> None:
        async def go() -> None:
            for _, future in self.wire.waiting:
                if not future.done():
                    future.set_exception(DeliveryUncertain("interrupted"))
            await self.bench.service.close()
            self.bench._build()
            await self.again()

        self.run(go())

    @rule(seconds=st.sampled_from([0.5, 2.0, 61.0, 3600.0, 25 * 3600.0]))
    def time_passes(self, seconds: float) -> None:
        self.run(self.bench.later(seconds))

    @rule(there=st.booleans(), signed_in=st.booleans())
    def the_plugin_changes(self, there: bool, signed_in: bool) -> None:
        async def go() -> None:
            self.signed_in = signed_in
            self.bench.transports = [self.transport()] if there else [FakeTransport(transport_id="other", senders=[])]
            self.bench.service._sources.follow("carrier")
            await self.bench.settle()

        self.run(go())

    # ------------------------------------------------------------------------------------------------------------- invariants

    @invariant()
    def nothing_is_lost_and_nothing_doubled(self) -> None:
        if not hasattr(self, "bench"):
            return
        stored = self.run(self.stored())
        assert set(self.written) == set(stored)
        assert len(self.bench.told_received) == self.received
        sending: Counter[str] = Counter()
        for identity, message in stored.items():
            taken = self.wire.taken[identity]
            assert taken <= 1 + self.forgiven[identity], f"{message} was taken {taken} times"
            if message.delivery in TAKEN:
                assert taken >= 1, f"{message} was never taken"
            if message.delivery is Delivery.QUEUED:
                assert taken <= self.forgiven[identity], f"{message} would be sent again"
            if message.delivery is Delivery.FAILED and identity not in self.reported:
                assert taken <= self.forgiven[identity], f"{message} was taken and is said to have failed"
            sending[message.peer] += message.delivery is Delivery.SENDING
        assert all(count <= 1 for count in sending.values())
        assert self.bench.faults == [] or {kind for kind, _ in self.bench.faults} == {"KeyError"}

    @invariant()
    def order_is_kept(self) -> None:
        for peer, written in self.order.items():
            first_try = [one for one in self.wire.order[peer] if one not in self.resent]
            assert first_try == [one for one in written if one in set(first_try)]


TestOutbox = OutboxMachine.TestCase
TestOutbox.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

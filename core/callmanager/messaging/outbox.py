"""Sends what is queued: once, in order, and never what may have been sent already."""

from __future__ import annotations

import contextlib
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import attrs

from callmanager.errors import DeliveryRefused, DeliveryUncertain, NotConfigured, SignInNeeded, StorageError, Unreachable
from callmanager.messaging.checks import remote_text
from callmanager.model.messages import Delivery, OutgoingMessage, Receipt
from callmanager.texts import plain

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

    from callmanager.clock import Clock
    from callmanager.messaging.journal import Journal
    from callmanager.messaging.routes import Routes
    from callmanager.model.messages import ConversationKey, Message
    from callmanager.sources import MessageTransport
    from callmanager.tasks import TaskSupervisor

_log = logging.getLogger(__name__)

MAXIMUM_AGE: Final = timedelta(hours=24)
PATIENCE: Final = 120.0
"""Seconds that a transport may take for one message before its answer counts as lost."""
AT_ONCE: Final = 4
"""Messages of different conversations that one transport is asked to send at the same time."""
_LOOK_AGAIN: Final = 60.0
_STORAGE_PAUSE: Final = 5.0
_CANCEL_SECONDS: Final = 1.0
_GOODBYE_SECONDS: Final = 3.0

TOO_OLD: Final = "it could not be sent within a day"
INTERRUPTED: Final = "PC CallManager ended while it was being sent, so it may have arrived"
LOST: Final = "the answer was lost, so it may have arrived"


@attrs.frozen(kw_only=True)
class _Outcome:
    delivery: Delivery
    reason: str = ""
    remote_id: str = ""


class Outbox:
    """Works off the queue. Loop thread only.

    Guarantees: `SENDING` is on the disk before the transport is asked; of one conversation one message at a time is under way,
    in the order in which they were written; only what surely was not taken is tried again by itself. A run that ends between
    asking and answer leaves `SENDING` behind, which the next `start` makes `UNCERTAIN`. Messages older than a day fail.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        routes: Routes,
        tasks: TaskSupervisor,
        sent: Callable[[Message], None],
        clock: Clock,
        patience: float = PATIENCE,
        pause: Callable[[float], Awaitable[None]] | None = None,
    ) -> None:
        self._journal = journal
        self._routes = routes
        self._tasks = tasks
        self._sent = sent
        self._clock = clock
        self._patience = patience
        self._pause_by = pause
        self._busy: dict[ConversationKey, str] = {}
        self._tried: dict[ConversationKey, int] = {}
        self._tries = 0
        self._wake: asyncio.Event | None = None
        self._idle: asyncio.Event | None = None
        self._recovered = self._closing = False

    def start(self) -> None:
        """Judge what the last run left behind, and work from now on."""
        import asyncio

        self._wake, self._idle = asyncio.Event(), asyncio.Event()
        self._idle.set()
        self._tasks.supervise(self._work, name="outbox")

    def wake(self) -> None:
        """Look at the queue now."""
        if self._wake is not None:
            self._wake.set()

    async def close(self) -> None:
        """Begin nothing new and give what is under way a moment to end; the rest becomes uncertain. Idempotent."""
        import asyncio

        self._closing = True
        self.wake()
        if self._idle is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_GOODBYE_SECONDS):
                    await self._idle.wait()
        await self._tasks.close()

    # ---------------------------------------------------------------------------------------------------------- internal

    async def _work(self) -> None:
        while not self._closing:
            if self._wake is not None:
                self._wake.clear()
            seconds: float | None = None
            try:
                if self._journal.exists and not self._recovered:
                    await self._journal.change(
                        lambda store, connection, effects: store.queue.recover(connection, effects, reason=INTERRUPTED)
                    )
                    self._recovered = True
                if self._recovered:
                    seconds = await self._pass()
            except StorageError:
                seconds = _STORAGE_PAUSE
            await self._woken(seconds)

    async def _woken(self, seconds: float | None) -> None:
        import asyncio

        assert self._wake is not None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()

    async def _pass(self) -> float | None:
        """Begin whatever can be sent now; returns in how many seconds to look again, none if nothing waits."""
        oldest, heads = await self._journal.look(
            lambda store, connection: (store.queue.oldest_queued(connection), store.queue.heads(connection))
        )
        if oldest is None:
            return None
        limit = self._clock() - MAXIMUM_AGE
        if oldest < limit:
            await self._journal.change(
                lambda store, connection, effects: store.queue.expire(connection, effects, before=limit, reason=TOO_OLD)
            )
            heads = await self._journal.look(lambda store, connection: store.queue.heads(connection))
        reasons: dict[ConversationKey, str] = {}
        seconds = _LOOK_AGAIN
        for message in sorted(heads, key=lambda head: self._tried.get(head.conversation, 0)):
            if self._closing or message.conversation in self._busy:
                continue
            transport, reason = self._routes.find(message)
            if transport is None:
                reasons[message.conversation] = reason
                continue
            left = self._routes.pause_left(str(transport.id))
            if left > 0:
                reasons[message.conversation] = reason
                seconds = min(seconds, left)
            elif sum(busy == str(transport.id) for busy in self._busy.values()) < AT_ONCE:
                self._begin(message, transport)
        if reasons:
            await self._journal.change(lambda store, connection, effects: store.queue.note(connection, effects, reasons))
        return seconds

    def _begin(self, message: Message, transport: MessageTransport) -> None:
        key = message.conversation
        self._tries += 1
        self._tried[key] = self._tries
        self._busy[key] = str(transport.id)
        if self._idle is not None:
            self._idle.clear()

        async def deliver() -> None:
            try:
                await self._deliver(message, transport)
            finally:
                self._busy.pop(key, None)
                if not self._busy and self._idle is not None:
                    self._idle.set()
                self.wake()

        self._tasks.start(deliver(), name=f"message {message.id} through {transport.id}")

    async def _deliver(self, message: Message, transport: MessageTransport) -> None:
        import asyncio

        transport_id = str(transport.id)
        try:
            claimed = await self._journal.change(
                lambda store, connection, effects: store.queue.claim(
                    connection, effects, message.id, transport_id=transport_id, not_before=self._clock() - MAXIMUM_AGE
                )
            )
        except StorageError:
            await self._pause(_STORAGE_PAUSE)
            return
        if claimed is None:
            return
        try:
            outcome = await self._ask(claimed, transport)
        except asyncio.CancelledError:
            await self._settle(claimed, _Outcome(delivery=Delivery.UNCERTAIN, reason=INTERRUPTED), once=True)
            raise
        await self._settle(claimed, outcome)
        if outcome.delivery is not Delivery.QUEUED:
            self._tried.pop(message.conversation, None)

    async def _ask(self, message: Message, transport: MessageTransport) -> _Outcome:
        transport_id, label = str(transport.id), self._routes.label(str(transport.id))
        try:
            receipt = await self._answer(
                transport,
                OutgoingMessage(
                    id=message.id, own=message.own, peer=message.peer, text=message.text, attachments=message.attachments
                ),
            )
        except (Unreachable, SignInNeeded, NotConfigured) as error:
            return _Outcome(delivery=Delivery.QUEUED, reason=self._routes.failed(transport_id, error))
        except DeliveryRefused as error:
            self._routes.worked(transport_id)
            return _Outcome(delivery=Delivery.FAILED, reason=plain(error.text, limit=300) or f"{label} refused it")
        except DeliveryUncertain as error:
            _log.info("%s: %s", transport_id, error)
            detail = plain(str(error), limit=200)
            return _Outcome(delivery=Delivery.UNCERTAIN, reason=f"{LOST}: {detail}" if detail else LOST)
        except Exception as error:  # noqa: BLE001 - a plugin's code; nobody knows what the carrier has
            self._routes.fault(transport_id, error, doing="sending a message")
            return _Outcome(delivery=Delivery.UNCERTAIN, reason=f"{label} had a fault, so it may have arrived")
        self._routes.worked(transport_id)
        if receipt.delivery is Delivery.FAILED:
            return _Outcome(delivery=Delivery.FAILED, reason=f"{label} could not deliver it", remote_id=receipt.remote_id)
        if receipt.delivery is Delivery.UNCERTAIN:
            return _Outcome(delivery=Delivery.UNCERTAIN, reason=LOST, remote_id=receipt.remote_id)
        delivery = Delivery.DELIVERED if receipt.delivery is Delivery.DELIVERED else Delivery.SENT
        return _Outcome(delivery=delivery, remote_id=receipt.remote_id)

    async def _answer(self, transport: MessageTransport, outgoing: OutgoingMessage) -> Receipt:
        """Ask in a task of its own, so that a transport that never answers and does not end can't hold up the outbox."""
        import asyncio

        task = asyncio.get_running_loop().create_task(transport.send(outgoing), name=f"core: {transport.id} sends")
        try:
            done, _ = await asyncio.wait({task}, timeout=self._patience)
        except asyncio.CancelledError:
            await _give_up(task)
            raise
        if not done:
            await _give_up(task)
            raise DeliveryUncertain(f"{transport.id} gave no answer within {self._patience:.0f} seconds")
        if task.cancelled():
            raise DeliveryUncertain(f"{transport.id} was interrupted")
        receipt = task.result()
        if not isinstance(receipt, Receipt):
            raise TypeError(f"send answered with a {type(receipt).__name__}, not with a receipt")
        return Receipt(remote_id=remote_text(receipt.remote_id), delivery=receipt.delivery)

    async def _settle(self, message: Message, outcome: _Outcome, *, once: bool = False) -> None:
        """Write down what became of it, however long the disk refuses: until then the conversation stands still."""
        pause = _STORAGE_PAUSE

        def told(settled: Message | None) -> None:
            if settled is not None and settled.delivery in {Delivery.SENT, Delivery.DELIVERED}:
                self._sent(settled)

        while True:
            try:
                await self._journal.change(
                    lambda store, connection, effects: store.queue.settle(
                        connection,
                        effects,
                        message.id,
                        delivery=outcome.delivery,
                        reason=outcome.reason,
                        remote_id=outcome.remote_id,
                    ),
                    then=told,
                )
            except StorageError as error:
                if once or self._journal.closed:
                    _log.info("what became of a message can't be written down: %s", error)
                    return
                await self._pause(pause)
                pause = min(pause * 2, _LOOK_AGAIN)
            else:
                return

    async def _pause(self, seconds: float) -> None:
        if self._pause_by is not None:
            await self._pause_by(seconds)
            return
        import asyncio

        await asyncio.sleep(seconds)


async def _give_up(task: asyncio.Task[Receipt]) -> None:
    import asyncio

    task.cancel()
    _, stubborn = await asyncio.wait({task}, timeout=_CANCEL_SECONDS)
    if stubborn:
        _log.error("the task %s does not end when it is cancelled", task.get_name())
        task.add_done_callback(lambda ended: None if ended.cancelled() else ended.exception())
    elif not task.cancelled():
        task.exception()

"""Conversations by number: what was written, what came in, what waits to be sent."""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING, Final

from callmanager.errors import StorageError, UserError
from callmanager.events import RegistrationChanged, SettingsChanged, SourceChanged
from callmanager.messaging.checks import TEXT_LIMIT, check_outgoing, check_peer
from callmanager.messaging.inlet import EarlyReports, TransportInlet
from callmanager.messaging.journal import Journal
from callmanager.messaging.outbox import PATIENCE, Outbox
from callmanager.messaging.routes import Routes
from callmanager.model.accounts import RegistrationState
from callmanager.model.messages import (
    Conversation,
    ConversationKey,
    Delivery,
    Message,
    MessageDirection,
    MessageId,
    TransportAbilities,
)
from callmanager.model.sources import SourceKind
from callmanager.source_set import SourceSet
from callmanager.tasks import SETTLED_AFTER, TaskSupervisor
from callmanager.texts import plain, plain_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from callmanager.extensions.hooks import Hooks
    from callmanager.messaging.notation import Notation
    from callmanager.model.messages import Attachment, FoundMessage, Sender, ThreadPage
    from callmanager.model.sources import SourceState
    from callmanager.source_set import SourceGround
    from callmanager.sources import MessageTransport

FILE_NAME: Final = "messages.sqlite3"
MOST_AT_ONCE: Final = 500
_IDENTITY: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")


class MessageService:
    """Messages and conversations (protocol `Messages`), the queue behind them and the transports of plugins. Loop thread only.

    Numbers are read as `notation` reads them, and no transport is at work before it can. The file is opened at first use, or
    shortly after `start` when there is one.
    """

    def __init__(
        self,
        ground: SourceGround,
        *,
        file: Path,
        hooks: Hooks,
        notation: Notation,
        monotonic: Callable[[], float] = time.monotonic,
        patience: float = PATIENCE,
    ) -> None:
        self._bus = ground.bus
        self._hooks = hooks
        self._owner_of_settings = ground.owner_of_settings
        self._notation = notation
        self._clock = ground.clock
        self._undos: list[Callable[[], None]] = []
        self._early = EarlyReports(ground.clock)
        self._journal = Journal(file=file, bus=ground.bus, problems=ground.problems)
        self._tasks = TaskSupervisor(owner="core", problems=ground.problems, report_fault=ground.report_fault)
        self._sources: SourceSet[MessageTransport] = SourceSet(
            ground, kind=SourceKind.MESSAGES, collect=hooks.message_transports, work=self._run
        )
        self._routes = Routes(
            sources=self._sources,
            bus=ground.bus,
            problems=ground.problems,
            report_fault=ground.report_fault,
            normalise=notation,
            monotonic=monotonic,
        )
        self._outbox = Outbox(
            journal=self._journal,
            routes=self._routes,
            tasks=self._tasks,
            sent=self._was_sent,
            clock=ground.clock,
            patience=patience,
        )

    # -------------------------------------------------------------------------------------------------------------- life

    def start(self) -> None:
        """Take the transports of all plugins and begin with what waits. Call it once, on the loop."""
        self._undos.append(self._bus.subscribe(SourceChanged, self._source_changed))
        self._undos.append(self._bus.subscribe(SettingsChanged, self._settings_changed))
        self._undos.append(self._bus.subscribe(RegistrationChanged, self._registration_changed))
        self._outbox.start()
        self._tasks.start(self._begin(), name="messages")

    async def close(self) -> None:
        """Let what is being sent end, give up the transports, close the file. Idempotent, also without `start`."""
        await self._outbox.close()
        await self._sources.close()
        while self._undos:
            self._undos.pop()()
        await self._journal.close()

    def abandon(self) -> None:
        """Write nothing any more, whatever is under way: the app has ended."""
        self._journal.abandon()

    # ----------------------------------------------------------------------------------------------------------- reading

    @property
    def unread(self) -> int:
        return self._journal.unread

    def senders(self) -> tuple[Sender, ...]:
        return self._routes.senders()

    def transports(self) -> tuple[SourceState, ...]:
        return self._routes.states()

    async def conversations(
        self,
        *,
        archived: bool = False,
        matching: str = "",
        limit: int = 100,
        before: ConversationKey | None = None,
    ) -> tuple[Conversation, ...]:
        digits = re.sub(r"[^0-9]", "", matching)
        digits = digits.lstrip("0") or digits  # a trunk code is not part of what is stored
        if not self._journal.exists or (matching and not digits):
            return ()
        return await self._journal.look(
            lambda store, connection: store.conversations(
                connection, archived=archived, digits=digits, limit=_bounded(limit), before=before
            )
        )

    async def open(self, peer: str, *, own: str = "") -> Conversation:
        await self._notation.load()
        number = check_peer(peer, self._notation)
        if not own and self._journal.exists:
            known = await self.conversations(matching=number, limit=MOST_AT_ONCE)
            own = next((conversation.key.own for conversation in known if conversation.key.peer == number), "")
        key = ConversationKey(own=self._own(own), peer=number)
        return await self.conversation(key)

    async def conversation(self, key: ConversationKey) -> Conversation:
        found = None
        if self._journal.exists:
            found = await self._journal.look(lambda store, connection: store.conversation(connection, key))
        return found or Conversation(key=key)

    async def thread(self, key: ConversationKey, *, limit: int = 50, before: MessageId | None = None) -> ThreadPage:
        return await self._journal.look(
            lambda store, connection: store.thread(connection, key, limit=_bounded(limit), before=before)
        )

    async def get(self, message_id: MessageId) -> Message | None:
        return await self._journal.look(lambda store, connection: store.get(connection, message_id))

    async def search(self, text: str, *, limit: int = 50) -> tuple[FoundMessage, ...]:
        if not self._journal.exists:
            return ()
        words = plain(text, limit=200)
        return await self._journal.look(lambda store, connection: store.find(connection, words, limit=_bounded(limit)))

    # ----------------------------------------------------------------------------------------------------------- writing

    async def send(
        self,
        own: str,
        peer: str,
        text: str,
        attachments: Sequence[Attachment] = (),
        *,
        message_id: MessageId | None = None,
    ) -> Message:
        if message_id is not None and not _IDENTITY.fullmatch(message_id):
            raise ValueError("the id of a message is 8 to 64 letters, digits, - and _")
        await self._notation.load()
        number, own = check_peer(peer, self._notation), self._own(own)
        sender = next((sender for sender in self.senders() if sender.number == own), None)
        text, attachments = check_outgoing(
            text,
            attachments,
            sender.abilities if sender is not None else TransportAbilities(attachments=True),
            label=sender.label if sender is not None else "the carrier",
        )
        message = Message(
            id=message_id or MessageId(os.urandom(12).hex()),
            transport_id=sender.transport_id if sender is not None else "",
            direction=MessageDirection.SENT,
            own=own,
            peer=number,
            text=text,
            attachments=attachments,
            at=self._clock(),
            delivery=Delivery.QUEUED,
        )
        try:
            return await self._journal.change(
                lambda store, connection, effects: store.add_sent(connection, effects, message),
                then=lambda _: self._outbox.wake(),
            )
        except StorageError as error:
            raise UserError("the message can't be saved, so it is not sent", str(error)) from error

    async def retry(self, message_id: MessageId) -> Message:
        def again(message: Message) -> None:
            self._routes.try_again(message.transport_id)
            self._outbox.wake()

        return await self._journal.change(
            lambda store, connection, effects: store.queue.requeue(connection, effects, message_id, now=self._clock()),
            then=again,
        )

    async def mark_read(self, key: ConversationKey) -> None:
        await self._journal.change(lambda store, connection, effects: store.mark_read(connection, effects, key))

    async def set_draft(self, key: ConversationKey, text: str) -> None:
        await self._mark(key, draft=plain_lines(text, limit=TEXT_LIMIT))

    async def set_muted(self, key: ConversationKey, *, muted: bool) -> None:
        await self._mark(key, muted=muted)

    async def set_archived(self, key: ConversationKey, *, archived: bool) -> None:
        await self._mark(key, archived=archived)

    async def lift_opt_out(self, key: ConversationKey) -> None:
        await self._mark(key, opted_out=None)

    async def delete(self, message_id: MessageId) -> None:
        await self._journal.change(lambda store, connection, effects: store.delete(connection, effects, message_id))

    async def delete_conversation(self, key: ConversationKey) -> None:
        await self._journal.change(lambda store, connection, effects: store.delete_conversation(connection, effects, key))

    # ---------------------------------------------------------------------------------------------------------- internal

    async def _begin(self) -> None:
        await self._notation.load()
        self._sources.start()

    async def _mark(self, key: ConversationKey, **marks: object) -> None:
        now = self._clock()
        await self._journal.change(
            lambda store, connection, effects: store.set_marks(connection, effects, key, now=now, **marks)
        )

    def _own(self, own: str) -> str:
        """The number to send from: the one asked for, or the usual one."""
        if own:
            return self._notation(own)
        senders = self.senders()
        if not senders:
            raise UserError("there is no number to send messages from", "Set up text messages in Settings.")
        return senders[0].number

    async def _run(self, transport: MessageTransport) -> None:
        """Let a transport deliver what comes in; it works when something came or nothing failed for a while."""
        import asyncio

        transport_id = str(transport.id)
        settled = asyncio.get_running_loop().call_later(SETTLED_AFTER, self._sources.succeeded, transport_id)
        try:
            await transport.run(self._inlet(transport_id))
        finally:
            settled.cancel()

    def _inlet(self, transport_id: str) -> TransportInlet:
        return TransportInlet(
            transport_id=transport_id,
            journal=self._journal,
            normalise=self._notation,
            clock=self._clock,
            early=self._early,
            received=self._hooks.message_received,
            alive=self._sources.succeeded,
        )

    def _was_sent(self, message: Message) -> None:
        self._hooks.message_sent(message)
        if message.remote_id and self._early.get(message.transport_id, message.remote_id) is not None:
            self._tasks.start(self._apply_early(message), name=f"report on {message.id}")

    async def _apply_early(self, message: Message) -> None:
        try:
            await self._inlet(message.transport_id).apply_early(message.remote_id)
        except StorageError:
            return  # told already; it is only how far the message got

    def _source_changed(self, event: SourceChanged) -> None:
        if self._routes.follow(event):
            self._outbox.wake()

    def _settings_changed(self, event: SettingsChanged) -> None:
        try:
            owner = self._owner_of_settings(type(event.after))
        except (KeyError, TypeError, ValueError):
            return  # the section went with its plugin meanwhile
        for transport_id in self._routes.owned_by(owner):
            self._routes.try_again(transport_id)
            self._outbox.wake()

    def _registration_changed(self, event: RegistrationChanged) -> None:
        """The network is back: the PBX was reached."""
        if event.after is not None and event.after.state is RegistrationState.REGISTERED:
            self._routes.try_again(paused_only=True)
            self._outbox.wake()


def _bounded(limit: int) -> int:
    return max(1, min(limit, MOST_AT_ONCE))

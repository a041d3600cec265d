"""What a plugin receives and may implement, as protocols: the services behind them are private to the core."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from callmanager.bus import Unsubscribe
from callmanager.engine.commands import Command
from callmanager.events import Event
from callmanager.model.accounts import Account, Registration
from callmanager.model.audio import AudioDevice
from callmanager.model.calls import Call, CallId, CallRequest
from callmanager.model.messages import (
    Attachment,
    Conversation,
    ConversationKey,
    FoundMessage,
    Message,
    MessageId,
    Sender,
    ThreadPage,
)
from callmanager.model.notices import Problem, Severity
from callmanager.model.sources import SourceState

if TYPE_CHECKING:
    from PySide6.QtCore import QObject, Signal, SignalInstance
    from PySide6.QtGui import QIcon
    from PySide6.QtWidgets import QWidget

    from callmanager.storage.database import Database
    from callmanager.storage.migrations import Migration

E = TypeVar("E", bound=Event)
M = TypeVar("M")


class Events(Protocol):
    """The bus as a plugin sees it: what it subscribes to is undone when it is deactivated."""

    def subscribe(self, event_type: type[E], handler: Callable[[E], None]) -> Unsubscribe: ...

    def publish(self, event: Event) -> None: ...


class Calls(Protocol):
    """Commands for calls, and the current snapshots. A command returns at once; the card changes when the fact arrives.

    All of them raise `UserError` when the call is gone or can't do that now.
    """

    def current(self) -> tuple[Call, ...]:
        """Live calls, oldest first."""
        ...

    def get(self, call_id: CallId) -> Call | None: ...

    def dial(self, request: CallRequest | str) -> CallId:
        """Place a call: a number in any notation, a SIP URI, or a `tel:`, `sip:`, `callto:` link. Others are put on hold."""
        ...

    def answer(self, call_id: CallId) -> None:
        """Answer; a connected call is put on hold first."""
        ...

    def reject(self, call_id: CallId, *, status: int = 486) -> None: ...

    def hang_up(self, call_id: CallId) -> None:
        """End the call whatever its state: cancel, reject or BYE."""
        ...

    def set_held(self, call_id: CallId, *, held: bool) -> None: ...

    def set_muted(self, call_id: CallId, *, muted: bool) -> None: ...

    def send_digits(self, call_id: CallId, digits: str) -> None: ...


class Accounts(Protocol):
    """The account in use and its registration."""

    @property
    def current(self) -> Account | None: ...

    @property
    def registration(self) -> Registration | None: ...

    def provide(self, account: Account, password: str) -> Unsubscribe:
        """Use this account instead of the one in Settings until the undo is called (rehearsal office, provisioning)."""
        ...

    def connect(self) -> None:
        """Register with the account of Settings, now and at every start."""
        ...

    def disconnect(self) -> None:
        """Unregister and stay so until the user connects again."""
        ...


class Audio(Protocol):
    """Audio devices as the engine sees them."""

    @property
    def devices(self) -> tuple[AudioDevice, ...]: ...

    def watch(self) -> Unsubscribe:
        """Keep the list fresh while somebody looks at it."""
        ...

    def preview_ringtone(self) -> None: ...


class Messages(Protocol):
    """Text messages by conversation. What is returned is frozen; events tell of every change.

    Numbers may be in any notation where they are called `own` or `peer`; keys are those of conversations. What reads or
    writes raises `StorageError` when the disk refuses.
    """

    @property
    def unread(self) -> int:
        """Unread messages of all conversations that are not muted, from memory; `UnreadMessagesChanged` follows it."""
        ...

    def senders(self) -> tuple[Sender, ...]:
        """The numbers that messages can be sent from now, the usual one first."""
        ...

    def transports(self) -> tuple[SourceState, ...]:
        """How each transport is doing, both ways; ask again at `SourceChanged`."""
        ...

    async def conversations(
        self, *, archived: bool = False, matching: str = "", limit: int = 100, before: ConversationKey | None = None
    ) -> tuple[Conversation, ...]:
        """Conversations, the latest first, further ones `before` the last of these; `matching` are digits of the other
        number."""
        ...

    async def open(self, peer: str, *, own: str = "") -> Conversation:
        """The conversation with a number, also when nothing was written yet; from the number that was used with it last, or
        the usual one. Raises `UserError` for what can't be texted."""
        ...

    async def conversation(self, key: ConversationKey) -> Conversation: ...

    async def thread(self, key: ConversationKey, *, limit: int = 50, before: MessageId | None = None) -> ThreadPage:
        """The last messages, or those before one."""
        ...

    async def get(self, message_id: MessageId) -> Message | None: ...

    async def search(self, text: str, *, limit: int = 50) -> tuple[FoundMessage, ...]:
        """Messages with words that begin so, whatever their case and accents, newest first."""
        ...

    async def send(
        self,
        own: str,
        peer: str,
        text: str,
        attachments: Sequence[Attachment] = (),
        *,
        message_id: MessageId | None = None,
    ) -> Message:
        """Write a message; returns when it is on the disk. From then on it is sent as soon as a transport can, once, and
        survives whatever happens; `MessageChanged` tells how far it got. An empty `own` means the usual number.

        Each call is one message; with a `message_id` of the caller's (8 to 64 letters and digits) a second call returns what
        the first has stored. Raises `UserError` for what will not be sent: no number, no text, too long, an emergency number,
        somebody who wants no messages, a disk that refuses. Then nothing is stored.
        """
        ...

    async def retry(self, message_id: MessageId) -> Message:
        """Send once more what failed or is uncertain, or try at once what waits. Raises `UserError` for one that was taken."""
        ...

    async def mark_read(self, key: ConversationKey) -> None: ...

    async def set_draft(self, key: ConversationKey, text: str) -> None:
        """Keep what is being written; sending the same text clears it."""
        ...

    async def set_muted(self, key: ConversationKey, *, muted: bool) -> None: ...

    async def set_archived(self, key: ConversationKey, *, archived: bool) -> None:
        """Out of the list until the next message, sent or received."""
        ...

    async def lift_opt_out(self, key: ConversationKey) -> None:
        """The other side has agreed to messages again in another way than by writing START, and the user has that on record."""
        ...

    async def delete(self, message_id: MessageId) -> None:
        """Delete for good; what waits to be sent is withdrawn. Raises `UserError` while it is being sent."""
        ...

    async def delete_conversation(self, key: ConversationKey) -> None: ...


class Notices(Protocol):
    """Passing messages to the user."""

    def post(self, text: str, *, hint: str = "", details: str = "", severity: Severity = Severity.INFO) -> None: ...


class Problems(Protocol):
    """What is wrong now; raised again with the same id it is replaced, not repeated."""

    def raise_problem(
        self, problem_id: str, text: str, *, hint: str = "", details: str = "", severity: Severity = Severity.ERROR
    ) -> None: ...

    def clear(self, problem_id: str) -> None: ...

    def current(self) -> tuple[Problem, ...]: ...


class Tasks(Protocol):
    """Background work that is cancelled with its owner."""

    def start(self, work: Coroutine[Any, Any, None], *, name: str) -> Unsubscribe:
        """Run to the end; an exception is reported as a fault of the owner. The undo cancels."""
        ...

    def supervise(self, work: Callable[[], Awaitable[None]], *, name: str) -> Unsubscribe:
        """Run again after `Unreachable` with growing pauses (1 s to 60 s, spread), silently but for one problem; a
        `SignInNeeded` ends it with a problem, a bug after a few tries. The undo cancels."""
        ...


class Secrets(Protocol):
    """The key store of the operating system, one name space per plugin; never blocks the loop."""

    async def get(self, name: str) -> str | None: ...

    async def set(self, name: str, value: str) -> None: ...

    async def delete(self, name: str) -> None: ...


class Settings(Protocol):
    """Typed access to sections: the plugin's own, and reading the core's."""

    def get(self, model: type[M]) -> M:
        """The section's current values; `model` is the class it was declared with."""
        ...

    def update(self, model: type[M], **changes: object) -> M:
        """Change and save; raises `SettingsError` with every complaint. A locked key can't be changed."""
        ...


class Engine(Protocol):
    """Direct access for those who probe the engine itself (the doctor); everybody else uses `Calls`."""

    def submit(self, command: Command) -> None: ...


class UiKit(Protocol):
    """What the shell gives to the Qt code of a plugin, so that it looks and behaves like the rest."""

    def icon(self, name: str) -> QIcon:
        """An icon of the shell's set, tinted by the palette."""
        ...

    def avatar(self, parent: QWidget, *, name: str, key: str, size: int = 40) -> QWidget: ...

    def run(self, owner: QObject, work: Coroutine[Any, Any, None]) -> None:
        """Start a coroutine that ends with the widget; `UserError` becomes a toast, anything else a fault."""
        ...

    def connect(self, signal: SignalInstance | Signal, owner: QObject, work: Callable[..., Coroutine[Any, Any, None]]) -> None:
        """Run the coroutine each time the signal is emitted, as `run` does."""
        ...

    def toast(self, text: str, *, severity: Severity = Severity.INFO) -> None: ...


class Context(Protocol):
    """The one object a plugin is built with. Everything started or subscribed through it is undone on deactivation."""

    @property
    def plugin_id(self) -> str: ...
    @property
    def log(self) -> logging.LoggerAdapter[logging.Logger]: ...
    @property
    def events(self) -> Events: ...
    @property
    def calls(self) -> Calls: ...
    @property
    def accounts(self) -> Accounts: ...
    @property
    def audio(self) -> Audio: ...
    @property
    def messages(self) -> Messages: ...
    @property
    def notices(self) -> Notices: ...
    @property
    def problems(self) -> Problems: ...
    @property
    def tasks(self) -> Tasks: ...
    @property
    def secrets(self) -> Secrets: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def data_directory(self) -> Path:
        """The plugin's own folder, made on first use."""
        ...

    def database(self, migrations: Sequence[Migration]) -> Database:
        """The plugin's own SQLite file, opened at first use and closed when the plugin goes."""
        ...

    def on_deactivate(self, undo: Callable[[], None]) -> None:
        """Call this when the plugin goes; last registered, first undone."""
        ...

"""What a plugin receives and may implement, as protocols: the services behind them are private to the core."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from callmanager.bus import Unsubscribe
from callmanager.engine.commands import Command
from callmanager.events import Event
from callmanager.http.messages import Http
from callmanager.model.accounts import Account, Registration
from callmanager.model.audio import AudioDevice
from callmanager.model.calls import Call, CallId, CallRequest, ParkedIn, TransferState
from callmanager.model.contacts import Contact, ContactId, Hit, Match, Person, PersonId
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
from callmanager.model.notices import NoticeAction, Problem, Severity
from callmanager.model.permissions import Permissions
from callmanager.model.presence import ParkedCall, Presence, PresenceStatus
from callmanager.model.sources import SourceState
from callmanager.model.voicemail import Mailbox, MailboxSnapshot, Voicemail, VoicemailAbilities
from callmanager.sources import Playback

if TYPE_CHECKING:
    from PySide6.QtCore import QObject, QPoint, QRect, QRectF, Signal, SignalInstance
    from PySide6.QtGui import QColor, QFont, QIcon, QPainter
    from PySide6.QtWidgets import QMenu, QWidget

    from callmanager.model.history import CallRecord
    from callmanager.model.look import TextStyle, ThemeColour
    from callmanager.model.picking import Choice, Picked, PickRow
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

    def redirect(self, call_id: CallId, target: str, *, name: str = "") -> None:
        """Send the caller of a ringing call to a number without answering it. `name` is what that place is called in a sentence
        ("voicemail"); the call that has ended says so. The number is dialled as it stands: no plugin rewrites it. Raises
        `UserError`, too, for what can't be dialled and for an emergency number."""
        ...

    def hang_up(self, call_id: CallId) -> None:
        """End the call whatever its state: cancel, reject or BYE."""
        ...

    def set_held(self, call_id: CallId, *, held: bool) -> None: ...

    def set_muted(self, call_id: CallId, *, muted: bool) -> None: ...

    def send_digits(self, call_id: CallId, digits: str) -> None: ...

    def transfer(self, call_id: CallId, target: str) -> None:
        """Hand the far end to a number at once and leave the call; `Call.transfer` tells how far it has got."""
        ...

    def transfer_to(self, call_id: CallId, other_id: CallId) -> None:
        """Connect the far ends of two answered calls and leave both."""
        ...

    def hand_over(self, call_id: CallId, target: str, *, name: str = "") -> None:
        """Hand the far end to a number in the way that a plugin offers (`callmanager_hand_over`): for whoever lets a call be
        dropped on a person. Without such a plugin it is `transfer`. `name` is who that is, where known."""
        ...

    def show_transfer(self, call_id: CallId, transfer: TransferState | None) -> None:
        """Show on a call how far a transfer has got that the caller of this carries out; none when there is none any more."""
        ...

    def show_parked(self, call_id: CallId, parked: ParkedIn | None) -> None:
        """Say of a call that it is being parked, and where; also after it has ended for that. None: it is not, or no more."""
        ...

    def confer(self, call_ids: Sequence[CallId]) -> None:
        """Join answered calls into a conference; held ones are resumed, others put on hold. Called again, it is rearranged."""
        ...

    def split(self, *, keep: CallId) -> None:
        """End the conference: go on with `keep`, hold the others."""
        ...


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


class Contacts(Protocol):
    """Everybody whom the contact sources know. Answers come from memory; `ContactsChanged` says when to ask again.

    Right after the start there is nobody: the copies of the last time come within a second, then what the sources say now.
    """

    def people(self) -> Sequence[Person]:
        """Everybody by name, entries that mean the same person as one; each is put together when it is looked at."""
        ...

    def person(self, identity: PersonId | ContactId) -> Person | None:
        """The person of this id, or the one to whom this entry belongs."""
        ...

    def contacts(self, source_id: str) -> Sequence[Contact]:
        """The entries of one source, by name."""
        ...

    def get(self, contact_id: ContactId) -> Contact | None: ...

    def match(self, number: str) -> Match | None:
        """Who has this number, in whatever notation."""
        ...

    def search(self, text: str, *, limit: int = 20, recent: Sequence[str] = ()) -> Sequence[Hit]:
        """The best people for what was typed so far: the exact number, favourites, `recent` (numbers, the last called first),
        names, numbers, companies and addresses; without any of these, what is one slip of the fingers away."""
        ...

    def sources(self) -> tuple[SourceState, ...]:
        """How each source is doing."""
        ...

    def refresh(self, source_id: str = "") -> None:
        """Ask one source now, or all of them."""
        ...

    async def separate(self, contact_id: ContactId) -> None:
        """This entry is not the person it was taken for. Returns when that is stored; raises `UserError` if it can't be."""
        ...

    async def unite(self, one: PersonId | ContactId, other: PersonId | ContactId) -> None:
        """These two are one person, whatever was said before. As `separate`."""
        ...


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

    def post(
        self,
        text: str,
        *,
        hint: str = "",
        details: str = "",
        severity: Severity = Severity.INFO,
        action: NoticeAction | None = None,
    ) -> None:
        """Show it for a few seconds, with a button for `action` where there is one; it stays longer then."""
        ...


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

    async def secret(self, model: type[Any], field: str) -> str | None:
        """A secret field of the plugin's own section, or none; asks the key store, which may wait for a person."""
        ...


class Presences(Protocol):
    """Who is free, over all sources."""

    def get(self, handle: str) -> Presence:
        """The presence of an extension; its status is unknown when nobody tells."""
        ...

    def all(self) -> tuple[Presence, ...]: ...

    def sources(self) -> tuple[SourceState, ...]:
        """How each source is doing, for the place where the user looks for it."""
        ...


class Parking(Protocol):
    """Parked calls, over all sources."""

    def lots(self) -> tuple[str, ...]:
        """The lots that somebody tells us about now; a lot that is not here is not known, which is not the same as empty."""
        ...

    def calls(self) -> tuple[ParkedCall, ...]: ...

    def sources(self) -> tuple[SourceState, ...]: ...


class Voicemails(Protocol):
    """Voicemail, over all stores. Commands raise `UserError` when the mailbox is gone or its store can't do what is asked."""

    def mailboxes(self) -> tuple[MailboxSnapshot, ...]: ...

    def get(self, mailbox: Mailbox) -> MailboxSnapshot | None: ...

    def unheard(self) -> int: ...

    def abilities(self, mailbox: Mailbox) -> VoicemailAbilities: ...

    def sources(self) -> tuple[SourceState, ...]: ...

    async def play(self, message: Voicemail) -> Playback: ...

    async def mark(self, message: Voicemail, *, heard: bool) -> None: ...

    async def move(self, message: Voicemail, folder: str) -> None: ...

    async def delete(self, message: Voicemail) -> None: ...

    async def forward(self, message: Voicemail, to: Mailbox) -> None: ...

    async def save(self, message: Voicemail, path: Path) -> None:
        """Write the recording as a WAV file."""
        ...


class Engine(Protocol):
    """Direct access for those who probe the engine itself (the doctor); everybody else uses `Calls`."""

    def submit(self, command: Command) -> None: ...


class PresenceDot(Protocol):
    """A dot that shows a presence by colour and shape, with a name for screen readers and in its tool tip."""

    @property
    def widget(self) -> QWidget:
        """What goes into a layout."""
        ...

    def show_status(self, status: PresenceStatus, *, note: str = "") -> None: ...


class UiKit(Protocol):
    """What the shell gives to the Qt code of a plugin, so that it looks and behaves like the rest.

    Plain Qt widgets (buttons, fields, lists, trees, tables, menus) already look like the window's own; the kit has what they
    lack. Labels of text from outside must be set to `Qt.TextFormat.PlainText`. Whatever is started through the kit ends with
    the widget it was started for, and its faults bear the plugin's name.
    """

    # ---- looks

    def icon(self, name: str) -> QIcon:
        """An icon of the shell's set, tinted by the palette. Make it again when the theme changes (`follow_theme`)."""
        ...

    def colour(self, colour: ThemeColour) -> QColor:
        """A colour of the theme in force, for painting of your own."""
        ...

    def font(self, style: TextStyle) -> QFont: ...

    def follow_theme(self, owner: QObject, apply: Callable[[], None]) -> None:
        """Call `apply` now, and after each change of theme or density until `owner` is destroyed."""
        ...

    # ---- widgets

    def avatar(self, parent: QWidget, *, name: str, key: str, size: int = 40) -> QWidget:
        """A person as a coloured circle with initials; the colour is always the same for the same key."""
        ...

    def presence_dot(self, parent: QWidget, *, status: PresenceStatus = PresenceStatus.UNKNOWN, size: int = 12) -> PresenceDot:
        """A dot that shows a status until another one is set."""
        ...

    def paint_avatar(
        self, painter: QPainter, area: QRectF, *, name: str, key: str, status: PresenceStatus | None = None
    ) -> None:
        """Avatar, and with a status its dot, for the delegate of a long list, where a widget for each row is too slow."""
        ...

    def empty_state(
        self, parent: QWidget, *, icon: str, title: str, text: str, action: str = "", run: Callable[[], None] | None = None
    ) -> QWidget:
        """What a panel shows when it has nothing to show: one sentence, and one action if there is one."""
        ...

    def contact_menu(self, parent: QWidget, contact: Contact) -> QMenu:
        """The context menu of a person: call, copy, and what plugins add. Open it with `popup`; it deletes itself."""
        ...

    def history_menu(self, parent: QWidget, record: CallRecord) -> QMenu:
        """The context menu of a finished call, as `contact_menu`."""
        ...

    # ---- asking and telling

    async def confirm(self, parent: QWidget, *, title: str, text: str, action: str, destructive: bool = False) -> bool:
        """Ask in the window of `parent` before something is done that can't be undone; `action` is the word on the button.

        Escape, a click elsewhere and the end of the window mean no. Calls can be answered meanwhile.
        """
        ...

    async def choose(self, parent: QWidget, *, title: str, text: str, choices: Sequence[Choice]) -> str | None:
        """Ask which of a few things is to be done; returns the choice's id. Enter takes the first one, which therefore must
        not destroy anything; Escape, a click elsewhere and the end of the window mean none."""
        ...

    async def pick(
        self,
        parent: QWidget,
        *,
        title: str,
        placeholder: str,
        search: Callable[[str], Sequence[PickRow]],
        choices: Sequence[Choice],
        nothing: str = "",
        follow: Sequence[type[Event]] = (),
    ) -> Picked | None:
        """Let the user find one of many by typing, in a dialog like the command palette; none when it was closed.

        `search` is asked at every key, so it must answer within some milliseconds, best rows first, with a few dozen at most.
        Enter takes the first choice, Shift+Enter the second; each has its button too. `nothing` is said where no row fits.
        After each of the events `follow` the search is made again, and the selected row stays selected.
        """
        ...

    def toast(self, text: str, *, severity: Severity = Severity.INFO) -> None: ...

    # ---- drag and drop

    def accept_calls(
        self,
        widget: QWidget,
        handler: Callable[[Call, QPoint], Coroutine[Any, Any, None]],
        *,
        label: str = "",
        accepts: Callable[[Call], bool] = ...,
        spot: Callable[[QPoint], QRect | None] | None = None,
    ) -> Unsubscribe:
        """Let call cards be dropped on a widget: while one is dragged over it, it is highlighted with the words `label`.

        `handler` is run as `run` does, with the call as it is by then and the point inside the widget. `accepts` says which
        calls make sense here (without it: connected ones). For a list or grid hand over its viewport and `spot`, which tells
        the area of what lies under a point, or none where nothing can be dropped. Give every such target a keyboard way, too.
        Returns the undo, which may be called twice; the widget's end undoes it as well.
        """
        ...

    def open_settings(self, section_id: str = "") -> None:
        """Show Settings, with this section unfolded."""
        ...

    # ---- work

    def run(self, owner: QObject, work: Coroutine[Any, Any, None]) -> None:
        """Start a coroutine that ends with the widget; `UserError` becomes a toast, anything else a fault."""
        ...

    def connect(self, signal: SignalInstance | Signal, owner: QObject, work: Callable[..., Coroutine[Any, Any, None]]) -> None:
        """Run the coroutine each time the signal is emitted, as `run` does."""
        ...


class Context(Protocol):
    """The one object a plugin is built with. Everything started or subscribed through it is undone on deactivation."""

    @property
    def plugin_id(self) -> str: ...
    @property
    def permissions(self) -> Permissions:
        """What it may do: what it declares, less what the administrator took away."""
        ...

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
    def presence(self) -> Presences: ...
    @property
    def parking(self) -> Parking: ...
    @property
    def voicemail(self) -> Voicemails: ...
    @property
    def contacts(self) -> Contacts: ...
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
    def http(self) -> Http: ...
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

"""What can be done about blocked numbers, and what is decided about a call: the state behind hooks and panel."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeVar

import attrs
from callmanager.api import (
    Call,
    CallScreened,
    CallState,
    Contact,
    DialingSettings,
    Direction,
    NoticeAction,
    Party,
    SettingsChanged,
    StorageError,
    Unsubscribe,
    UserError,
    Verdict,
    format_number,
    is_emergency,
    plain,
)

from callmanager_call_control.blocking.entries import MIGRATIONS, NOTE_LIMIT, Entry, EntryStore, read, stored
from callmanager_call_control.blocking.settings import BlockingSettings
from callmanager_call_control.patterns import Pattern, PatternReader, PatternTable, withheld
from callmanager_call_control.watchers import Watchers

if TYPE_CHECKING:
    from callmanager.api import PluginContext

T = TypeVar("T")

_DECLINE: Final = 603
_ON_LIST: Final = "blocked number"
_IN_SETTINGS: Final = "blocked in Settings"
_NO_NUMBER: Final = "no number shown"


@attrs.frozen(kw_only=True)
class _Rules:
    """All patterns in the notation of the present country."""

    reader: PatternReader
    own: PatternTable[Entry]
    settings: PatternTable[str]
    never: PatternTable[str]


class BlockingDesk:
    """Loop thread only. Until `load` has ended the user's own list is empty; a list that can't be read is told and stays so.

    What a method says was done is on the disk, and holds for the next call.
    """

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self._store = EntryStore(ctx.database(MIGRATIONS))
        self._entries: tuple[Entry, ...] = ()
        self._rules: _Rules | None = None
        self._watchers = Watchers()
        self.loaded = False
        """Whether `load` has ended."""
        ctx.events.subscribe(SettingsChanged, self._settings_changed)
        ctx.events.subscribe(CallScreened, self._screened)

    async def load(self) -> None:
        """Read the list."""
        try:
            entries = await self._store.all()
            if entries or self._ctx.settings.get(BlockingSettings).numbers:
                # the tables of numbers are loaded now, and not while a caller waits
                await asyncio.to_thread(PatternReader, self._ctx.settings.get(DialingSettings).region)
                entries = await self._store.all()  # somebody may have been blocked meanwhile
        except StorageError as error:
            self._ctx.problems.raise_problem(
                "list",
                "The list of blocked numbers can't be read; nobody on it is blocked now.",
                hint="Ask your administrator to look at the file that is named in the details.",
                details=str(error),
            )
            entries = ()
        self._take(entries)
        self.loaded = True

    # ------------------------------------------------------------------------------------------------------------ looking

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The newest first."""
        return self._entries

    def watch(self, watcher: Callable[[], None]) -> Unsubscribe:
        """Call it after each change of the list."""
        return self._watchers.add(watcher)

    def verdict(self, call: Call) -> Verdict | None:
        """Whether the call is refused, and why. From memory."""
        settings = self._ctx.settings.get(BlockingSettings)
        if not self._entries and not settings.withheld and not settings.numbers:
            return None  # most people have no list: nothing is read for them
        rules = self._current()
        caller = rules.reader.caller(call.remote)
        if rules.never.find(caller) is not None:
            return None
        if withheld(call.remote):
            return Verdict(status=_DECLINE, reason=_NO_NUMBER) if settings.withheld else None
        if rules.own.find(caller) is not None:
            return Verdict(status=_DECLINE, reason=_ON_LIST)
        if rules.settings.find(caller) is not None:
            return Verdict(status=_DECLINE, reason=_IN_SETTINGS)
        return None

    def entry_of(self, party: Party) -> Entry | None:
        """The entry of the user's own list that means this party."""
        if not self._entries:
            return None
        rules = self._current()
        return rules.own.find(rules.reader.caller(party))

    def can_block(self, party: Party) -> bool:
        """Whether there is a number to block, that of no emergency service, and not blocked yet."""
        return not withheld(party) and not is_emergency(party.number) and self.entry_of(party) is None

    def complaint(self, text: str) -> str:
        """What is wrong with this text as a blocked number, or an empty text."""
        try:
            self._new(text)
        except UserError as error:
            return error.text
        return ""

    # -------------------------------------------------------------------------------------------------------------- doing

    async def add(self, text: str, *, note: str = "") -> None:
        """Block a number, a beginning with `*`, or an address. Raises `UserError`."""
        await self._add({stored(self._new(text)): plain(note, limit=NOTE_LIMIT)})

    async def block(self, parties: Iterable[Party], *, note: str = "") -> None:
        """Block what these show; those that are blocked already stay as they are. Raises `UserError` when nothing can be."""
        wanted: dict[str, str] = {}
        for party in parties:
            text = party.number or party.uri
            if self.can_block(party):
                wanted[stored(read(text, self._current().reader))] = plain(note, limit=NOTE_LIMIT)
        if not wanted:
            raise UserError("there is no number that could be blocked")
        await self._add(wanted)

    async def unblock(self, entries: Iterable[Entry]) -> None:
        """Take entries off the list; the message offers to undo that."""
        gone = tuple(entries)
        if not gone:
            raise UserError("there is nothing to unblock")
        await _stored(self._store.remove(gone))
        await self._reload()
        what = gone[0].shown if len(gone) == 1 else f"{len(gone)} numbers"
        self._ctx.notices.post(
            f"{what} can call you again.", action=NoticeAction(label="Undo", run=lambda: self._restore(gone))
        )

    def may_block(self, call: Call) -> bool:
        """Whether to offer it on the call's card."""
        if call.direction is not Direction.INCOMING or not call.live:
            return False
        return self.can_block(call.remote)

    async def block_caller(self, call: Call) -> None:
        """Refuse a ringing caller at once, and from now on."""
        now = self._ctx.calls.get(call.id)
        if now is not None and now.state is CallState.RINGING:
            self._ctx.calls.reject(call.id, status=_DECLINE)
        await self.block([call.remote], note=call.name)

    # ----------------------------------------------------------------------------------------------------------- internal

    def _new(self, text: str) -> Pattern:
        pattern = read(text, self._current().reader)
        if any(entry.text == stored(pattern) for entry in self._entries):
            raise UserError(f"{format_number(stored(pattern))} is blocked already")
        return pattern

    async def _add(self, wanted: dict[str, str]) -> None:
        added = await _stored(self._store.add(wanted, at=datetime.now(UTC)))
        await self._reload()
        if not added:
            return
        what = added[0].shown if len(added) == 1 else f"{len(added)} numbers"
        self._ctx.notices.post(
            f"{what} can't call you any more.", action=NoticeAction(label="Undo", run=lambda: self._take_back(added))
        )

    async def _take_back(self, entries: tuple[Entry, ...]) -> None:
        await _stored(self._store.remove(entries))
        await self._reload()

    async def _restore(self, entries: tuple[Entry, ...]) -> None:
        await _stored(self._store.restore(entries))
        await self._reload()

    async def _reload(self) -> None:
        self._take(await self._store.all())

    def _take(self, entries: tuple[Entry, ...]) -> None:
        self._entries = entries
        self._rules = None
        if self._entries:
            self._current()  # not while a caller waits
        self._watchers.tell()

    def _current(self) -> _Rules:
        if self._rules is None:
            reader = PatternReader(self._ctx.settings.get(DialingSettings).region)
            settings = self._ctx.settings.get(BlockingSettings)
            self._rules = _Rules(
                reader=reader,
                own=PatternTable.read(reader, ((entry.text, entry) for entry in self._entries)),
                settings=PatternTable.read(reader, ((text, text) for text in settings.numbers)),
                never=PatternTable.read(reader, ((text, text) for text in settings.never)),
            )
        return self._rules

    def _settings_changed(self, event: SettingsChanged) -> None:
        if isinstance(event.after, (BlockingSettings, DialingSettings)):
            self._rules = None

    def _screened(self, event: CallScreened) -> None:
        if event.plugin_id != self._ctx.plugin_id:
            return
        entry = self.entry_of(event.call.remote) if event.reason == _ON_LIST else None
        if entry is not None:
            self._ctx.tasks.start(self._count(entry), name="counting a refused call")
        if self._ctx.settings.get(BlockingSettings).tell:
            self._tell(event, entry)

    async def _count(self, entry: Entry) -> None:
        try:
            await self._store.count(entry, at=datetime.now(UTC))
            await self._reload()
        except StorageError as error:
            self._ctx.log.warning("a refused call was not counted: %s", error)

    def _tell(self, event: CallScreened, entry: Entry | None) -> None:
        remote = event.call.remote
        number = "" if withheld(remote) else plain(format_number(remote.number) or remote.uri, limit=40)
        name = plain(event.call.name, limit=60)
        who = f"{name}, {number}" if name and number and name != number else name or number
        text = "Refused a call without a number." if event.reason == _NO_NUMBER else f"Refused a blocked call from {who}."
        if entry is None:
            self._ctx.notices.post(text)
            return
        hint = f"Your note: {entry.note}" if entry.note and entry.note != name else ""
        self._ctx.notices.post(text, hint=hint, action=NoticeAction(label="Unblock", run=lambda: self.unblock([entry])))


async def _stored(work: Awaitable[T]) -> T:
    """What the disk refuses, in words for whoever pressed the button."""
    try:
        return await work
    except StorageError as error:
        raise UserError("the list of blocked numbers can't be saved", str(error)) from error


def parties_of(contact: Contact) -> list[Party]:
    """All that a contact can call from."""
    numbers = [contact.extension, *(entry.number for entry in contact.numbers)]
    return [Party(number=number, name=contact.name) for number in dict.fromkeys(numbers) if number]

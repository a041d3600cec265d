"""The people of all sources: fetched when it is time, kept for when nobody answers, matched, merged and searched."""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final

import attrs

from callmanager.errors import StorageError, Unreachable, UserError
from callmanager.events import ContactsChanged, SettingsChanged, SourceChanged
from callmanager.model.contacts import Contact, ContactBatch, ContactId, Hit, Match, Person, PersonId
from callmanager.model.notices import Severity
from callmanager.model.sources import SourceKind, SourceStanding, SourceState
from callmanager.settings.core_sections import DialingSettings
from callmanager.source_set import SourceGround, SourceSet
from callmanager.workers import Worker

if TYPE_CHECKING:
    import asyncio

    from callmanager.contacts.phone_numbers import NumberReader
    from callmanager.contacts.store import ContactStore
    from callmanager.contacts.view import View
    from callmanager.extensions.hooks import Hooks
    from callmanager.settings.service import SettingsService
    from callmanager.sources import ContactSource
    from callmanager.storage.database import Database
    from callmanager.tasks import TaskSupervisor

_log = logging.getLogger(__name__)

AFTER_START: Final = 0.3
"""The window comes first, the people right after."""
FETCH_SECONDS: Final = 300.0
_SHORTEST: Final = 15.0
_LONGEST: Final = 7 * 86400.0
_COPY_PROBLEM: Final = "contacts-copy"


class ContactDirectory:
    """Everybody whom the sources know (protocol `Contacts`). Loop thread only; nothing here takes longer than a frame at once.

    A source is asked at start and again after its `refresh_seconds`, give or take a tenth. What it answers is cleaned, put into
    memory and into its copy on the disk; one that can't be reached is shown as it was. The sources of a plugin that goes
    disappear at once, their copies stay for 90 days: a plugin that is enabled again shows them before it has fetched anything.
    Numbers are read as those of the country in Settings; another country reads all of them anew. While the disk refuses, all of
    this works without copies, and a problem tells.
    """

    def __init__(
        self,
        ground: SourceGround,
        *,
        hooks: Hooks,
        settings: SettingsService,
        database: Database,
        tasks: TaskSupervisor,
        pause: Callable[[float], Awaitable[None]] | None = None,
    ) -> None:
        self._bus = ground.bus
        self._hooks = hooks
        self._problems = ground.problems
        self._settings = settings
        self._database = database
        self._tasks = tasks
        self._clock = ground.clock
        self._pause = pause
        self._worker = Worker("callmanager-contacts")
        self._store: ContactStore | None = None
        self._wishes: dict[str, asyncio.Event] = {}
        self._asking = False
        self._undos: list[Callable[[], None]] = []
        self._sources: SourceSet[ContactSource] = SourceSet(
            ground, kind=SourceKind.CONTACTS, collect=hooks.contact_sources, work=self._keep_fresh
        )

    # -------------------------------------------------------------------------------------------------------------- life

    def start(self) -> None:
        """Begin soon: read the copies, then ask the sources. On the running loop, once."""
        self._undos.append(self._bus.subscribe(SourceChanged, self._source_changed))
        self._undos.append(self._bus.subscribe(SettingsChanged, self._settings_changed))
        self._undos.append(self._tasks.start(self._begin(), name="contacts"))

    async def close(self) -> None:
        """Give up all sources and end the work. Idempotent."""
        while self._undos:
            self._undos.pop()()
        await self._sources.close()
        self._worker.close()

    # ---------------------------------------------------------------------------------------------------------- questions

    def people(self) -> Sequence[Person]:
        """Everybody by name; a person is put together when it is looked at."""
        return view.people.all() if (view := self._view) else ()

    def person(self, identity: PersonId | ContactId) -> Person | None:
        """The person of this id, or the one that this entry belongs to."""
        return view.person(identity) if (view := self._view) else None

    def contacts(self, source_id: str) -> Sequence[Contact]:
        """The entries of one source by name; an entry is unpacked when it is looked at."""
        return view.contacts(source_id) if (view := self._view) else ()

    def get(self, contact_id: ContactId) -> Contact | None:
        return view.get(contact_id) if (view := self._view) else None

    def match(self, number: str) -> Match | None:
        """Who this is: from the sources, else from the first plugin that knows."""
        match = view.matcher.match(number) if (view := self._view) else None
        if match is not None or self._asking or not number:
            return match
        self._asking = True  # a plugin that asks us in turn must not be asked again
        try:
            return self._of_plugins(number)
        finally:
            self._asking = False

    def search(self, text: str, *, limit: int = 20, recent: Sequence[str] = ()) -> Sequence[Hit]:
        """The best `limit` people for what was typed so far; `recent` are numbers, the last called first."""
        return view.search.find(text, limit=limit, recent=recent) if (view := self._view) else ()

    def sources(self) -> tuple[SourceState, ...]:
        return self._sources.states()

    # ----------------------------------------------------------------------------------------------------------- commands

    def refresh(self, source_id: str = "") -> None:
        """Ask one source now, or all of them."""
        for state in self._sources.states():
            if source_id in {"", state.id}:
                if state.standing is SourceStanding.WORKING:
                    self._wishes[state.id].set()
                elif state.standing is not SourceStanding.NEW:
                    self._sources.restart(state.plugin_id)

    async def separate(self, contact_id: ContactId) -> None:
        """This entry is not the person it was taken for. Returns when that is stored; `UserError` if it can't be."""
        store, person = self._ready(), self._known(contact_id)
        others = [contact.id for contact in person.contacts if contact.id != contact_id]
        if others:
            await self._stored(store.separate(contact_id, others))

    async def unite(self, one: PersonId | ContactId, other: PersonId | ContactId) -> None:
        """These two are the same person, whatever was said before. Returns when that is stored; `UserError` if it can't be."""
        store, first, second = self._ready(), self._known(one), self._known(other)
        if first.id != second.id:
            ids = [[contact.id for contact in person.contacts] for person in (first, second)]
            await self._stored(store.unite(*ids))

    # ------------------------------------------------------------------------------------------------------------ sources

    async def _begin(self) -> None:
        import asyncio

        await self._sleep(AFTER_START)
        store = await self._worker.call(_imported)
        self._store = store(
            self._database,
            await self._worker.call(self._new_reader),
            lane=asyncio.Lock(),
            shown=lambda: [state.id for state in self._sources.states()],
            changed=lambda source_id: self._bus.publish(ContactsChanged(source_id=source_id)),
            trouble=self._trouble,
            clock=self._clock,
        )
        await self._store.open()
        self._sources.start()

    async def _keep_fresh(self, source: ContactSource) -> None:
        import asyncio

        store, source_id = self._ready(), str(source.id)
        await store.bring_back(source_id)
        while True:
            wish = self._wishes[source_id] = asyncio.Event()
            await store.take(source_id, await self._fetched(source, store))
            self._sources.succeeded(source_id)
            await self._rest(source, wish)

    async def _fetched(self, source: ContactSource, store: ContactStore) -> ContactBatch:
        import asyncio

        try:
            async with asyncio.timeout(FETCH_SECONDS):
                batch: object = await source.fetch(store.token(str(source.id)))
        except TimeoutError as error:
            raise Unreachable("it did not answer in time") from error
        if not isinstance(batch, ContactBatch):
            raise TypeError(f"fetch answered with a {type(batch).__name__}, not with a ContactBatch")
        return batch

    async def _rest(self, source: ContactSource, wish: asyncio.Event) -> None:
        """Until the answer has become old, or somebody wants a new one."""
        import asyncio

        seconds = float(source.refresh_seconds)
        if math.isnan(seconds):
            raise ValueError("refresh_seconds is not a number")
        spread = min(max(seconds, _SHORTEST), _LONGEST) * random.uniform(0.9, 1.1)  # noqa: S311 - spread, not secrecy
        waiting = [asyncio.ensure_future(self._sleep(spread)), asyncio.ensure_future(wish.wait())]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()

    def _source_changed(self, event: SourceChanged) -> None:
        gone = event.before
        if event.after is not None or gone is None or gone.kind is not SourceKind.CONTACTS or self._store is None:
            return
        self._wishes.pop(gone.id, None)
        if self._store.hide(gone.id):
            self._bus.publish(ContactsChanged(source_id=gone.id))
            self._tasks.start(self._store.settle_without(gone.id), name=f"contacts without {gone.id}")

    def _settings_changed(self, event: SettingsChanged) -> None:
        before, after = event.before, event.after
        if not isinstance(before, DialingSettings) or not isinstance(after, DialingSettings) or self._store is None:
            return
        if before.region != after.region:
            self._tasks.start(self._read_again(self._store), name="numbers of another country")

    async def _read_again(self, store: ContactStore) -> None:
        await store.read_again(await self._worker.call(self._new_reader))

    # ----------------------------------------------------------------------------------------------------------- internal

    @property
    def _view(self) -> View | None:
        return self._store.view if self._store is not None else None

    async def _sleep(self, seconds: float) -> None:
        if self._pause is not None:
            await self._pause(seconds)
            return
        import asyncio

        await asyncio.sleep(seconds)

    def _ready(self) -> ContactStore:
        if self._store is None:
            raise UserError("the contacts are not read yet", "Try again in a moment.")
        return self._store

    def _known(self, identity: str) -> Person:
        person = self.person(ContactId(identity))
        if person is None:
            raise UserError("this contact is not there any more")
        return person

    async def _stored(self, decision: Awaitable[None]) -> None:
        try:
            await decision
        except StorageError as error:
            raise UserError("this can't be stored", "Free some disk space, or ask your administrator.") from error

    def _new_reader(self) -> NumberReader:
        from callmanager.contacts.phone_numbers import NumberReader

        return NumberReader(self._settings.get(DialingSettings).region)

    def _of_plugins(self, number: str) -> Match | None:
        from callmanager.contacts.cleaning import clean_texts

        owned = self._hooks.match_number(number)
        if owned is None:
            return None
        try:
            return attrs.evolve(owned.value, contact=clean_texts(owned.value.contact), number=number)
        except (AttributeError, TypeError, ValueError):
            _log.error("the plugin %s answered with a contact that can't be used", owned.plugin_id)
            return None

    def _trouble(self, error: StorageError | None) -> None:
        if error is None:
            self._problems.clear(_COPY_PROBLEM)
            return
        self._problems.raise_problem(
            _COPY_PROBLEM,
            "Contacts can't be kept on this computer; offline they will be missing.",
            hint="Free some disk space, or ask your administrator.",
            details=str(error),
            severity=Severity.WARNING,
        )


def _imported() -> type[ContactStore]:
    """Importing takes longer than a frame, so it is not done on the loop's thread."""
    from callmanager.contacts.store import ContactStore

    return ContactStore

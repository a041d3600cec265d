"""The life of plugins: judged, loaded, built, registered, parked, undone; one that fails is named and the rest goes on."""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol

from callmanager.errors import PluginError, UserError
from callmanager.events import ContributionsChanged, PluginStateChanged
from callmanager.extensions.choices import UserChoices
from callmanager.extensions.cleaning import Cleaner
from callmanager.extensions.declarations import of_class
from callmanager.extensions.discovery import Candidate
from callmanager.extensions.hooks import Hooks
from callmanager.extensions.leftovers import Package
from callmanager.extensions.permissions import Grant, Restrictions
from callmanager.extensions.policy import Decision, SitePolicy, decide
from callmanager.extensions.reasons import double, reason_of, short, trace
from callmanager.extensions.records import PluginEntry
from callmanager.markers import API_VERSION
from callmanager.model.notices import Severity
from callmanager.model.permissions import Permissions
from callmanager.model.plugins import PluginRecord, PluginState

if TYPE_CHECKING:
    import asyncio

    from callmanager.bus import EventBus
    from callmanager.context import PluginContext
    from callmanager.engine.seat import EngineSeat
    from callmanager.problems import ProblemBoard
    from callmanager.settings.service import SettingsService

_log = logging.getLogger(__name__)

FAULTS_UNTIL_PARKED: Final = 3
_STALL_SECONDS: Final = 0.25
_STALL_FACTOR: Final = 10


class BuildContext(Protocol):
    def __call__(self, plugin_id: str, grant: Grant) -> PluginContext: ...


class PluginHost:
    """Owns every plugin from discovery to its end. Used on the loop thread; `load` needs no running loop.

    Whatever goes wrong with a plugin becomes its state and reason, a log record with its name, and one problem.

    Plugins are switched while the phone runs: everything that one registered or started through its context is undone, and
    what it left running beside it is named in its record. Its modules stay in memory, as Python can't unload code: switched
    on again, the same classes are built anew. Changed code needs a restart. Switches of one plugin happen one after the
    other in the order in which they were asked for, and one that has begun is finished though nobody waits for it any more.
    """

    def __init__(
        self,
        *,
        bus: EventBus,
        problems: ProblemBoard,
        settings: SettingsService,
        build_context: BuildContext,
        policy: SitePolicy,
        seat: EngineSeat,
        restrictions: Restrictions | None = None,
        demo: bool = False,
    ) -> None:
        self._bus = bus
        self._problems = problems
        self._settings = settings
        self._build_context = build_context
        self._policy = policy
        self._seat = seat
        self._restrictions = restrictions or Restrictions()
        self._demo = demo
        self._choices = UserChoices(settings)
        self._entries: dict[str, PluginEntry] = {}
        self._doubles: list[PluginEntry] = []
        self._running = self._ending = False
        self._under_way: set[asyncio.Task[None]] = set()
        self._cleaner = Cleaner()
        self.hooks = Hooks(self._hook_fault)

    # -------------------------------------------------------------------------------------------------------------- life

    def load(self, candidates: Iterable[Candidate]) -> None:
        """Judge all candidates, then build those that may run. Refused and disabled ones are never imported."""
        for candidate in candidates:
            entry = PluginEntry(candidate=candidate, restrictions=self._restrictions)
            first = self._entries.get(candidate.id)
            if first is not None:
                entry.double = True
                entry.state, entry.reason = PluginState.FAILED, double(first.candidate, candidate)
                self._doubles.append(entry)
                _log.error("the plugin %s of %s can't be used: %s", entry.id, candidate.distribution or "?", entry.reason)
                continue
            self._entries[candidate.id] = entry
            self._judge(entry)
        for entry in self._entries.values():
            if entry.state is PluginState.FOUND:
                self._activate(entry)
        self._tell_missing()

    def started(self) -> None:
        """Tell all plugins that the loop runs."""
        self._running = True
        self.hooks.started()

    def stopping(self) -> None:
        """Say goodbye to all plugins, which still work; nothing can be switched from now on. Idempotent."""
        self._ending = True
        if self._running:
            self._running = False
            self.hooks.stopping()

    async def stop(self) -> tuple[str, ...]:
        """Undo everything of all plugins, the last one first; returns in words what does not end. Idempotent.

        All tasks are asked to end at once and share one time for it, so that ten stubborn plugins take no longer than one.
        """
        import asyncio

        self._ending = True
        if self._under_way:
            await asyncio.wait(tuple(self._under_way))
        entries = list(reversed(self._entries.values()))
        for entry in entries:
            if entry.context is not None:
                entry.context.cancel()
        self._cleaner.begin_last()
        for entry in entries:
            self._take_down(entry)
            await self._clean(entry)
            if entry.state is PluginState.ACTIVE:
                self._set(entry, PluginState.FOUND, entry.decided)
        await self._cleaner.look_for_all(entries)
        return tuple(
            f"{entry.id}: {leftover.words}" for entry in entries for leftover in entry.still_left() if not leftover.ended
        )

    def holds_exit(self) -> bool:
        """Something that a plugin left running would keep this process from ending by itself."""
        return any(leftover.holds_exit for entry in self._entries.values() for leftover in entry.still_left())

    async def enable(self, plugin_id: str) -> PluginRecord:
        """Switch a plugin on, now and at every start, also one that failed or was parked.

        Raises `UserError` when the site decided otherwise, when its engine is in a call, or when the phone is ending. One
        that can't be used is no error here: the record says `FAILED` and why.
        """
        entry = self._entry(plugin_id)
        async with self._turn(entry):
            if entry.final and entry.state is PluginState.REFUSED:
                raise UserError(f"the plugin {plugin_id} is switched off by your administrator", "Ask your administrator.")
            if entry.state is not PluginState.ACTIVE:
                self._seat.check(plugin_id)
            if not entry.final:
                self._choices.remember(plugin_id, enabled=True)
            if entry.state is not PluginState.ACTIVE:
                await self._to_the_end(self._switch_on(entry))
        return entry.record()

    async def disable(self, plugin_id: str) -> PluginRecord:
        """Switch a plugin off, now and at every start.

        Raises `UserError` when the site decided otherwise, when its engine is in a call, or when the phone is ending.
        """
        entry = self._entry(plugin_id)
        async with self._turn(entry):
            if entry.final:
                raise UserError(f"the plugin {plugin_id} is decided by your administrator", "Ask your administrator.")
            self._seat.check(plugin_id)
            self._choices.remember(plugin_id, enabled=False)
            if entry.state is not PluginState.DISABLED:
                await self._to_the_end(self._switch_off(entry))
        return entry.record()

    def fault(self, plugin_id: str, error: BaseException, *, doing: str) -> None:
        """Count a fault of this plugin outside of hooks (a bus handler, a task, a panel); too many park it."""
        entry = self._entries.get(plugin_id)
        if entry is not None:
            entry.error = trace(error)
            self._count(entry, why=f"{doing} failed: {type(error).__name__}: {error}")

    # -------------------------------------------------------------------------------------------------------- looking at

    def records(self) -> tuple[PluginRecord, ...]:
        """All plugins that were found, by id. Reads metadata and, of plugins that are not loaded, source files."""
        entries = [*self._entries.values(), *self._doubles]
        return tuple(entry.record() for entry in sorted(entries, key=lambda entry: entry.id))

    def record(self, plugin_id: str) -> PluginRecord | None:
        """The one that goes by this id."""
        entry = self._entries.get(plugin_id)
        return entry.record() if entry else None

    def states(self) -> tuple[PluginState, ...]:
        """The states of all plugins that were found; cheaper than `records`."""
        return tuple(entry.state for entry in (*self._entries.values(), *self._doubles))

    def state(self, plugin_id: str) -> PluginState | None:
        entry = self._entries.get(plugin_id)
        return entry.state if entry else None

    # --------------------------------------------------------------------------------------------------------- switching

    @asynccontextmanager
    async def _turn(self, entry: PluginEntry) -> AsyncIterator[None]:
        """One switch of a plugin after the other, and none while the phone is ending."""
        import asyncio

        entry.turn = entry.turn or asyncio.Lock()
        async with entry.turn:
            if self._ending:
                raise UserError("the phone is being closed", "Start it again to switch plugins.")
            yield

    async def _to_the_end(self, work: Coroutine[Any, Any, None]) -> None:
        """In a task of our own: a switch must not stop halfway because the window that asked for it is gone, nor be
        cancelled by the plugin's own task when that asked."""
        import asyncio

        task = asyncio.get_running_loop().create_task(work, name="switching a plugin")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        await asyncio.shield(task)

    async def _switch_on(self, entry: PluginEntry) -> None:
        await self._deactivate(entry)
        entry.faults, entry.error = 0, ""
        entry.left = [leftover for leftover in entry.still_left() if not leftover.ended]
        entry.decided = entry.decided if entry.final else "switched on by you"
        self._set(entry, PluginState.FOUND, entry.decided)
        self._activate(entry)
        if entry.state is PluginState.ACTIVE and self._running:
            await self._seat.fill(self.hooks.call_engine)
            self.hooks.started(only=entry.id)
        self._bus.publish(ContributionsChanged(plugin_id=entry.id))

    async def _switch_off(self, entry: PluginEntry) -> None:
        if self._running and entry.state is PluginState.ACTIVE:
            self.hooks.stopping(only=entry.id)
        await self._deactivate(entry)
        self._set(entry, PluginState.DISABLED, "switched off by you")

    def _activate(self, entry: PluginEntry) -> None:
        """Load, build, register, take its settings sections; on any failure undo all of that."""
        entry.threads_before = weakref.WeakSet(threading.enumerate())
        try:
            plugin_class = entry.candidate.load()
            entry.package = Package.of(plugin_class) if entry.installed else None
            entry.declaration = of_class(plugin_class)
            needed = getattr(plugin_class, "requires_api", 0)
            if isinstance(needed, int) and needed > API_VERSION:
                raise PluginError(f"it needs version {needed} of the plugin interface, this is version {API_VERSION}")
            entry.context = self._build_context(entry.id, self._grant(entry))
            entry.instance = plugin_class(entry.context)
            self.hooks.register(entry.id, entry.instance)
            entry.undos.append(lambda: self.hooks.unregister(entry.id))
            for owned in self.hooks.settings_sections(only=entry.id):
                entry.undos.append(self._settings.register(owned.value.id, owned.value.model, owner=entry.id))
        except Exception as error:  # noqa: BLE001 - whatever a plugin does wrong becomes its reason
            self._retire(entry)
            self._fail(entry, error)
            return
        except SystemExit as error:  # a module that ends the program when it is imported must not end the phone
            self._retire(entry)
            self._fail(entry, PluginError(f"it wanted to end the program ({error.code})"))
            return
        self._set(entry, PluginState.ACTIVE, entry.decided)

    def _grant(self, entry: PluginEntry) -> Grant:
        declared = (entry.declaration.permissions if entry.declaration else None) or Permissions()
        granted = declared
        if self._restrictions.rules:  # asking for the distribution costs, and mostly there is nothing to restrict
            granted = self._restrictions.apply(entry.id, declared, built_in=entry.candidate.built_in)
        return Grant(plugin_id=entry.id, declared=declared, granted=granted)

    async def _deactivate(self, entry: PluginEntry) -> None:
        """Its contributions go at once, then it is waited for, then the state says that it is only found."""
        was_active = entry.state is PluginState.ACTIVE
        self._take_down(entry)
        if was_active:
            self._set(entry, PluginState.FOUND, entry.decided)
            self._bus.publish(ContributionsChanged(plugin_id=entry.id))
        await self._seat.leave(entry.id)
        await self._clean(entry)
        await self._cleaner.look_for(entry, shared=self._shared(entry))

    def _take_down(self, entry: PluginEntry) -> None:
        """Hooks and settings sections are gone; the context waits to be closed."""
        entry.switched_off.append(entry.instance)
        context, entry.context, entry.instance = entry.context, None, None
        while entry.undos:
            _contained(entry.undos.pop(), entry.id)
        if context is not None:
            entry.retired.append(context)

    async def _clean(self, entry: PluginEntry) -> None:
        await self._cleaner.close(entry)
        self._problems.clear(f"plugin:{entry.id}")
        self._problems.clear_owner(entry.id)

    def _retire(self, entry: PluginEntry) -> None:
        """For when nobody can wait: undo at once all that can be, and do the waiting in the background, or later."""
        self._take_down(entry)
        for context in entry.retired:
            context.undo()
        if not entry.retired or not self._running:
            return
        import asyncio

        task = asyncio.get_running_loop().create_task(self._finish(entry), name=f"closing the plugin {entry.id}")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _finish(self, entry: PluginEntry) -> None:
        import asyncio

        entry.turn = entry.turn or asyncio.Lock()
        async with entry.turn:
            if entry.retired:
                await self._cleaner.close(entry)
                await self._cleaner.look_for(entry, shared=self._shared(entry))
                if entry.left:  # views ask for the record again
                    self._bus.publish(PluginStateChanged(plugin_id=entry.id, state=entry.state, reason=entry.reason))

    def _shared(self, entry: PluginEntry) -> bool:
        """Another active plugin has the same code, so nobody can tell whose a thread is."""
        return any(
            other.package == entry.package and other.state is PluginState.ACTIVE
            for other in self._entries.values()
            if other is not entry
        )

    # ---------------------------------------------------------------------------------------------------------- internal

    def _entry(self, plugin_id: str) -> PluginEntry:
        entry = self._entries.get(plugin_id)
        if entry is None:
            raise UserError(f"there is no plugin named {plugin_id}")
        return entry

    def _judge(self, entry: PluginEntry) -> None:
        decision: Decision = decide(
            entry.candidate,
            policy=self._policy,
            user_enabled=self._choices.enabled,
            user_disabled=self._choices.disabled,
            demo=self._demo,
        )
        entry.state, entry.reason, entry.final = decision.state, decision.reason, decision.final
        entry.decided = entry.reason

    def _fail(self, entry: PluginEntry, error: Exception) -> None:
        reason = reason_of(error)
        entry.error = trace(error)
        _log.error("the plugin %s can't be used: %s", entry.id, reason, exc_info=error, extra={"plugin": entry.id})
        self._set(entry, PluginState.FAILED, reason)
        self._problems.raise_problem(
            f"plugin:{entry.id}",
            f"The plugin {entry.id} can't be used.",
            hint="Everything else works. Update or remove it, or ask its author.",
            details=reason,
            severity=Severity.WARNING,
        )

    def _set(self, entry: PluginEntry, state: PluginState, reason: str) -> None:
        if (entry.state, entry.reason) == (state, reason):
            return
        entry.state, entry.reason = state, reason
        _log.debug("plugin %s: %s%s", entry.id, state.value, f" ({reason})" if reason else "")
        self._bus.publish(PluginStateChanged(plugin_id=entry.id, state=state, reason=reason))

    def _hook_fault(self, plugin_id: str, hook: str, *, error: Exception | None, seconds: float, budget: float) -> None:
        entry = self._entries[plugin_id]
        if error is not None:
            _log.error("the plugin %s failed in %s: %s", plugin_id, hook, error, exc_info=error, extra={"plugin": plugin_id})
            entry.error = trace(error)
            self._count(entry, why=f"{hook} raised {type(error).__name__}: {error}")
        elif seconds >= max(budget * _STALL_FACTOR, _STALL_SECONDS):
            _log.warning("the plugin %s stalled %s for %.0f ms", plugin_id, hook, seconds * 1000, extra={"plugin": plugin_id})
            self._count(entry, why=f"{hook} stalled for {seconds:.1f} s")
        else:
            _log.info("the plugin %s took %.0f ms for %s", plugin_id, seconds * 1000, hook, extra={"plugin": plugin_id})

    def _count(self, entry: PluginEntry, *, why: str) -> None:
        entry.faults += 1
        if entry.state is not PluginState.ACTIVE:
            return
        if entry.faults < FAULTS_UNTIL_PARKED:
            self._set(entry, PluginState.ACTIVE, short(f"works, but {why}"))
            return
        self._set(entry, PluginState.PARKED, short(f"left out after {entry.faults} faults: {why}"))
        self._problems.raise_problem(
            f"plugin:{entry.id}",
            f"The plugin {entry.id} was switched off after repeated faults.",
            hint="Everything else works. Switch it on again in Settings, or ask its author.",
            details=short(why),
            severity=Severity.WARNING,
        )
        self._retire(entry)
        self._bus.publish(ContributionsChanged(plugin_id=entry.id))

    def _tell_missing(self) -> None:
        for plugin_id in sorted(self._policy.forced - self._entries.keys()):
            _log.info("the plugin %s, switched on by the site, is not installed", plugin_id)


def _contained(undo: Callable[[], None], plugin_id: str) -> None:
    try:
        undo()
    except Exception:  # noqa: BLE001 - the other undos must still run
        _log.exception("undoing a registration of the plugin %s failed", plugin_id, extra={"plugin": plugin_id})

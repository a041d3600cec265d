"""The sources of one kind: taken from plugins that come, run as supervised tasks, given up with plugins that go."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import attrs

from callmanager.clock import Clock, utc_now
from callmanager.errors import NotConfigured, SignInNeeded, Unreachable
from callmanager.events import ContributionsChanged, SecretChanged, SettingsChanged, SourceChanged
from callmanager.model.sources import SourceKind, SourceStanding, SourceState
from callmanager.problems import OwnedProblems
from callmanager.tasks import FaultReport, TaskSupervisor
from callmanager.texts import plain

if TYPE_CHECKING:
    from callmanager.bus import EventBus
    from callmanager.contributions import Owned
    from callmanager.problems import ProblemBoard

_log = logging.getLogger(__name__)


class Source(Protocol):
    """What all kinds of sources have in common."""

    @property
    def id(self) -> str: ...
    @property
    def label(self) -> str: ...


S = TypeVar("S", bound=Source)


class Follower(Protocol):
    """A service that lives on what plugins provide."""

    def start(self) -> None: ...
    async def close(self) -> None: ...


class Collect(Protocol[S]):
    """How the set asks for sources: all of them, or those of one plugin."""

    def __call__(self, *, only: str | None = None) -> list[Owned[S]]: ...


@attrs.frozen(kw_only=True, eq=False)
class SourceGround:
    """What every set of sources stands on. `owner_of_settings` says which plugin declared a settings model."""

    bus: EventBus
    problems: ProblemBoard
    report_fault: FaultReport
    owner_of_settings: Callable[[type], str]
    clock: Clock = utc_now


@attrs.define(eq=False)
class _Running(Generic[S]):
    source: S
    tasks: TaskSupervisor
    state: SourceState


class SourceSet(Generic[S]):
    """Keeps every source of one kind at work. Loop thread only.

    `work` is what is done with a source: it awaits `run` or calls `fetch` from time to time, calls `succeeded` when good data
    has come, and raises what the source raised. The set retries after `Unreachable` with growing pauses, tells the user once,
    stops after `SignInNeeded` and `NotConfigured` until the plugin's settings change or `restart` is called, and publishes
    `SourceChanged` whenever a standing changes. `lost` is called with a source's id when its data can't be trusted any more.
    Faults count against the plugin. Two sources with one id: the first stays, the other one's plugin is named in the log.
    """

    def __init__(
        self,
        ground: SourceGround,
        *,
        kind: SourceKind,
        collect: Collect[S],
        work: Callable[[S], Awaitable[None]],
        lost: Callable[[str], None] = lambda _source_id: None,
    ) -> None:
        self._kind = kind
        self._collect = collect
        self._work = work
        self._bus = ground.bus
        self._problems = ground.problems
        self._report_fault = ground.report_fault
        self._owner_of_settings = ground.owner_of_settings
        self._lost = lost
        self._clock = ground.clock
        self._running: dict[str, _Running[S]] = {}
        self._undos: list[Callable[[], None]] = []

    # -------------------------------------------------------------------------------------------------------------- life

    def start(self) -> None:
        """Take the sources of all active plugins, and follow plugins from now on."""
        self._undos.append(self._bus.subscribe(ContributionsChanged, lambda event: self.follow(event.plugin_id)))
        self._undos.append(self._bus.subscribe(SettingsChanged, self._settings_changed))
        self._undos.append(self._bus.subscribe(SecretChanged, lambda event: self.restart(event.owner)))
        for owned in self._collect():
            self._take(owned)

    async def close(self) -> None:
        """Give up all sources and wait for their tasks. Idempotent."""
        while self._undos:
            self._undos.pop()()
        for source_id in tuple(self._running):
            await self._drop(source_id).close()

    def follow(self, plugin_id: str) -> None:
        """A plugin came, changed or went: give up what it had and take what it has now."""
        for source_id in self._of(plugin_id):
            self._drop(source_id).cancel()
        for owned in self._collect(only=plugin_id):
            self._take(owned)

    def restart(self, plugin_id: str) -> None:
        """Begin anew with the sources of a plugin, whatever they are doing: credentials or settings have changed."""
        for source_id in self._of(plugin_id):
            running = self._running[source_id]
            running.tasks.cancel()
            running.tasks.forget(running.state.label)
            self._begin(running)

    # ------------------------------------------------------------------------------------------------------ what there is

    def get(self, source_id: str) -> S | None:
        running = self._running.get(source_id)
        return running.source if running else None

    def owner(self, source_id: str) -> str:
        """The plugin of a source; empty for one that is gone."""
        running = self._running.get(source_id)
        return running.state.plugin_id if running else ""

    def all(self) -> tuple[S, ...]:
        return tuple(running.source for running in self._running.values())

    def states(self) -> tuple[SourceState, ...]:
        """How each is doing, in the order in which they came."""
        return tuple(running.state for running in self._running.values())

    def succeeded(self, source_id: str) -> None:
        """Good data has come from this source just now."""
        running = self._running.get(source_id)
        if running is not None:
            if running.state.standing is not SourceStanding.WORKING:
                running.tasks.forget(running.state.label)
            running.state = attrs.evolve(running.state, last_success=self._clock())
            self._stands(running, SourceStanding.WORKING)

    # ---------------------------------------------------------------------------------------------------------- internal

    def _of(self, plugin_id: str) -> list[str]:
        return [source_id for source_id, running in self._running.items() if running.state.plugin_id == plugin_id]

    def _take(self, owned: Owned[S]) -> None:
        source_id = str(owned.value.id)
        if source_id in self._running:
            _log.error(
                "the plugin %s provides a source named %s, which the plugin %s provides already",
                owned.plugin_id,
                source_id,
                self.owner(source_id),
                extra={"plugin": owned.plugin_id},
            )
            return
        state = SourceState(
            id=source_id,
            label=plain(str(owned.value.label)) or source_id,
            kind=self._kind,
            plugin_id=owned.plugin_id,
            standing=SourceStanding.NEW,
        )
        tasks = TaskSupervisor(
            owner=owned.plugin_id, problems=OwnedProblems(self._problems, owned.plugin_id), report_fault=self._report_fault
        )
        running = self._running[source_id] = _Running(owned.value, tasks, state)
        self._bus.publish(SourceChanged(before=None, after=state))
        self._begin(running)

    def _begin(self, running: _Running[S]) -> None:
        running.tasks.supervise(lambda: self._attempt(running), name=running.state.label)

    async def _attempt(self, running: _Running[S]) -> None:
        try:
            await self._work(running.source)
        except Unreachable as error:
            self._fails(running, SourceStanding.LOST, error)
            raise
        except SignInNeeded as error:
            self._fails(running, SourceStanding.SIGN_IN, error)
            raise
        except NotConfigured as error:
            self._fails(running, SourceStanding.NOT_CONFIGURED, error)
            raise
        except Exception as error:
            self._fails(running, SourceStanding.FAILED, error)
            raise
        ended = Unreachable(f"{running.state.label} ended by itself")
        self._fails(running, SourceStanding.LOST, ended)
        raise ended

    def _fails(self, running: _Running[S], standing: SourceStanding, error: Exception) -> None:
        self._lost(running.state.id)
        self._stands(running, standing, detail=plain(str(error) or type(error).__name__, limit=300))

    def _stands(self, running: _Running[S], standing: SourceStanding, *, detail: str = "") -> None:
        if self._running.get(running.state.id) is not running:
            return
        before = running.state
        running.state = attrs.evolve(before, standing=standing, detail=detail)
        if (before.standing, before.detail) != (standing, detail):
            self._bus.publish(SourceChanged(before=before, after=running.state))

    def _drop(self, source_id: str) -> TaskSupervisor:
        running = self._running.pop(source_id)
        running.tasks.forget(running.state.label)
        self._lost(source_id)
        self._bus.publish(SourceChanged(before=running.state, after=None))
        return running.tasks

    def _settings_changed(self, event: SettingsChanged) -> None:
        try:
            owner = self._owner_of_settings(type(event.after))
        except (KeyError, TypeError, ValueError):
            return  # the section went with its plugin meanwhile
        if owner != "core":
            self.restart(owner)

"""The life of plugins: judged, loaded, built, registered, parked, undone; one that fails is named and the rest goes on."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, Protocol

from callmanager.errors import PluginError, SettingsError, UserError
from callmanager.events import ContributionsChanged, PluginStateChanged
from callmanager.extensions.discovery import Candidate
from callmanager.extensions.hooks import Hooks
from callmanager.extensions.policy import Decision, SitePolicy, decide
from callmanager.extensions.records import PluginEntry
from callmanager.markers import API_VERSION
from callmanager.model.notices import Severity
from callmanager.model.plugins import PluginRecord, PluginState

if TYPE_CHECKING:
    from callmanager.bus import EventBus
    from callmanager.context import PluginContext
    from callmanager.problems import ProblemBoard
    from callmanager.settings.service import SettingsService

_log = logging.getLogger(__name__)

FAULTS_UNTIL_PARKED: Final = 3
_STALL_SECONDS: Final = 0.25
_STALL_FACTOR: Final = 10


class BuildContext(Protocol):
    def __call__(self, plugin_id: str) -> PluginContext: ...


class PluginHost:
    """Owns every plugin from discovery to its end. Used on the loop thread; `load` needs no running loop.

    Whatever goes wrong with a plugin becomes its state and reason, a log record with its name, and one problem.
    """

    def __init__(
        self,
        *,
        bus: EventBus,
        problems: ProblemBoard,
        settings: SettingsService,
        build_context: BuildContext,
        policy: SitePolicy,
        demo: bool = False,
    ) -> None:
        self._bus = bus
        self._problems = problems
        self._settings = settings
        self._build_context = build_context
        self._policy = policy
        self._demo = demo
        self._entries: dict[str, PluginEntry] = {}
        self._duplicates: list[PluginEntry] = []
        self._running = False
        self.hooks = Hooks(self._hook_fault)

    # -------------------------------------------------------------------------------------------------------------- life

    def load(self, candidates: Iterable[Candidate]) -> None:
        """Judge all candidates, then build those that may run. Refused and disabled ones are never imported."""
        for candidate in candidates:
            entry = PluginEntry(candidate=candidate)
            first = self._entries.get(candidate.id)
            if first is not None:
                entry.state, entry.reason = PluginState.FAILED, f"another plugin named {candidate.id} was found before it"
                self._duplicates.append(entry)
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
        """Say goodbye to all plugins, which still work. Idempotent."""
        if self._running:
            self._running = False
            self.hooks.stopping()

    async def stop(self) -> None:
        """Undo everything of all plugins, the last one first. Idempotent."""
        for entry in reversed(list(self._entries.values())):
            await self._deactivate(entry)

    async def enable(self, plugin_id: str) -> PluginRecord:
        """Switch a plugin on, now and at every start; raises `UserError` when the site decided otherwise."""
        entry = self._entry(plugin_id)
        if entry.final and entry.state is PluginState.REFUSED:
            raise UserError(f"the plugin {plugin_id} is switched off by your administrator", "Ask your administrator.")
        self._remember(plugin_id, enabled=True)
        if entry.state is PluginState.ACTIVE:
            return entry.record()
        await self._deactivate(entry)
        entry.faults = 0
        self._set(entry, PluginState.FOUND, entry.reason if entry.final else "switched on by you")
        self._activate(entry)
        if self._running and self.state(plugin_id) is PluginState.ACTIVE:
            self.hooks.started(only=plugin_id)
        self._bus.publish(ContributionsChanged(plugin_id=plugin_id))
        return entry.record()

    async def disable(self, plugin_id: str) -> PluginRecord:
        """Switch a plugin off, now and at every start; raises `UserError` when the site decided otherwise."""
        entry = self._entry(plugin_id)
        if entry.final:
            raise UserError(f"the plugin {plugin_id} is decided by your administrator", "Ask your administrator.")
        self._remember(plugin_id, enabled=False)
        if self._running and entry.state is PluginState.ACTIVE:
            self.hooks.stopping(only=plugin_id)
        await self._deactivate(entry)
        self._set(entry, PluginState.DISABLED, "switched off by you")
        self._bus.publish(ContributionsChanged(plugin_id=plugin_id))
        return entry.record()

    def fault(self, plugin_id: str) -> None:
        """Count a fault of this plugin outside of hooks (a bus handler, a task); too many park it."""
        entry = self._entries.get(plugin_id)
        if entry is not None:
            self._count(entry)

    # -------------------------------------------------------------------------------------------------------- looking at

    def records(self) -> tuple[PluginRecord, ...]:
        """All plugins that were found, by id."""
        entries = [*self._entries.values(), *self._duplicates]
        return tuple(entry.record() for entry in sorted(entries, key=lambda entry: entry.id))

    def state(self, plugin_id: str) -> PluginState | None:
        entry = self._entries.get(plugin_id)
        return entry.state if entry else None

    # ---------------------------------------------------------------------------------------------------------- internal

    def _entry(self, plugin_id: str) -> PluginEntry:
        entry = self._entries.get(plugin_id)
        if entry is None:
            raise UserError(f"there is no plugin named {plugin_id}")
        return entry

    def _judge(self, entry: PluginEntry) -> None:
        table = self._settings.user_table("plugins")
        decision: Decision = decide(
            entry.candidate,
            policy=self._policy,
            user_enabled=_names(table.get("enabled")),
            user_disabled=_names(table.get("disabled")),
            demo=self._demo,
        )
        entry.state, entry.reason, entry.final = decision.state, decision.reason, decision.final

    def _activate(self, entry: PluginEntry) -> None:
        """Load, build, register, take its settings sections; on any failure undo all of that."""
        try:
            plugin_class = entry.candidate.load()
            needed = getattr(plugin_class, "requires_api", 0)
            if isinstance(needed, int) and needed > API_VERSION:
                raise PluginError(f"it needs version {needed} of the plugin interface, this is version {API_VERSION}")
            entry.context = self._build_context(entry.id)
            entry.instance = plugin_class(entry.context)
            self.hooks.register(entry.id, entry.instance)
            entry.undos.append(lambda: self.hooks.unregister(entry.id))
            for owned in self.hooks.settings_sections(only=entry.id):
                entry.undos.append(self._settings.register(owned.value.id, owned.value.model, owner=entry.id))
        except Exception as error:  # noqa: BLE001 - whatever a plugin does wrong becomes its reason
            self._undo(entry)
            if entry.context is not None:
                entry.context.undo()
            self._fail(entry, error)
            return
        self._set(entry, PluginState.ACTIVE, entry.reason)

    def _fail(self, entry: PluginEntry, error: Exception) -> None:
        reason = str(error) if isinstance(error, PluginError) else f"{type(error).__name__}: {error}"
        entry.error = "".join(traceback.format_exception(error))[-8000:]
        _log.error("the plugin %s can't be used: %s", entry.id, reason, exc_info=error, extra={"plugin": entry.id})
        self._set(entry, PluginState.FAILED, reason[:400])
        self._problems.raise_problem(
            f"plugin:{entry.id}",
            f"The plugin {entry.id} can't be used.",
            hint="Everything else works. Update or remove it, or ask its author.",
            details=reason,
            severity=Severity.WARNING,
        )

    async def _deactivate(self, entry: PluginEntry) -> None:
        context, entry.context, entry.instance = entry.context, None, None
        self._undo(entry)
        if context is not None:
            await context.close()
        self._problems.clear(f"plugin:{entry.id}")
        self._problems.clear_owner(entry.id)
        if entry.state is PluginState.ACTIVE:
            self._set(entry, PluginState.FOUND, entry.reason)

    def _undo(self, entry: PluginEntry) -> None:
        while entry.undos:
            _contained(entry.undos.pop(), entry.id)

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
            entry.error = "".join(traceback.format_exception(error))[-8000:]
            self._count(entry, why=f"{hook} raised {type(error).__name__}: {error}")
        elif seconds >= max(budget * _STALL_FACTOR, _STALL_SECONDS):
            _log.warning("the plugin %s stalled %s for %.0f ms", plugin_id, hook, seconds * 1000, extra={"plugin": plugin_id})
            self._count(entry, why=f"{hook} stalled for {seconds:.1f} s")
        else:
            _log.info("the plugin %s took %.0f ms for %s", plugin_id, seconds * 1000, hook, extra={"plugin": plugin_id})

    def _count(self, entry: PluginEntry, *, why: str = "it raised repeatedly") -> None:
        entry.faults += 1
        if entry.faults < FAULTS_UNTIL_PARKED or entry.state is not PluginState.ACTIVE:
            return
        self.hooks.unregister(entry.id)
        self._set(entry, PluginState.PARKED, f"left out after {entry.faults} faults: {why}"[:400])
        self._problems.raise_problem(
            f"plugin:{entry.id}",
            f"The plugin {entry.id} was switched off after repeated faults.",
            hint="Everything else works. Switch it on again in Settings, or ask its author.",
            details=why,
            severity=Severity.WARNING,
        )
        self._bus.publish(ContributionsChanged(plugin_id=entry.id))
        if entry.context is not None:
            entry.context.undo()

    def _remember(self, plugin_id: str, *, enabled: bool) -> None:
        table = self._settings.user_table("plugins")
        on, off = set(_names(table.get("enabled"))), set(_names(table.get("disabled")))
        (on.add if enabled else on.discard)(plugin_id)
        (off.discard if enabled else off.add)(plugin_id)
        try:
            self._settings.write_user_table("plugins", "enabled", sorted(on))
            self._settings.write_user_table("plugins", "disabled", sorted(off))
        except SettingsError as error:
            raise UserError("the choice can't be saved", "; ".join(error.complaints)) from error

    def _tell_missing(self) -> None:
        for plugin_id in sorted(self._policy.forced - self._entries.keys()):
            _log.info("the plugin %s, switched on by the site, is not installed", plugin_id)


def _names(value: object) -> frozenset[str]:
    return frozenset(name for name in value if isinstance(name, str)) if isinstance(value, list) else frozenset()


def _contained(undo: Callable[[], None], plugin_id: str) -> None:
    try:
        undo()
    except Exception:  # noqa: BLE001 - the other undos must still run
        _log.exception("undoing a registration of the plugin %s failed", plugin_id, extra={"plugin": plugin_id})

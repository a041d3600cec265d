"""The typed face of pluggy: one method per hook, each implementation called by itself, timed, contained and attributed."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import pluggy

from callmanager import hookspecs
from callmanager.contributions import CallAction, CliCommand, Owned, Panel, SettingsSection
from callmanager.errors import PluginError
from callmanager.markers import PROJECT
from callmanager.model.calls import Call, CallRequest, Verdict

if TYPE_CHECKING:
    from callmanager.engine.protocol import CallEngine

T = TypeVar("T")

BUDGETS: Final[Mapping[str, float]] = {
    "callmanager_started": 0.020,
    "callmanager_stopping": 0.020,
    "callmanager_cli_commands": 0.005,
    "callmanager_call_engine": 0.050,
    "callmanager_screen_incoming": 0.020,
    "callmanager_prepare_outgoing": 0.020,
    "callmanager_call_actions": 0.005,
    "callmanager_panels": 0.005,
    "callmanager_settings_sections": 0.005,
}
"""Seconds an implementation may take, as its specification says."""


class HookFault(Protocol):
    """Told about an implementation that raised, or (without an error) took `seconds`, which is over its budget."""

    def __call__(self, plugin_id: str, hook: str, *, error: Exception | None, seconds: float, budget: float) -> None: ...


class Hooks:
    """Calls hooks for the core; nothing else touches pluggy.

    Guarantees: loop thread only. Each implementation is called by itself with the arguments it declared; one that raises or
    answers with the wrong type is reported under its plugin's name and counts as silent, and the others are still asked.
    Results know their owner. Order: `tryfirst`, then the last registered first, then `trylast`.
    """

    def __init__(self, report: HookFault) -> None:
        self._report = report
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(hookspecs)

    # ----------------------------------------------------------------------------------------------------- registration

    def register(self, plugin_id: str, instance: object) -> None:
        """Take the plugin's implementations; raises `PluginError` with the reason, and then nothing of it is left."""
        try:
            self._manager.register(instance, name=plugin_id)
            self._check(plugin_id)
        except (pluggy.PluginValidationError, ValueError) as error:
            self.unregister(plugin_id)
            raise PluginError(_reason(error)) from error
        except PluginError:
            self.unregister(plugin_id)
            raise

    def unregister(self, plugin_id: str) -> None:
        """Forget the plugin; nothing happens if it is not known."""
        if self._manager.has_plugin(plugin_id):
            self._manager.unregister(name=plugin_id)

    def _check(self, plugin_id: str) -> None:
        instance = self._manager.get_plugin(plugin_id)
        for caller in self._manager.get_hookcallers(instance) or ():
            if not caller.has_spec():
                raise PluginError(f"there is no hook named {caller.name}")
            for implementation in caller.get_hookimpls():
                if implementation.plugin_name != plugin_id:
                    continue
                if implementation.wrapper or implementation.hookwrapper:
                    raise PluginError(f"{caller.name} is a wrapper, which the contract does not offer")
                if inspect.iscoroutinefunction(implementation.function):
                    raise PluginError(f"{caller.name} must be a plain function; start a task for work that waits")

    # -------------------------------------------------------------------------------------------------------- the hooks

    def started(self, *, only: str | None = None) -> None:
        self._notify("callmanager_started", only=only)

    def stopping(self, *, only: str | None = None) -> None:
        self._notify("callmanager_stopping", only=only)

    def cli_commands(self) -> list[Owned[CliCommand]]:
        return self._collect("callmanager_cli_commands", CliCommand)

    def call_engine(self) -> Owned[CallEngine] | None:
        """The first answer; later ones are not used, which is the plugins' business to know."""
        return self._decide("callmanager_call_engine", _is_engine)

    def screen_incoming(self, call: Call) -> Owned[Verdict] | None:
        return self._decide("callmanager_screen_incoming", _is_a(Verdict), call=call)

    def prepare_outgoing(self, request: CallRequest) -> CallRequest:
        arguments = {"request": request}
        for plugin_id, answer in self._answers("callmanager_prepare_outgoing", arguments):
            if isinstance(answer, CallRequest):
                arguments["request"] = answer
            elif answer is not None:
                self._wrong(plugin_id, "callmanager_prepare_outgoing", answer)
        return arguments["request"]

    def call_actions(self) -> list[Owned[CallAction]]:
        return self._collect("callmanager_call_actions", CallAction)

    def panels(self) -> list[Owned[Panel]]:
        return self._collect("callmanager_panels", Panel)

    def settings_sections(self, *, only: str | None = None) -> list[Owned[SettingsSection]]:
        return self._collect("callmanager_settings_sections", SettingsSection, only=only)

    # --------------------------------------------------------------------------------------------------- four primitives

    def _notify(self, name: str, *, only: str | None) -> None:
        for _ in self._answers(name, {}, only=only):
            pass

    def _decide(self, name: str, fits: Callable[[Any], bool], **arguments: Any) -> Owned[Any] | None:
        for plugin_id, answer in self._answers(name, arguments):
            if answer is None:
                continue
            if fits(answer):
                return Owned(plugin_id=plugin_id, value=answer)
            self._wrong(plugin_id, name, answer)
        return None

    def _collect(self, name: str, kind: type[T], *, only: str | None = None) -> list[Owned[T]]:
        collected: list[Owned[T]] = []
        for plugin_id, answer in self._answers(name, {}, only=only):
            if not isinstance(answer, (list, tuple)):
                self._wrong(plugin_id, name, answer)
                continue
            for value in answer:
                if isinstance(value, kind):
                    collected.append(Owned(plugin_id=plugin_id, value=value))
                else:
                    self._wrong(plugin_id, name, value)
        return sorted(collected, key=lambda owned: (getattr(owned.value, "order", 0), owned.plugin_id))

    def _answers(self, name: str, arguments: Mapping[str, Any], *, only: str | None = None) -> Iterator[tuple[str, Any]]:
        """Ask each implementation only when its turn comes, so that a decision ends the asking; `arguments` is read anew."""
        budget = BUDGETS[name]
        for implementation in reversed(getattr(self._manager.hook, name).get_hookimpls()):
            plugin_id = implementation.plugin_name
            if only is not None and plugin_id != only:
                continue
            if not self._manager.has_plugin(plugin_id):
                continue  # parked by an earlier fault in this very round
            started = time.perf_counter()
            try:
                answer = implementation.function(*(arguments[argument] for argument in implementation.argnames))
            except Exception as error:  # noqa: BLE001 - contained and attributed: that is what this file is for
                self._report(plugin_id, name, error=error, seconds=time.perf_counter() - started, budget=budget)
                continue
            seconds = time.perf_counter() - started
            if seconds > budget:
                self._report(plugin_id, name, error=None, seconds=seconds, budget=budget)
            yield plugin_id, answer

    def _wrong(self, plugin_id: str, name: str, answer: object) -> None:
        error = TypeError(f"{name} answered with a {type(answer).__name__}")
        self._report(plugin_id, name, error=error, seconds=0.0, budget=BUDGETS[name])


def _is_a(kind: type[Any]) -> Callable[[Any], bool]:
    return lambda answer: isinstance(answer, kind)


def _is_engine(answer: Any) -> bool:
    return all(callable(getattr(answer, name, None)) for name in ("prepare", "start", "submit", "stop"))


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:400]

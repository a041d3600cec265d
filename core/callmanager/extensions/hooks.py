"""The typed face of pluggy: one method per hook, each implementation called by itself, timed, contained and attributed."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import pluggy

from callmanager import hookspecs
from callmanager.contributions import (
    CallAction,
    CallerCard,
    CallPairAction,
    CliCommand,
    ContactAction,
    HeaderItem,
    HistoryAction,
    Owned,
    PaletteCommand,
    Panel,
    SettingsSection,
)
from callmanager.errors import PluginError
from callmanager.markers import PROJECT, HookRule, rule_of
from callmanager.model.calls import Call, CallRequest, Verdict
from callmanager.model.contacts import Match

if TYPE_CHECKING:
    from callmanager.engine.protocol import CallEngine
    from callmanager.extensions.trace import HookTrace
    from callmanager.model.history import CallRecord
    from callmanager.model.messages import Message
    from callmanager.sources import ContactSource, MessageTransport, ParkingSource, PresenceSource, VoicemailStore

T = TypeVar("T")

RULES: Final[Mapping[str, HookRule]] = {
    name: rule_of(specification) for name, specification in vars(hookspecs).items() if name.startswith(f"{PROJECT}_")
}
"""Kind and budget of every hook, as its specification says."""


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
        self.trace: HookTrace | None = None
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

    # -------------------------------------------------------------------------------------------------------- lifecycle

    def started(self, *, only: str | None = None) -> None:
        self._notify("callmanager_started", only=only)

    def stopping(self, *, only: str | None = None) -> None:
        self._notify("callmanager_stopping", only=only)

    def cli_commands(self) -> list[Owned[CliCommand]]:
        return self._collect("callmanager_cli_commands", _is_a(CliCommand))

    # ------------------------------------------------------------------------------------------------------------ calls

    def call_engine(self) -> Owned[CallEngine] | None:
        """The first answer; later ones are not used, which is the plugins' business to know."""
        return self._decide("callmanager_call_engine", _has("prepare", "start", "submit", "stop"))

    def screen_incoming(self, call: Call) -> Owned[Verdict] | None:
        return self._decide("callmanager_screen_incoming", _is_a(Verdict), call=call)

    def rewrite_number(self, number: str, *, dialable: Callable[[str], str]) -> str:
        """`dialable` cleans what a plugin returns, and raises for what can't be dialled; then the previous number stands."""
        return self._fold("callmanager_rewrite_number", "number", number, fits=_is_a(str), clean=dialable)

    def prepare_outgoing(self, request: CallRequest) -> CallRequest:
        return self._fold("callmanager_prepare_outgoing", "request", request, fits=_is_a(CallRequest))

    def call_actions(self) -> list[Owned[CallAction]]:
        return self._collect("callmanager_call_actions", _is_a(CallAction))

    def call_pair_actions(self) -> list[Owned[CallPairAction]]:
        return self._collect("callmanager_call_pair_actions", _is_a(CallPairAction))

    def hand_over(self, call: Call, target: str, name: str) -> Owned[Callable[[], None]] | None:
        return self._decide("callmanager_hand_over", callable, call=call, target=target, name=name)

    def caller_cards(self) -> list[Owned[CallerCard]]:
        return self._collect("callmanager_caller_cards", _is_a(CallerCard))

    def call_ended(self, record: CallRecord) -> None:
        self._notify("callmanager_call_ended", record=record)

    # --------------------------------------------------------------------------------------------------------- contacts

    def contact_sources(self, *, only: str | None = None) -> list[Owned[ContactSource]]:
        return self._collect("callmanager_contact_sources", _has("fetch"), only=only)

    def match_number(self, number: str) -> Owned[Match] | None:
        return self._decide("callmanager_match_number", _is_a(Match), number=number)

    # --------------------------------------------------------------------------------------------------------- presence

    def presence_sources(self, *, only: str | None = None) -> list[Owned[PresenceSource]]:
        return self._collect("callmanager_presence_sources", _has("run"), only=only)

    def parking_sources(self, *, only: str | None = None) -> list[Owned[ParkingSource]]:
        return self._collect("callmanager_parking_sources", _has("run"), only=only)

    # -------------------------------------------------------------------------------------------------------- messaging

    def message_transports(self, *, only: str | None = None) -> list[Owned[MessageTransport]]:
        return self._collect("callmanager_message_transports", _has("senders", "send", "run"), only=only)

    def message_received(self, message: Message) -> None:
        self._notify("callmanager_message_received", message=message)

    def message_sent(self, message: Message) -> None:
        self._notify("callmanager_message_sent", message=message)

    # -------------------------------------------------------------------------------------------------------- voicemail

    def voicemail_stores(self, *, only: str | None = None) -> list[Owned[VoicemailStore]]:
        return self._collect("callmanager_voicemail_stores", _has("run", "play"), only=only)

    # -------------------------------------------------------------------------------------------------------- interface

    def panels(self) -> list[Owned[Panel]]:
        return self._collect("callmanager_panels", _is_a(Panel))

    def header_items(self) -> list[Owned[HeaderItem]]:
        return self._collect("callmanager_header_items", _is_a(HeaderItem))

    def settings_sections(self, *, only: str | None = None) -> list[Owned[SettingsSection]]:
        return self._collect("callmanager_settings_sections", _is_a(SettingsSection), only=only)

    def contact_actions(self) -> list[Owned[ContactAction]]:
        return self._collect("callmanager_contact_actions", _is_a(ContactAction))

    def history_actions(self) -> list[Owned[HistoryAction]]:
        return self._collect("callmanager_history_actions", _is_a(HistoryAction))

    def palette_commands(self) -> list[Owned[PaletteCommand]]:
        return self._collect("callmanager_palette_commands", _is_a(PaletteCommand))

    # --------------------------------------------------------------------------------------------------- four primitives

    def _notify(self, name: str, *, only: str | None = None, **arguments: Any) -> None:
        for _ in self._answers(name, arguments, only=only):
            pass

    def _decide(self, name: str, fits: Callable[[Any], bool], /, **arguments: Any) -> Owned[Any] | None:
        for plugin_id, answer in self._answers(name, arguments):
            if answer is None:
                continue
            if fits(answer):
                return Owned(plugin_id=plugin_id, value=answer)
            self._wrong(plugin_id, name, answer)
        return None

    def _fold(
        self, name: str, argument: str, value: T, *, fits: Callable[[Any], bool], clean: Callable[[T], T] = lambda value: value
    ) -> T:
        arguments = {argument: value}
        for plugin_id, answer in self._answers(name, arguments):
            if answer is None:
                continue
            if not fits(answer):
                self._wrong(plugin_id, name, answer)
                continue
            try:
                arguments[argument] = clean(answer)
            except Exception as error:  # noqa: BLE001 - what can't be used is the plugin's fault, and the previous value stands
                self._report(plugin_id, name, error=error, seconds=0.0, budget=RULES[name].budget)
        return arguments[argument]

    def _collect(self, name: str, fits: Callable[[Any], bool], *, only: str | None = None) -> list[Owned[Any]]:
        collected: list[Owned[Any]] = []
        for plugin_id, answer in self._answers(name, {}, only=only):
            if not isinstance(answer, (list, tuple)):
                self._wrong(plugin_id, name, answer)
                continue
            for value in answer:
                if fits(value):
                    collected.append(Owned(plugin_id=plugin_id, value=value))
                else:
                    self._wrong(plugin_id, name, value)
        return sorted(collected, key=lambda owned: (getattr(owned.value, "order", 0), owned.plugin_id))

    def _answers(self, name: str, arguments: Mapping[str, Any], *, only: str | None = None) -> Iterator[tuple[str, Any]]:
        """Ask each implementation only when its turn comes, so that a decision ends the asking; `arguments` is read anew."""
        budget = RULES[name].budget
        for implementation in reversed(getattr(self._manager.hook, name).get_hookimpls()):
            plugin_id = implementation.plugin_name
            if only is not None and plugin_id != only:
                continue
            if not self._manager.has_plugin(plugin_id):
                continue  # parked by an earlier fault in this very round
            started = time.perf_counter()
            try:
                answer = implementation.function(*(arguments[argument] for argument in implementation.argnames))
            except (Exception, SystemExit) as raised:  # noqa: BLE001 - contained and attributed: that is what this file is for
                error = PluginError(f"it wanted to end the program ({raised})") if isinstance(raised, SystemExit) else raised
                seconds = time.perf_counter() - started
                self._traced(plugin_id, name, seconds, None, error)
                self._report(plugin_id, name, error=error, seconds=seconds, budget=budget)
                continue
            seconds = time.perf_counter() - started
            self._traced(plugin_id, name, seconds, answer, None)
            if seconds > budget:
                self._report(plugin_id, name, error=None, seconds=seconds, budget=budget)
            yield plugin_id, answer

    def _traced(self, plugin_id: str, name: str, seconds: float, answer: Any, error: Exception | None) -> None:
        if self.trace is not None:
            self.trace.hook_called(name, plugin_id, seconds=seconds, result=answer, error=error)

    def _wrong(self, plugin_id: str, name: str, answer: object) -> None:
        error = TypeError(f"{name} answered with a {type(answer).__name__}")
        self._report(plugin_id, name, error=error, seconds=0.0, budget=RULES[name].budget)


def _is_a(kind: type[Any]) -> Callable[[Any], bool]:
    return lambda answer: isinstance(answer, kind)


def _has(*methods: str) -> Callable[[Any], bool]:
    """Whether something has the methods of a protocol: enough to call it, and to blame its plugin for the rest."""
    return lambda answer: all(callable(getattr(answer, name, None)) for name in methods)


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:400]

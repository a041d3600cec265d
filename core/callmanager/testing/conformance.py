"""Reusable checks: does a plugin keep to the contract? Ours run them, and so should yours."""

from __future__ import annotations

import inspect
from typing import Any, get_type_hints

from callmanager import hookspecs
from callmanager.markers import PROJECT
from callmanager.testing.contact_checks import check_contact_source
from callmanager.testing.engine_checks import check_call_engine
from callmanager.testing.live_checks import check_live_source
from callmanager.testing.transport_checks import TRANSPORT_CHECKS, CarrierMood, TransportBench, check_message_transport

__all__ = [
    "TRANSPORT_CHECKS",
    "CarrierMood",
    "TransportBench",
    "check_call_engine",
    "check_contact_source",
    "check_hooks",
    "check_live_source",
    "check_message_transport",
    "hook_names",
]


def hook_names() -> tuple[str, ...]:
    """All hooks of the contract, in the order in which they stand there."""
    return tuple(name for name in vars(hookspecs) if name.startswith(f"{PROJECT}_"))


def check_hooks(plugin: type[Any]) -> list[str]:
    """What is wrong with the hook methods of a plugin class, in words; an empty list is a pass.

    Beyond what the host checks when it registers a plugin (names of hooks and arguments), the annotations must be those of the
    specification: then a type checker has checked the body against the contract.
    """
    complaints: list[str] = []
    for name, method in inspect.getmembers(plugin, inspect.isfunction):
        marked = getattr(method, f"{PROJECT}_impl", None) is not None
        if not marked:
            if name.startswith(f"{PROJECT}_"):
                complaints.append(f"{name} is not marked with @hookimpl")
            continue
        specification = getattr(hookspecs, name, None)
        if specification is None:
            complaints.append(f"there is no hook named {name}")
            continue
        complaints.extend(f"{name}: {words}" for words in _differences(method, specification))
    return complaints


def _differences(method: Any, specification: Any) -> list[str]:
    wanted, given = _hints(specification), _hints(method)
    found = []
    for argument in inspect.signature(method).parameters:
        if argument == "self":
            continue
        if argument not in wanted:
            found.append(f"has no argument {argument}")
        elif given.get(argument) != wanted[argument]:
            found.append(f"the argument {argument} is annotated {given.get(argument)}, not {wanted[argument]}")
    if not _fits(given.get("return"), wanted["return"]):
        found.append(f"returns {given.get('return')}, not {wanted['return']}")
    return found


def _fits(given: Any, wanted: Any) -> bool:
    """The same, or one of the alternatives: a hook that may answer with nothing can be one that always answers."""
    return given == wanted or given in getattr(wanted, "__args__", ()) or (inspect.isclass(given) and _is_engine(given, wanted))


def _is_engine(given: type[Any], wanted: Any) -> bool:
    protocols = [kind for kind in getattr(wanted, "__args__", ()) if getattr(kind, "_is_protocol", False)]
    return any(all(hasattr(given, name) for name in vars(kind) if not name.startswith("_")) for kind in protocols)


def _hints(function: Any) -> dict[str, Any]:
    return get_type_hints(function, globalns={**vars(hookspecs), **getattr(function, "__globals__", {})})

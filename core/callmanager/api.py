"""THE public module: all that a plugin, built-in or foreign, imports of us.

What is not here is private, whatever its path. Names are added with a changelog line and removed after a release in which they
are deprecated. What there is, by topic and with its types, stands in `api.pyi` beside this file.

A name is imported from where it is defined when somebody first asks for it: a plugin, and the engine's process, pay for what
they use (PEP 562). `dev.py lint --fix` writes the places anew from `api.pyi`.
"""

from importlib import import_module as _import_module

from callmanager.api_places import PLACES as _PLACES

__all__ = list(_PLACES)


def __getattr__(name: str) -> object:
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; see api.pyi for what plugins may use", name=name)
    module, _, its_name = place.partition(":")
    value = globals()[name] = getattr(_import_module(module), its_name)
    return value


def __dir__() -> list[str]:
    return sorted(_PLACES)

"""Errors as the reason on the plugins page: one plain, bounded line; the traceback for the details."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Final

from callmanager.errors import PluginError, UserError
from callmanager.texts import plain

if TYPE_CHECKING:
    from callmanager.extensions.discovery import Candidate

_REASON: Final = 400
_TRACEBACK: Final = 8000


def short(text: str) -> str:
    """A plugin's own words, made fit to be shown."""
    return plain(text, limit=_REASON)


def reason_of(error: Exception) -> str:
    """Errors raised on purpose speak for themselves, the others with their class."""
    if isinstance(error, UserError):
        return short(f"{error.text}. {error.hint}".removesuffix(". "))
    return short(str(error) if isinstance(error, PluginError) else f"{type(error).__name__}: {error}")


def double(first: Candidate, second: Candidate) -> str:
    """Why the second of two with one id is not used."""
    if first.distribution == second.distribution:
        return f"another plugin named {first.id} was found before it"
    return short(f"the plugin {first.id} of {first.distribution} has the same name and was found before it")


def trace(error: BaseException) -> str:
    """The end of the traceback, which names the error."""
    return "".join(traceback.format_exception(error))[-_TRACEBACK:]

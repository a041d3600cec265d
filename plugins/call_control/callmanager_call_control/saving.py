"""Changing settings on behalf of whoever pressed a button."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callmanager.api import SettingsError, UserError

if TYPE_CHECKING:
    from callmanager.api import PluginContext


def save(ctx: PluginContext, model: type, **changes: object) -> None:
    """Raises `UserError` with the reasons where the settings refuse it, as one that the administrator has locked does."""
    try:
        ctx.settings.update(model, **changes)
    except SettingsError as error:
        raise UserError("this can't be changed", "; ".join(error.complaints)) from error

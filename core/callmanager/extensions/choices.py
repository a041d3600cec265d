"""What the user has switched on and off, kept in the table `[plugins]` of the user's settings file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callmanager.errors import SettingsError, UserError

if TYPE_CHECKING:
    from callmanager.settings.service import SettingsService


class UserChoices:
    """Read anew each time, so that a choice holds from the moment it was made."""

    def __init__(self, settings: SettingsService) -> None:
        self._settings = settings

    @property
    def enabled(self) -> frozenset[str]:
        return self._names("enabled")

    @property
    def disabled(self) -> frozenset[str]:
        return self._names("disabled")

    def remember(self, plugin_id: str, *, enabled: bool) -> None:
        """Save the choice; raises `UserError` when that is not possible."""
        on = self.enabled | {plugin_id} if enabled else self.enabled - {plugin_id}
        off = self.disabled - {plugin_id} if enabled else self.disabled | {plugin_id}
        try:
            self._settings.write_user_table("plugins", "enabled", sorted(on))
            self._settings.write_user_table("plugins", "disabled", sorted(off))
        except SettingsError as error:
            raise UserError("the choice can't be saved", "; ".join(error.complaints)) from error

    def _names(self, key: str) -> frozenset[str]:
        value = self._settings.user_table("plugins").get(key)
        return frozenset(name for name in value if isinstance(name, str)) if isinstance(value, list) else frozenset()

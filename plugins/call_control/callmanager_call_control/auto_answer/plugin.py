"""Automatic answer: hook implementations only."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from callmanager.api import Permissions, PluginContext, SettingsSection, hookimpl

from callmanager_call_control.auto_answer.settings import AutoAnswerSettings

if TYPE_CHECKING:
    from callmanager_call_control.auto_answer.desk import AutoAnswerDesk


class AutoAnswer:
    """Answers what the PBX or the user's list says."""

    title = "Automatic answer"
    summary = "Answers intercom calls and chosen callers for you, and says so."
    icon = "phone-in"
    permissions = Permissions(call_information=True, call_control=True)

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx

    @cached_property
    def desk(self) -> AutoAnswerDesk:
        """Made after the launch."""
        from callmanager_call_control.auto_answer.desk import AutoAnswerDesk

        return AutoAnswerDesk(self._ctx)

    @hookimpl
    def callmanager_started(self) -> None:
        assert self.desk is not None  # it follows the calls

    @hookimpl
    def callmanager_settings_sections(self) -> list[SettingsSection]:
        return [
            SettingsSection(id="auto_answer", title="Automatic Answer", model=AutoAnswerSettings, icon="phone-in", order=66)
        ]

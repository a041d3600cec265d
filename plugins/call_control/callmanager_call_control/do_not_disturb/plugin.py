"""Do not disturb: one switch in the header, and nobody rings."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from callmanager.api import (
    Call,
    HeaderItem,
    PaletteCommand,
    Permissions,
    PluginContext,
    SettingsSection,
    UiKit,
    Verdict,
    hookimpl,
)

from callmanager_call_control.do_not_disturb.settings import DoNotDisturbSettings

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from callmanager_call_control.do_not_disturb.desk import DoNotDisturbDesk

SHORTCUT: Final = "Ctrl+Shift+D"


class DoNotDisturb:
    """Screens incoming calls while it is switched on."""

    title = "Do not disturb"
    summary = "Keeps your phone quiet until you want calls again, and tells you who called."
    icon = "bell-off"
    permissions = Permissions(call_information=True)

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self._desk: DoNotDisturbDesk | None = None

    @property
    def desk(self) -> DoNotDisturbDesk:
        """Made after the launch."""
        if self._desk is None:
            from callmanager_call_control.do_not_disturb.desk import DoNotDisturbDesk

            self._desk = DoNotDisturbDesk(self._ctx)
        return self._desk

    @hookimpl
    def callmanager_started(self) -> None:
        assert self.desk is not None  # it watches the clock

    @hookimpl(trylast=True)
    def callmanager_screen_incoming(self, call: Call) -> Verdict | None:
        """After those that refuse: who is blocked is blocked, and not missed."""
        return self.desk.verdict(call)

    @hookimpl
    def callmanager_settings_sections(self) -> list[SettingsSection]:
        return [
            SettingsSection(id="do_not_disturb", title="Do Not Disturb", model=DoNotDisturbSettings, icon="bell-off", order=65)
        ]

    @hookimpl
    def callmanager_header_items(self) -> list[HeaderItem]:
        return [HeaderItem(id="do_not_disturb", build=self._build, order=5)]

    @hookimpl
    def callmanager_palette_commands(self) -> list[PaletteCommand]:
        words = ("dnd", "silence", "quiet", "busy", "mute")
        return [
            PaletteCommand(
                id="do_not_disturb.toggle",
                title="Do not disturb: on or off",
                icon="bell-off",
                run=self._toggle,
                keywords=words,
                shortcut=SHORTCUT,
                order=45,
            ),
            PaletteCommand(
                id="do_not_disturb.half",
                title="Do not disturb for 30 minutes",
                icon="bell-off",
                run=self._half_an_hour,
                keywords=words,
                order=46,
            ),
            PaletteCommand(
                id="do_not_disturb.hour",
                title="Do not disturb for 1 hour",
                icon="bell-off",
                run=self._an_hour,
                keywords=words,
                order=47,
            ),
            PaletteCommand(
                id="do_not_disturb.tomorrow",
                title="Do not disturb until tomorrow",
                icon="bell-off",
                run=self._until_tomorrow,
                keywords=words,
                order=48,
            ),
        ]

    def _build(self, kit: UiKit) -> QWidget:
        from callmanager_call_control.do_not_disturb.panel import SwitchButton

        return SwitchButton(self.desk, kit, shortcut=SHORTCUT)

    async def _toggle(self) -> None:
        self.desk.toggle()

    async def _half_an_hour(self) -> None:
        self.desk.turn_on_for(timedelta(minutes=30))

    async def _an_hour(self) -> None:
        self.desk.turn_on_for(timedelta(hours=1))

    async def _until_tomorrow(self) -> None:
        self.desk.turn_on_until_tomorrow()

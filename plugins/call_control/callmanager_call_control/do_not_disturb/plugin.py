"""Do not disturb: one switch in the header, and nobody rings."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property, partial
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
    from collections.abc import Callable

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

    @cached_property
    def desk(self) -> DoNotDisturbDesk:
        """Made after the launch."""
        from callmanager_call_control.do_not_disturb.desk import DoNotDisturbDesk

        return DoNotDisturbDesk(self._ctx)

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
        timed: list[tuple[str, str, Callable[[], None]]] = [
            ("half", "for 30 minutes", lambda: self.desk.turn_on_for(timedelta(minutes=30))),
            ("hour", "for 1 hour", lambda: self.desk.turn_on_for(timedelta(hours=1))),
            ("tomorrow", "until tomorrow", lambda: self.desk.turn_on_until_tomorrow()),  # noqa: PLW0108 - the desk waits
        ]
        return [
            PaletteCommand(
                id="do_not_disturb.toggle",
                title="Do not disturb: on or off",
                icon="bell-off",
                run=partial(_run, lambda: self.desk.toggle()),  # noqa: PLW0108 - the desk waits
                keywords=words,
                shortcut=SHORTCUT,
                order=45,
            ),
            *(
                PaletteCommand(
                    id=f"do_not_disturb.{key}",
                    title=f"Do not disturb {span}",
                    icon="bell-off",
                    run=partial(_run, turn_on),
                    keywords=words,
                    order=order,
                )
                for order, (key, span, turn_on) in enumerate(timed, 46)
            ),
        ]

    def _build(self, kit: UiKit) -> QWidget:
        from callmanager_call_control.do_not_disturb.panel import SwitchButton

        return SwitchButton(self.desk, kit, shortcut=SHORTCUT)


async def _run(verb: Callable[[], None]) -> None:
    verb()

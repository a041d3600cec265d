"""Parking: hook implementations only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callmanager.api import (
    CallAction,
    CallerCard,
    CallerDetails,
    Panel,
    PanelArea,
    PanelBadge,
    ParkingChanged,
    Permissions,
    PluginContext,
    SettingsSection,
    hookimpl,
)

from callmanager_call_control.parking.actions import park_action
from callmanager_call_control.parking.settings import ParkingSettings

if TYPE_CHECKING:
    from callmanager.api import Call, UiKit
    from PySide6.QtWidgets import QWidget

    from callmanager_call_control.parking.desk import ParkingDesk


class ParkingControl:
    """The Park button, the panel of parked calls, and the word for a call that comes back."""

    title = "Parking"
    summary = "Parks calls where anybody can fetch them, and shows who is parked."
    icon = "park"
    permissions = Permissions(call_information=True, call_control=True, contacts=True, presence=True)

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self._desk: ParkingDesk | None = None
        self._badge = PanelBadge()
        ctx.events.subscribe(ParkingChanged, lambda _event: self._badge.set(len(ctx.parking.calls())))

    @property
    def desk(self) -> ParkingDesk:
        """Made with the first call that is parked: the launch does not wait for it."""
        if self._desk is None:
            from callmanager_call_control.parking.desk import ParkingDesk

            self._desk = ParkingDesk(self._ctx)
        return self._desk

    @hookimpl
    def callmanager_call_actions(self) -> list[CallAction]:
        return [park_action(lambda: self.desk)]

    @hookimpl
    def callmanager_caller_cards(self) -> list[CallerCard]:
        return [CallerCard(id="parking.returned", look_up=self._returned, order=10)]

    @hookimpl
    def callmanager_panels(self) -> list[Panel]:
        return [
            Panel(
                id="parking.calls",
                title="Parked Calls",
                icon="park",
                area=PanelArea.SIDE,
                build=self._build_panel,
                order=30,
                badge=self._badge,
            )
        ]

    @hookimpl
    def callmanager_settings_sections(self) -> list[SettingsSection]:
        return [SettingsSection(id="parking", title="Parking", model=ParkingSettings, icon="park", order=27)]

    async def _returned(self, call: Call) -> CallerDetails | None:
        return await self._desk.returned(call) if self._desk is not None else None

    def _build_panel(self, kit: UiKit) -> QWidget:
        from callmanager_call_control.parking.panel import ParkedCallsPanel

        return ParkedCallsPanel(self._ctx, kit)

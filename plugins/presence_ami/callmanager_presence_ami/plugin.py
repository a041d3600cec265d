"""Presence and parked calls from the PBX's manager interface: hook implementations only."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from callmanager.api import (
    AccountChanged,
    NotConfigured,
    ParkingSource,
    Permissions,
    PluginContext,
    PresenceSource,
    SecretChanged,
    SettingsChanged,
    SettingsSection,
    hookimpl,
)

from callmanager_presence_ami.parking import AmiParking
from callmanager_presence_ami.presence import AmiPresence
from callmanager_presence_ami.rhythm import Rhythm
from callmanager_presence_ami.settings import AmiSettings

if TYPE_CHECKING:
    from callmanager_presence_ami.link import AmiLink


class PresenceAmi:
    """Tells the core who is free and which calls are parked, over one connection to Asterisk."""

    title = "Presence and parking (AMI)"
    summary = "Shows who is free and which calls are parked, as your PBX tells it."
    icon = "person-dot"
    permissions = Permissions(
        network=("*",), secrets=True, files=True
    )  # the PBX of Settings, or an address of its own; a CA file

    rhythm = Rhythm()

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self._link: AmiLink | None = None
        ctx.events.subscribe(AccountChanged, lambda _event: self._link.account_changed() if self._link else None)
        self._changed_at = -math.inf
        ctx.events.subscribe(SecretChanged, self._secret_changed)
        ctx.events.subscribe(SettingsChanged, self._settings_changed)

    @hookimpl
    def callmanager_settings_sections(self) -> list[SettingsSection]:
        return [
            SettingsSection(
                id="presence_ami", title="Presence and parking (AMI)", model=AmiSettings, icon="person-dot", order=40
            )
        ]

    @hookimpl
    def callmanager_presence_sources(self) -> list[PresenceSource]:
        return [AmiPresence(self._linked)]

    @hookimpl
    def callmanager_parking_sources(self) -> list[ParkingSource]:
        return [AmiParking(self._linked)]

    async def _linked(self) -> AmiLink:
        """The link, made when it is first needed by somebody who has set it up: its libraries cost the launch nothing."""
        if not self._ctx.settings.get(AmiSettings).user:
            raise NotConfigured("the AMI user is missing; your administrator makes one, enter it in Settings")
        import asyncio

        await asyncio.sleep(max(0.0, self._changed_at + self.rhythm.settle - time.monotonic()))
        if self._link is None:
            import importlib

            module = await asyncio.to_thread(importlib.import_module, "callmanager_presence_ami.link")
            if self._link is None:
                self._link = module.AmiLink(self._ctx, rhythm=self.rhythm)
        return self._link

    def _secret_changed(self, event: SecretChanged) -> None:
        if event.owner == self._ctx.plugin_id:
            self._changed_at = time.monotonic()
            if self._link is not None:
                self._link.credentials_entered()

    def _settings_changed(self, event: SettingsChanged) -> None:
        if isinstance(event.after, AmiSettings):
            self._changed_at = time.monotonic()

"""Blocked numbers: who is on the list does not ring."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from callmanager.api import (
    Call,
    CallAction,
    CallRecord,
    Contact,
    ContactAction,
    HistoryAction,
    PaletteCommand,
    Permissions,
    PluginContext,
    SettingsSection,
    UiKit,
    Verdict,
    hookimpl,
)

from callmanager_call_control.blocking.settings import BlockingSettings

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from callmanager_call_control.blocking.desk import BlockingDesk


class Blocking:
    """Screens incoming calls, and offers "Block number" wherever a number is shown."""

    title = "Blocked numbers"
    summary = "Refuses calls from numbers you have blocked, before they ring."
    icon = "block"
    permissions = Permissions(call_information=True, call_control=True)

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx

    @cached_property
    def desk(self) -> BlockingDesk:
        """Made after the launch."""
        from callmanager_call_control.blocking.desk import BlockingDesk

        return BlockingDesk(self._ctx)

    @hookimpl
    def callmanager_started(self) -> None:
        self._ctx.tasks.start(self.desk.load(), name="reading the list")

    @hookimpl(tryfirst=True)
    def callmanager_screen_incoming(self, call: Call) -> Verdict | None:
        """Before those that only silence."""
        return self.desk.verdict(call)

    @hookimpl
    def callmanager_settings_sections(self) -> list[SettingsSection]:
        return [
            SettingsSection(
                id="blocking",
                title="Blocked Numbers",
                model=BlockingSettings,
                icon="block",
                order=60,
                extra=self._build_list,
            )
        ]

    @hookimpl
    def callmanager_call_actions(self) -> list[CallAction]:
        return [
            CallAction(
                id="blocking.block",
                label="Block number",
                icon="block",
                order=900,
                run=self._block_caller,
                available=self._may_block,
            )
        ]

    @hookimpl
    def callmanager_contact_actions(self) -> list[ContactAction]:
        return [
            ContactAction(
                id="blocking.block",
                label="Block number",
                icon="block",
                order=900,
                run=self._block_contact,
                available=lambda contact: self._blocked(contact) in {"none", "some"},
            ),
            ContactAction(
                id="blocking.unblock",
                label="Unblock number",
                icon="block",
                order=901,
                run=self._unblock_contact,
                available=lambda contact: self._blocked(contact) in {"all", "some"},
            ),
        ]

    @hookimpl
    def callmanager_history_actions(self) -> list[HistoryAction]:
        return [
            HistoryAction(
                id="blocking.block",
                label="Block number",
                icon="block",
                order=900,
                run=lambda record: self.desk.block([record.remote], note=record.name),
                available=lambda record: self.desk.can_block(record.remote),
            ),
            HistoryAction(
                id="blocking.unblock",
                label="Unblock number",
                icon="block",
                order=901,
                run=self._unblock_record,
                available=lambda record: self.desk.entry_of(record.remote) is not None,
            ),
        ]

    @hookimpl
    def callmanager_palette_commands(self) -> list[PaletteCommand]:
        return [
            PaletteCommand(
                id="blocking.ringing",
                title="Block the number that calls",
                icon="block",
                run=self._block_ringing,
                available=lambda: self._ringing() is not None,
                keywords=("spam", "refuse", "blacklist"),
                order=10,
            )
        ]

    # ----------------------------------------------------------------------------------------------------------- internal

    def _build_list(self, kit: UiKit) -> QWidget:
        from callmanager_call_control.blocking.panel import BlockedNumbers

        return BlockedNumbers(self.desk, kit)

    def _may_block(self, call: Call) -> bool:
        return self.desk.may_block(call)

    async def _block_caller(self, call: Call) -> None:
        await self.desk.block_caller(call)

    def _ringing(self) -> Call | None:
        return next(
            (call for call in self._ctx.calls.current() if call.answered_at is None and self.desk.may_block(call)), None
        )

    async def _block_ringing(self) -> None:
        call = self._ringing()
        if call is not None:
            await self.desk.block_caller(call)

    def _blocked(self, contact: Contact) -> str:
        """`all`, `some` or `none` of the contact's numbers; `nothing` where it has none that could be."""
        from callmanager_call_control.blocking.desk import parties_of

        parties = parties_of(contact)
        if not parties:
            return "nothing"
        blocked = [self.desk.entry_of(party) is not None for party in parties]
        return "all" if all(blocked) else "some" if any(blocked) else "none"

    async def _block_contact(self, contact: Contact) -> None:
        from callmanager_call_control.blocking.desk import parties_of

        await self.desk.block(parties_of(contact), note=contact.name)

    async def _unblock_contact(self, contact: Contact) -> None:
        from callmanager_call_control.blocking.desk import parties_of

        found = {entry.id: entry for party in parties_of(contact) if (entry := self.desk.entry_of(party)) is not None}
        await self.desk.unblock(found.values())

    async def _unblock_record(self, record: CallRecord) -> None:
        entry = self.desk.entry_of(record.remote)
        if entry is not None:
            await self.desk.unblock([entry])

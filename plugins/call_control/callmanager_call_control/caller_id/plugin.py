"""Caller ID: which of the company's numbers the other side sees."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING

from callmanager.api import (
    Call,
    CallerCard,
    CallerDetails,
    CallRequest,
    Contact,
    ContactAction,
    HeaderItem,
    PaletteCommand,
    Permissions,
    PluginContext,
    SettingsSection,
    UiKit,
    hookimpl,
)

from callmanager_call_control.caller_id.settings import CallerIdSettings

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from callmanager_call_control.caller_id.desk import CallerIdDesk


class CallerId:
    """Sends P-Asserted-Identity with calls, and lets the user choose it in the header, by rule, and for one call."""

    title = "Caller ID"
    summary = "Choose which of your company's numbers people see when you call."
    icon = "phone-out"
    permissions = Permissions(call_information=True)

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx

    @cached_property
    def desk(self) -> CallerIdDesk:
        """Made after the launch."""
        from callmanager_call_control.caller_id.desk import CallerIdDesk

        return CallerIdDesk(self._ctx)

    @hookimpl
    def callmanager_started(self) -> None:
        self._ctx.tasks.start(self.desk.warm_up(), name="loading the tables of numbers")

    @hookimpl
    def callmanager_settings_sections(self) -> list[SettingsSection]:
        return [
            SettingsSection(
                id="caller_id",
                title="Caller ID",
                model=CallerIdSettings,
                icon="phone-out",
                order=20,
                extra=self._build_list,
            )
        ]

    @hookimpl
    def callmanager_prepare_outgoing(self, request: CallRequest) -> CallRequest | None:
        return self.desk.prepared(request)

    @hookimpl
    def callmanager_header_items(self) -> list[HeaderItem]:
        return [HeaderItem(id="caller_id", build=self._build_choice, order=20)]

    @hookimpl
    def callmanager_caller_cards(self) -> list[CallerCard]:
        return [CallerCard(id="caller_id.line", look_up=self._line_called, order=10)]

    @hookimpl
    def callmanager_palette_commands(self) -> list[PaletteCommand]:
        labels = [one.label for one in self.desk.identities]
        if not labels:
            return []
        words = ("caller", "identity", "number", "outgoing")
        named = [(label, label) for label in labels] + [("", "the extension's own number")]
        return [
            *(
                PaletteCommand(
                    id=f"caller_id.next.{label}",
                    title=f"Call as {words_of} (next call only)",
                    icon="phone-out",
                    run=partial(self._choose_next, label),
                    keywords=words,
                    order=40,
                )
                for label, words_of in named
            ),
            *(
                PaletteCommand(
                    id=f"caller_id.use.{label}",
                    title=f"Caller ID: {words_of}",
                    icon="phone-out",
                    run=partial(self._choose, label),
                    keywords=words,
                    order=41,
                )
                for label, words_of in named
            ),
        ]

    @hookimpl
    def callmanager_contact_actions(self) -> list[ContactAction]:
        if not self.desk.identities:
            return []
        active = self.desk.active
        label = active.label if active is not None else "my extension"
        return [
            ContactAction(
                id="caller_id.always",
                label=f"Always call as {label}",
                icon="phone-out",
                run=self._always,
                available=lambda contact: not self.desk.rule_for(contact),
                order=500,
            ),
            ContactAction(
                id="caller_id.forget",
                label="Call with the usual caller ID",
                icon="phone-out",
                run=self._forget,
                available=self._has_rule,
                order=501,
            ),
        ]

    # ----------------------------------------------------------------------------------------------------------- internal

    def _build_list(self, kit: UiKit) -> QWidget:
        from callmanager_call_control.caller_id.panel import CallerIds

        return CallerIds(self.desk, kit)

    def _build_choice(self, kit: UiKit) -> QWidget:
        from callmanager_call_control.caller_id.panel import choice_button

        return choice_button(self.desk, kit)

    async def _line_called(self, call: Call) -> CallerDetails | None:
        return await self.desk.line_called(call)

    async def _choose(self, label: str) -> None:
        self.desk.choose(label)

    async def _choose_next(self, label: str) -> None:
        self.desk.choose_next(label)

    def _has_rule(self, contact: Contact) -> bool:
        return self.desk.rule_for(contact)

    async def _always(self, contact: Contact) -> None:
        self.desk.always(contact)

    async def _forget(self, contact: Contact) -> None:
        self.desk.forget(contact)

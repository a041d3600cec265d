"""What the phone calls: hook implementations only."""

from callmanager.api import (
    Call,
    CallAction,
    CallerCard,
    CallerDetails,
    ContactSource,
    MessageTransport,
    Panel,
    PanelArea,
    Permissions,
    PluginContext,
    SettingsSection,
    UiKit,
    hookimpl,
)

from crm_lookup.card import look_up
from crm_lookup.client import CrmClient
from crm_lookup.people import CrmPeople
from crm_lookup.settings import CrmLookupSettings
from crm_lookup.texts import CrmTexts


class CrmLookup:
    """Customers of a CRM: who is calling, whom to call, what was said."""

    permissions = Permissions(
        network=("*",),  # the address is the customer's own, from Settings
        call_information=True,
        call_control=True,
        contacts=True,
        messages=True,
        secrets=True,
    )

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self._client = CrmClient(ctx)

    @hookimpl
    def callmanager_settings_sections(self) -> list[SettingsSection]:
        return [SettingsSection(id="crm_lookup", title="CRM", model=CrmLookupSettings, icon="user")]

    @hookimpl
    def callmanager_contact_sources(self) -> list[ContactSource]:
        return [CrmPeople(self._client)]

    @hookimpl
    def callmanager_message_transports(self) -> list[MessageTransport]:
        return [CrmTexts(self._ctx, self._client)]

    @hookimpl
    def callmanager_caller_cards(self) -> list[CallerCard]:
        return [CallerCard(id="crm_lookup.customer", look_up=self._look_up)]

    @hookimpl
    def callmanager_call_actions(self) -> list[CallAction]:
        return [
            CallAction(
                id="crm_lookup.log",
                label="Log in CRM",
                icon="check",
                run=self._log_call,
                available=lambda call: call.answered_at is not None,
            )
        ]

    @hookimpl
    def callmanager_panels(self) -> list[Panel]:
        return [Panel(id="crm_lookup.customers", title="Customers", icon="user", area=PanelArea.SIDE, build=self._build_panel)]

    async def _look_up(self, call: Call) -> CallerDetails | None:
        return await look_up(self._ctx, self._client, call)

    async def _log_call(self, call: Call) -> None:
        await self._client.post("calls", {"number": call.remote.number, "began": call.created_at.isoformat()})
        self._ctx.notices.post("The call is in the CRM.")

    def _build_panel(self, kit: UiKit) -> "QWidget":  # noqa: F821 - Qt loads with the panel
        from crm_lookup.panel import CustomersPanel

        return CustomersPanel(self._ctx, kit)

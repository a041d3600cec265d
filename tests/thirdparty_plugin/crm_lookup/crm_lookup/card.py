"""What the CRM knows of whoever is on the line."""

from callmanager.api import Call, CallerDetails, PluginContext

from crm_lookup.client import CrmClient
from crm_lookup.people import SOURCE, key_of


async def look_up(ctx: PluginContext, client: CrmClient, call: Call) -> CallerDetails | None:
    """The customer's tickets; none for who is no customer."""
    match = ctx.contacts.match(call.remote.number)
    if match is None or match.contact.source_id != SOURCE:
        return None
    key = key_of(match.contact.id)
    tickets = await client.get(f"customers/{key}/tickets")
    return CallerDetails(
        title=match.contact.company,
        lines=(("Open tickets", str(tickets["open"])), ("Last", str(tickets["last"]))),
        link=str(tickets["link"]),
    )

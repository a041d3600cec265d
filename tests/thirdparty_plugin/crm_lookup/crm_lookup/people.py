"""The customers of the CRM as contacts of the phone."""

from typing import Any

from callmanager.api import Contact, ContactBatch, ContactId, NumberKind, PhoneNumber, SyncToken, contact_id

from crm_lookup.client import CrmClient

SOURCE = "crm_lookup"


class CrmPeople:
    """A contact source. The phone decides when to ask, keeps the last good answer, and finds names by number."""

    id = SOURCE
    label = "CRM customers"
    refresh_seconds = 300.0

    def __init__(self, client: CrmClient) -> None:
        self._client = client

    async def fetch(self, since: SyncToken | None) -> ContactBatch:
        document = await self._client.get("customers", since=since or "")
        return ContactBatch(
            contacts=tuple(_contact(entry) for entry in document["customers"]),
            removed=tuple(contact_id(SOURCE, str(key)) for key in document["removed"]),
            complete=since is None,
            token=SyncToken(str(document["token"])),
        )


def key_of(identity: ContactId) -> str:
    """The CRM's own key of one of its contacts."""
    return identity.removeprefix(f"{SOURCE}/")


def _contact(entry: dict[str, Any]) -> Contact:
    return Contact(
        id=contact_id(SOURCE, str(entry["id"])),
        source_id=SOURCE,
        name=str(entry["name"]),
        company=str(entry["company"]),
        numbers=tuple(PhoneNumber(number=str(number), kind=NumberKind.WORK) for number in entry["phones"]),
    )

"""Text messages through the CRM."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from callmanager.api import (
    DeliveryRefused,
    IncomingMessage,
    Inlet,
    OutgoingMessage,
    PluginContext,
    Receipt,
    TransportAbilities,
)

from crm_lookup.client import CrmClient
from crm_lookup.settings import CrmLookupSettings

POLL_SECONDS = 15.0


class CrmTexts:
    """A message transport. The phone stores what is sent before it asks us, and decides what is repeated.

    The CRM knows a message by its key, so one that is repeated after a lost answer is no second message. A carrier without such
    a key would want `DeliveryUncertain` where the answer was lost.
    """

    id = "crm_lookup.texts"
    label = "CRM text messages"
    abilities = TransportAbilities(text_limit=480)

    def __init__(self, ctx: PluginContext, client: CrmClient) -> None:
        self._ctx = ctx
        self._client = client

    def senders(self) -> Sequence[str]:
        sender = self._ctx.settings.get(CrmLookupSettings).sender
        return (sender,) if sender else ()

    async def send(self, message: OutgoingMessage) -> Receipt:
        document = {"key": message.id, "from": message.own, "to": message.peer, "text": message.text}
        answer = await self._client.post("messages", document)
        if "refused" in answer:
            raise DeliveryRefused(str(answer["refused"]))
        return Receipt(remote_id=str(answer["id"]))

    async def run(self, inlet: Inlet) -> None:
        after = ""
        while True:
            document = await self._client.get("messages", after=after)
            for entry in document["messages"]:
                await inlet.receive(
                    IncomingMessage(
                        remote_id=str(entry["id"]),
                        own=str(entry["to"]),
                        peer=str(entry["from"]),
                        text=str(entry["text"]),
                        at=datetime.fromisoformat(entry["at"]),
                    )
                )
                after = str(entry["id"])
            await asyncio.sleep(POLL_SECONDS)

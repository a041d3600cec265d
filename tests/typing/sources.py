"""Type-checked, never run: what a plugin provides fits the protocols, and what does not is a mistake before it runs."""

from collections.abc import Callable, Sequence

from callmanager.api import (
    Contact,
    ContactAction,
    ContactBatch,
    ContactSource,
    DeliveryRefused,
    DeliveryUncertain,
    Handle,
    Inlet,
    MessageTransport,
    OutgoingMessage,
    PaletteCommand,
    PluginContext,
    Presence,
    PresenceSource,
    PresenceStatus,
    Receipt,
    SyncToken,
    TransportAbilities,
    contact_id,
    hookimpl,
)


class People:
    id = "crm"
    label = "CRM"
    refresh_seconds = 300.0

    async def fetch(self, since: SyncToken | None) -> ContactBatch:
        person = Contact(id=contact_id("crm", "7"), source_id="crm", name="Maria Lindqvist")
        return ContactBatch(contacts=(person,), complete=since is None, token=SyncToken("8"))


class Watch:
    id = "ami"
    label = "Asterisk"

    async def run(self, publish: Callable[[Sequence[Presence]], None]) -> None:
        publish([Presence(handle=Handle("2001"), status=PresenceStatus.AVAILABLE)])
        publish([Presence(handle="2001", status=PresenceStatus.AVAILABLE)])  # type: ignore[arg-type]


class Sms:
    id = "sms"
    label = "SMS"
    abilities = TransportAbilities(attachments=True)

    def senders(self) -> Sequence[str]:
        return ("+15550100100",)

    async def send(self, message: OutgoingMessage) -> Receipt:
        if not message.text:
            raise DeliveryRefused("the message is empty", "Write something.")
        raise DeliveryUncertain("the carrier did not answer")

    async def run(self, inlet: Inlet) -> None:
        await inlet.receive("a message")  # type: ignore[arg-type]


class Deaf:
    id = "deaf"
    label = "Deaf"

    def senders(self) -> Sequence[str]:
        return ()


class Provider:
    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx

    @hookimpl
    def callmanager_contact_sources(self) -> list[ContactSource]:
        return [People()]

    @hookimpl
    def callmanager_presence_sources(self) -> list[PresenceSource]:
        return [Watch()]

    @hookimpl
    def callmanager_message_transports(self) -> list[MessageTransport]:
        return [
            Sms(),
            Deaf(),  # type: ignore[list-item]
        ]

    @hookimpl
    def callmanager_contact_actions(self) -> list[ContactAction]:
        return [ContactAction(id="crm.open", label="Open in CRM", icon="user", run=self._open)]

    @hookimpl
    def callmanager_palette_commands(self) -> list[PaletteCommand]:
        return [PaletteCommand(id="crm.sync", title="Sync CRM", icon="redial", run=self._sync)]

    async def _open(self, contact: Contact) -> None:
        status: PresenceStatus = self._ctx.presence.get(contact.extension).status
        print(status)

    async def _sync(self) -> None: ...

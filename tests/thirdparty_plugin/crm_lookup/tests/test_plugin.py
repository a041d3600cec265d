"""The plugin in a headless phone, against a real CRM on loopback."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from callmanager.api import (
    Call,
    CallerDetails,
    CallState,
    DeliveryRefused,
    IncomingMessage,
    MessageId,
    NoticePosted,
    OutgoingMessage,
    PluginState,
    SourceStanding,
    Unreachable,
)
from callmanager.testing import Harness, running
from callmanager.testing.conformance import check_hooks
from crm_lookup.panel import CustomersPanel
from crm_lookup.people import SOURCE
from crm_lookup.plugin import CrmLookup
from crm_lookup.settings import CrmLookupSettings
from crm_server import TOKEN, CrmServer
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication


@pytest.fixture
def crm() -> Iterator[CrmServer]:
    with CrmServer() as server:
        yield server


@pytest.fixture
async def phone(crm: CrmServer, tmp_path: Path) -> AsyncIterator[Harness]:
    """A phone that is registered, with the installed plugin set up."""
    async with running(tmp_path, installed=["crm_lookup"]) as started:
        await started.connect()
        started.app.settings.update(CrmLookupSettings, url=crm.url, sender="+15550100100")
        await started.app.settings.set_secret(CrmLookupSettings, "token", TOKEN)
        yield started


def plugin(phone: Harness) -> CrmLookup:
    return phone.app.plugins._entries["crm_lookup"].instance


def standing(phone: Harness) -> SourceStanding | None:
    return next((state.standing for state in phone.app.contacts.sources() if state.id == SOURCE), None)


async def customers(phone: Harness) -> None:
    await phone.until(lambda: len(phone.app.contacts.contacts(SOURCE)) == 2)


def test_the_hooks_are_those_of_the_contract() -> None:
    assert check_hooks(CrmLookup) == []


async def test_customers_are_contacts_of_the_phone(phone: Harness) -> None:
    await customers(phone)
    assert [contact.name for contact in phone.app.contacts.contacts(SOURCE)] == ["Maria Lindqvist", "Tom Weaver"]
    assert phone.app.contacts.match("15550100199").contact.name == "Maria Lindqvist"


async def test_without_an_address_it_waits_and_a_wrong_token_is_said_once(crm: CrmServer, tmp_path: Path) -> None:
    async with running(tmp_path, installed=["crm_lookup"]) as phone:
        await phone.until(lambda: standing(phone) is SourceStanding.NOT_CONFIGURED)
        phone.app.settings.update(CrmLookupSettings, url=crm.url)
        await phone.until(lambda: standing(phone) is SourceStanding.SIGN_IN)
        await phone.app.settings.set_secret(CrmLookupSettings, "token", TOKEN)
        await customers(phone)
        assert phone.app.problems.current() == ()


async def test_a_caller_is_shown_with_open_tickets(phone: Harness) -> None:
    await customers(phone)
    (card,) = phone.app.caller_cards()
    call = phone.app.calls.get(phone.engine.arrive("+15550100199"))
    assert await card.value.look_up(call) == CallerDetails(
        title="Lindqvist AB",
        lines=(("Open tickets", "2"), ("Last", "printer on fire")),
        link="https://crm.example.com/customers/7",
    )
    assert await card.value.look_up(phone.app.calls.get(phone.engine.arrive("2002"))) is None


async def test_a_call_is_logged_when_somebody_asks_for_it(phone: Harness, crm: CrmServer) -> None:
    call_id = phone.app.calls.dial("5550100142")
    (action,) = [owned.value for owned in phone.app.call_actions() if owned.plugin_id == "crm_lookup"]
    assert not action.available(phone.app.calls.get(call_id))
    phone.engine.far_end_answers(call_id)
    call: Call = phone.app.calls.get(call_id)
    assert (call.state, action.available(call)) == (CallState.CONNECTED, True)
    await action.run(call)
    assert crm.calls[0]["number"] == "5550100142"
    assert phone.published(NoticePosted)[-1].notice.text == "The call is in the CRM."


async def test_messages_are_sent_once_each_and_a_refusal_is_told(phone: Harness, crm: CrmServer) -> None:
    (transport,) = [owned.value for owned in phone.app.plugins.hooks.message_transports()]
    assert transport.senders() == ("+15550100100",)
    message = OutgoingMessage(id=MessageId("1"), own="+15550100100", peer="+15550100199", text="hello")
    assert (await transport.send(message)).remote_id == "sent-1"
    assert (await transport.send(message)).remote_id == "sent-1"
    assert len(crm.messages) == 1
    crm.refusal = "the number can't receive texts"
    with pytest.raises(DeliveryRefused, match="can't receive"):
        await transport.send(OutgoingMessage(id=MessageId("2"), own="+15550100100", peer="1", text="hello"))
    crm.status = 503
    with pytest.raises(Unreachable):
        await transport.send(message)


async def test_messages_come_in_order(phone: Harness, crm: CrmServer) -> None:
    crm.incoming = [
        {"id": str(number), "from": "+15550100199", "to": "+15550100100", "text": text, "at": "2026-01-02T03:04:05+00:00"}
        for number, text in enumerate(("hi", "are you there?"))
    ]
    came: list[IncomingMessage] = []

    class Inlet:
        async def receive(self, message: IncomingMessage) -> None:
            came.append(message)

    (transport,) = [owned.value for owned in phone.app.plugins.hooks.message_transports()]
    phone.app.tasks.start(transport.run(Inlet()), name="texts")
    await phone.until(lambda: len(came) == 2)
    assert [message.text for message in came] == ["hi", "are you there?"]


class Kit:
    """The little that the panel asks of the phone's kit."""

    def icon(self, name: str) -> QIcon:
        return QIcon()


async def test_the_panel_lists_customers_and_calls_one(phone: Harness) -> None:
    application = QApplication.instance() or QApplication([])
    (panel,) = [owned.value for owned in phone.app.panels()]
    widget = panel.build(Kit())
    assert isinstance(widget, CustomersPanel)
    await phone.until(lambda: widget.list.count() == 2)
    widget.list.itemActivated.emit(widget.list.item(0))
    assert phone.app.calls.current()[0].remote.number == "+15550100199"
    widget.deleteLater()
    QCoreApplication.sendPostedEvents(widget, QEvent.Type.DeferredDelete)
    assert application is not None


async def test_switched_off_it_leaves_nothing_behind(phone: Harness) -> None:
    await customers(phone)
    await phone.app.plugins.disable("crm_lookup")
    assert list(phone.app.contacts.contacts(SOURCE)) == []
    assert (phone.app.panels(), phone.app.caller_cards(), phone.app.call_actions()) == ([], [], [])
    assert phone.app.plugins.state("crm_lookup") is PluginState.DISABLED
    await phone.app.plugins.enable("crm_lookup")
    await customers(phone)

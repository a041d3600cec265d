"""Messages in the whole application: plugins carry, read and answer them, and come and go."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import attrs
import pytest
from callmanager.api import (
    ContactSource,
    Delivery,
    IncomingMessage,
    Message,
    MessageTransport,
    NoticePosted,
    Permissions,
    PluginContext,
    SourceStanding,
    Unreachable,
    UserError,
    hookimpl,
)
from callmanager.settings.core_sections import DialingSettings
from callmanager.testing import FakeContactSource, FakeTransport, Harness, make, running
from message_bench.service import OWN

ANN = "+12025550123"


class Carrier:
    """A plugin with a transport; the test finds the last one made in `made`."""

    permissions = Permissions(messages=True)

    made: ClassVar[list[FakeTransport]]

    def __init__(self, ctx: PluginContext) -> None:
        self.transport = FakeTransport()
        self.made.append(self.transport)

    @hookimpl
    def callmanager_message_transports(self) -> list[MessageTransport]:
        return [self.transport]


class Answering:
    """A plugin that answers each message."""

    permissions = Permissions(messages=True)

    def __init__(self, ctx: PluginContext) -> None:
        self.ctx = ctx

    @hookimpl
    def callmanager_message_received(self, message: Message) -> None:
        self.ctx.tasks.start(self._answer(message), name="answer")

    async def _answer(self, message: Message) -> None:
        await self.ctx.messages.send(message.own, message.peer, f"you said: {message.text}")


def carrier() -> type[Carrier]:
    class Fresh(Carrier):
        made: ClassVar[list[FakeTransport]] = []

    return Fresh


def incoming(harness: Harness, text: str = "hello") -> IncomingMessage:
    return IncomingMessage(remote_id=text, own=OWN, peer=ANN, text=text, at=harness.clock())


async def reason_of(harness: Harness, message: Message) -> tuple[Delivery | None, str]:
    found = await harness.app.messages.get(message.id)
    assert found
    return found.delivery, found.reason


async def until(harness: Harness, message: Message, delivery: Delivery) -> None:
    async with asyncio.timeout(5):
        while (await reason_of(harness, message))[0] is not delivery:  # noqa: ASYNC110 - any condition
            await asyncio.sleep(0.002)


async def test_a_plugin_answers_what_another_one_carries(tmp_path: Path) -> None:
    plugin = carrier()
    async with running(tmp_path, plugins={"carrier": plugin, "answering": Answering}) as harness:
        (transport,) = plugin.made
        await harness.until(lambda: transport.running)
        await transport.come_in(incoming(harness))
        await harness.until(lambda: len(transport.asked) == 1)
        assert transport.asked[0].text == "you said: hello"
        assert harness.app.messages.unread == 1
        (state,) = harness.app.messages.transports()
        assert (state.plugin_id, state.standing) == ("carrier", SourceStanding.WORKING)


async def test_a_message_waits_while_its_plugin_is_switched_off(tmp_path: Path) -> None:
    plugin = carrier()
    async with running(tmp_path, plugins={"carrier": plugin}) as harness:
        await harness.until(lambda: plugin.made[0].running)
        plugin.made[0].answers.append(Unreachable("down"))
        message = await harness.app.messages.send("", ANN, "hello")
        await harness.until(lambda: plugin.made[0].asked)
        await until(harness, message, Delivery.QUEUED)
        await harness.app.plugins.disable("carrier")
        await harness.until(lambda: not plugin.made[0].running)
        async with asyncio.timeout(5):
            while (await reason_of(harness, message))[1] != "no way to send text messages is set up":  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.002)
        await harness.app.plugins.enable("carrier")
        await until(harness, message, Delivery.SENT)
        assert [one.text for one in plugin.made[-1].asked] == ["hello"]


async def test_a_transport_that_is_switched_off_while_it_sends_may_still_answer(tmp_path: Path) -> None:
    plugin = carrier()
    async with running(tmp_path, plugins={"carrier": plugin}) as harness:
        await harness.until(lambda: plugin.made[0].running)
        plugin.made[0].hold()
        message = await harness.app.messages.send(OWN, ANN, "hello")
        await until(harness, message, Delivery.SENDING)
        await harness.app.plugins.disable("carrier")
        plugin.made[0].release()
        await until(harness, message, Delivery.SENT)


async def test_what_waited_is_sent_at_the_next_start(tmp_path: Path) -> None:
    async with running(tmp_path) as harness:
        message = await harness.app.messages.send(OWN, ANN, "hello")
    plugin = carrier()
    async with running(tmp_path, plugins={"carrier": plugin}) as harness:
        await until(harness, message, Delivery.SENT)
        assert not harness.published(NoticePosted)


async def test_an_application_that_nobody_writes_with_makes_no_file(tmp_path: Path) -> None:
    plugin = carrier()
    async with running(tmp_path, plugins={"carrier": plugin}) as harness:
        await harness.until(lambda: plugin.made[0].running)
        file = harness.app.paths.data / "messages.sqlite3"
    assert not file.exists()
    harness = make(tmp_path)
    await harness.app.stop()


async def test_who_asks_for_messages_while_the_plugins_are_built_gets_them_before_the_start(tmp_path: Path) -> None:
    class Early(Carrier):
        made: ClassVar[list[FakeTransport]] = []

        def __init__(self, ctx: PluginContext) -> None:
            super().__init__(ctx)
            self.unread = ctx.messages.unread

    async with running(tmp_path, plugins={"carrier": Early}) as harness:
        await harness.until(lambda: Early.made[0].running)


async def test_after_the_end_messages_are_refused_politely(tmp_path: Path) -> None:
    async with running(tmp_path) as harness:
        pass
    with pytest.raises(UserError, match="can't be saved"):
        await harness.app.messages.send(OWN, ANN, "too late")


@pytest.mark.parametrize("told_by", ["settings", "computer"])
async def test_numbers_are_read_as_those_of_the_country_of_contacts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told_by: str
) -> None:
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8" if told_by == "settings" else "de_DE.UTF-8")
    people = FakeContactSource()
    people.put("1", "Maria", "0151 23456789")
    plugin = carrier()

    class Crm:
        def __init__(self, ctx: PluginContext) -> None: ...

        @hookimpl
        def callmanager_contact_sources(self) -> list[ContactSource]:
            return [people]

    async with running(tmp_path, plugins={"carrier": plugin, "crm": Crm}) as harness:
        if told_by == "settings":
            harness.app.settings.update(DialingSettings, country="DE")
        (transport,) = plugin.made
        await harness.until(lambda: transport.running and bool(harness.app.contacts.people()))
        message = await harness.app.messages.send("", "0151 / 234 567 89", "hallo")
        await until(harness, message, Delivery.SENT)
        assert transport.asked[0].peer == "+4915123456789"
        await transport.come_in(attrs.evolve(incoming(harness), peer="004915123456789"))
        (conversation,) = await harness.app.messages.conversations()
        match = harness.app.contacts.match(conversation.key.peer)
        assert match is not None
        assert match.contact.name == "Maria"


async def test_another_country_in_settings_counts_for_the_next_message(tmp_path: Path) -> None:
    plugin = carrier()
    async with running(tmp_path, plugins={"carrier": plugin}) as harness:
        await harness.until(lambda: plugin.made[0].running)
        for country, peer in (("US", "015123456789"), ("DE", "+4915123456789")):
            harness.app.settings.update(DialingSettings, country=country)
            assert (await harness.app.messages.send(OWN, "0151 23456789", "hi")).peer == peer


def test_importing_the_application_does_not_load_what_keeps_and_sends_messages() -> None:
    heavy = ["sqlite3", "phonenumbers", "callmanager.messaging.mailbox"]
    code = f"import callmanager.app, sys; print([name for name in {heavy} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.strip() == "[]"

"""A plugin that implements every hook of the contract, each in the smallest way that does something."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import attrs
from callmanager.api import (
    Call,
    CallAction,
    CallEngine,
    CallerCard,
    CallerDetails,
    CallPairAction,
    CallRecord,
    CallRequest,
    CliCommand,
    Contact,
    ContactAction,
    ContactBatch,
    ContactSource,
    Header,
    HeaderItem,
    HistoryAction,
    Inlet,
    Match,
    Message,
    MessageTransport,
    OutgoingMessage,
    PaletteCommand,
    Panel,
    PanelArea,
    ParkingSource,
    Permissions,
    PluginContext,
    PresenceSource,
    Receipt,
    SettingsSection,
    SyncToken,
    TransportAbilities,
    UiKit,
    Verdict,
    VoicemailStore,
    contact_id,
    hookimpl,
    setting,
)
from callmanager.testing import FakeEngine, FakeParkingSource, FakePresenceSource, FakeVoicemailStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget


@attrs.frozen(kw_only=True)
class SampleSettings:
    prefix: str = setting("9", label="Outside line")


class People:
    id = "sample"
    label = "Sample people"
    refresh_seconds = 3600.0

    async def fetch(self, since: SyncToken | None) -> ContactBatch:
        return ContactBatch(contacts=(Contact(id=contact_id("sample", "1"), source_id="sample", name="Ann", extension="2002"),))


class Texts:
    id = "sample.texts"
    label = "Sample texts"
    abilities = TransportAbilities()

    def senders(self) -> tuple[str, ...]:
        return ("+15550100100",)

    async def send(self, message: OutgoingMessage) -> Receipt:
        return Receipt(remote_id=f"r-{message.id}")

    async def run(self, inlet: Inlet) -> None:
        import asyncio

        await asyncio.Event().wait()


class Sample:
    permissions = Permissions(
        call_information=True, call_control=True, contacts=True, presence=True, messages=True, voicemail=True
    )

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self.engine = FakeEngine()
        self.told: list[str] = []
        self.presence = FakePresenceSource("sample.presence")
        self.parking = FakeParkingSource("sample.parking")
        self.voicemail = FakeVoicemailStore("sample.voicemail")

    @hookimpl
    def callmanager_started(self) -> None:
        self.told.append("started")

    @hookimpl
    def callmanager_stopping(self) -> None:
        self.told.append("stopping")

    @hookimpl
    def callmanager_cli_commands(self) -> list[CliCommand]:
        async def run(_arguments: argparse.Namespace) -> int:
            return 0

        return [CliCommand(name="sample", help="do nothing", configure=lambda _parser: None, run=run)]

    @hookimpl
    def callmanager_call_engine(self) -> CallEngine | None:
        return self.engine

    @hookimpl
    def callmanager_screen_incoming(self, call: Call) -> Verdict | None:
        return Verdict(reason="on the list") if call.remote.number == "666" else None

    @hookimpl
    def callmanager_rewrite_number(self, number: str) -> str | None:
        return self._ctx.settings.get(SampleSettings).prefix + number if len(number) == 10 else None

    @hookimpl
    def callmanager_prepare_outgoing(self, request: CallRequest) -> CallRequest | None:
        return attrs.evolve(request, headers=(Header(name="X-Line", value="2"),))

    @hookimpl
    def callmanager_call_actions(self) -> list[CallAction]:
        return [CallAction(id="sample.act", label="Act", icon="check", run=self._act, available=lambda call: call.live)]

    @hookimpl
    def callmanager_call_pair_actions(self) -> list[CallPairAction]:
        return [
            CallPairAction(
                id="sample.pair", label=lambda _one, _other: "Pair", icon="check", run=self._pair, available=lambda *_: True
            )
        ]

    @hookimpl
    def callmanager_hand_over(self, call: Call, target: str, name: str) -> Callable[[], None] | None:
        return lambda: self.told.append(f"{call.remote.number} to {target} {name}") if target == "777" else None

    @hookimpl
    def callmanager_caller_cards(self) -> list[CallerCard]:
        return [CallerCard(id="sample.card", look_up=self._look_up)]

    @hookimpl
    def callmanager_call_ended(self, record: CallRecord) -> None:
        self.told.append(f"ended {record.remote.number}")

    @hookimpl
    def callmanager_contact_sources(self) -> list[ContactSource]:
        return [People()]

    @hookimpl
    def callmanager_match_number(self, number: str) -> Match | None:
        known = Contact(id=contact_id("sample", "2"), source_id="sample", name="Bob")
        return Match(contact=known, number=number) if number == "2003" else None

    @hookimpl
    def callmanager_presence_sources(self) -> list[PresenceSource]:
        return [self.presence]

    @hookimpl
    def callmanager_parking_sources(self) -> list[ParkingSource]:
        return [self.parking]

    @hookimpl
    def callmanager_message_transports(self) -> list[MessageTransport]:
        return [Texts()]

    @hookimpl
    def callmanager_message_received(self, message: Message) -> None:
        self.told.append(f"received {message.text}")

    @hookimpl
    def callmanager_message_sent(self, message: Message) -> None:
        self.told.append(f"sent {message.text}")

    @hookimpl
    def callmanager_voicemail_stores(self) -> list[VoicemailStore]:
        return [self.voicemail]

    @hookimpl
    def callmanager_panels(self) -> list[Panel]:
        return [Panel(id="sample.panel", title="Sample", icon="user", area=PanelArea.SIDE, build=self._build)]

    @hookimpl
    def callmanager_header_items(self) -> list[HeaderItem]:
        return [HeaderItem(id="sample.header", build=self._build)]

    @hookimpl
    def callmanager_settings_sections(self) -> list[SettingsSection]:
        return [SettingsSection(id="sample", title="Sample", model=SampleSettings)]

    @hookimpl
    def callmanager_contact_actions(self) -> list[ContactAction]:
        return [ContactAction(id="sample.greet", label="Greet", icon="user", run=self._greet)]

    @hookimpl
    def callmanager_history_actions(self) -> list[HistoryAction]:
        return [HistoryAction(id="sample.file", label="File", icon="folder", run=self._file)]

    @hookimpl
    def callmanager_palette_commands(self) -> list[PaletteCommand]:
        return [PaletteCommand(id="sample.say", title="Say hello", icon="info", run=self._say)]

    async def _pair(self, call: Call, other: Call) -> None:
        """Nothing."""

    async def _act(self, call: Call) -> None:
        self._ctx.calls.hang_up(call.id)

    async def _look_up(self, call: Call) -> CallerDetails | None:
        return CallerDetails(title=f"known as {call.remote.number}")

    async def _greet(self, contact: Contact) -> None:
        self._ctx.notices.post(f"hello {contact.name}")

    async def _file(self, record: CallRecord) -> None:
        self._ctx.notices.post(f"filed {record.remote.number}")

    async def _say(self) -> None:
        self._ctx.notices.post("hello")

    def _build(self, _kit: UiKit) -> QWidget:
        from PySide6.QtWidgets import QLabel

        return QLabel("sample")

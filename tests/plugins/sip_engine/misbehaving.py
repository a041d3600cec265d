"""A phone and the far ends that are scripted for it, message by message, with SIPp: see `scenarios/`."""

import asyncio
import itertools
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pbx.accounts
from callmanager.api import CallFinished, CallId, CallMediaReported, CallProgressed, CallState, EndCause, HangUp, Transport
from far_ends.fixtures import skipping_when_missing
from far_ends.sipp import Sipp
from plugins.sip_engine.phones import Phone, account
from plugins.sip_engine.tiny_pbx import TinyPbx

SCENARIOS = Path(__file__).with_name("scenarios")
SLOTS = 4
"""Calls that the engine has room for."""


class Wilderness:
    """A registered phone without a PBX in between: it calls far ends at their own address and is called by them."""

    def __init__(self, phone: Phone, pbx: TinyPbx, folder: Path, stack: AsyncExitStack) -> None:
        self.phone = phone
        self.account = account("2001", "127.0.0.1", pbx.port, Transport.UDP)
        self._pbx, self._folder, self._stack = pbx, folder, stack
        self._numbers = itertools.count(1)

    async def register(self) -> None:
        self.phone.use_nothing()
        await self.phone.registered(self.account, "one")

    async def far_end(self, scenario: str, **options) -> Sipp:
        """A far end that listens, or calls at once when its scenario begins so; options are those of `Sipp.start`.

        Scenarios are those of `scenarios/` here and, for good manners, those of `far_ends`.
        """
        place = self._folder / f"{scenario}-{next(self._numbers)}"
        place.mkdir()
        known = pbx.accounts.Account(
            extension="2001", user="2001", auth_user="2001", password="none", display_name="", host="127.0.0.1",
            kind=pbx.accounts.EndpointKind.PLAIN, mailbox="",
        )  # fmt: skip
        _, (_, port) = self._pbx.contacts["2001"]
        far = Sipp(known, folder=place, local_address="127.0.0.1", peer_port=port)
        self._stack.push_async_callback(far.stop)
        with skipping_when_missing():
            file = SCENARIOS / f"{scenario}.xml"
            await far.start(file if file.exists() else scenario, **options)
        return far

    def call(self, far: Sipp) -> CallId:
        return self.phone.place(self.account, f"sip:far@127.0.0.1:{far.port}")

    async def connected(self, call: CallId) -> None:
        await self.phone.wait(CallProgressed, lambda f: f.call_id == call and f.state is CallState.CONNECTED)

    async def heard(self, call: CallId, *, since: int = 0, **media) -> CallMediaReported:
        """The far end is heard, with these values of its media."""
        return await self.phone.wait(
            CallMediaReported,
            lambda f: (
                f.call_id == call and f.media.flowing and all(getattr(f.media, name) == value for name, value in media.items())
            ),
            since=since,
        )

    async def talk(self, far: Sipp) -> CallId:
        call = self.call(far)
        await self.connected(call)
        return call

    async def ended(self, call: CallId, **options) -> CallFinished:
        return await self.phone.wait(CallFinished, lambda f: f.call_id == call, **options)

    async def hang_up(self, call: CallId) -> CallFinished:
        self.phone.engine.submit(HangUp(call_id=call))
        end = await self.ended(call)
        assert end.end.cause is EndCause.LOCAL
        return end

    async def is_well(self, *, slots: int = SLOTS) -> None:
        """As many calls at once as there is room for are answered and heard, and nothing is left of them.

        What is still held of an earlier call shows itself here: pjsip refuses a call more than it has slots.
        """
        far = await self.far_end("answer", calls=slots)
        calls = [self.call(far) for _ in range(slots)]
        for call in calls:
            await self.connected(call)
            await self.heard(call)
        for call in calls:
            await self.hang_up(call)
        await far.finish()
        ends = [fact.call_id for fact in self.phone.of(CallFinished)]
        assert len(ends) == len(set(ends)), "a call ends once"
        begun = {fact.call_id for fact in self.phone.facts if getattr(fact, "call_id", None)}
        assert begun == set(ends), "a call is stuck"


@asynccontextmanager
async def wilderness_in(folder: Path) -> AsyncIterator[Wilderness]:
    async with TinyPbx({"2001": "one"}) as registrar, Phone(folder) as phone, AsyncExitStack() as stack:
        wild = Wilderness(phone, registrar, folder, stack)
        await wild.register()
        yield wild


class Ear(asyncio.DatagramProtocol):
    """A socket that counts the RTP it gets and sends what it is told to, from where the SDP says or from elsewhere."""

    def __init__(self) -> None:
        self.packets = 0
        self.sender: tuple[str, int] | None = None
        self._news = asyncio.Condition()
        self._sequence = itertools.count(1)
        self._transport = None

    def connection_made(self, transport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr) -> None:
        if data[1] & 0x7F == 0:  # PCMU; RTCP comes to a port of its own
            self.packets += 1
            self.sender = addr

    @property
    def port(self) -> int:
        return self._transport.get_extra_info("sockname")[1]

    async def hears(self, packets: int) -> None:
        """So many packets more have come."""
        wanted = self.packets + packets
        async with asyncio.timeout(15):
            while self.packets < wanted:  # noqa: ASYNC110 - packets come fifty times a second
                await asyncio.sleep(0.01)

    async def speak(self, to: tuple[str, int], packets: int) -> None:
        """PCMU silence, a packet each twenty milliseconds, as a phone sends it."""
        for _ in range(packets):
            number = next(self._sequence)
            head = bytes((0x80, 0)) + number.to_bytes(2, "big") + (160 * number).to_bytes(4, "big") + b"\0\0\0\7"
            self._transport.sendto(head + b"\xff" * 160, to)
            await asyncio.sleep(0.02)


@asynccontextmanager
async def ear_at(address: str) -> AsyncIterator[Ear]:
    transport, ear = await asyncio.get_running_loop().create_datagram_endpoint(Ear, local_addr=(address, 0))
    try:
        yield ear
    finally:
        transport.close()


def requests(far: Sipp, method: str) -> int:
    """How many requests of the method the far end has got, repetitions too."""
    return len(re.findall(rf"(?m)^{method} sip:\S+ SIP/2\.0\r?$", far.messages()))

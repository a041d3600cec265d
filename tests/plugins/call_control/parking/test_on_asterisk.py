"""Calls parked as a person parks them, on the real PBX with the real engine and the real AMI: who hears what at each step."""

import re
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from callmanager.api import (
    Answer,
    AudioBackendKind,
    AudioChoice,
    CallArrived,
    CallRemoved,
    CallState,
    EndCause,
    NoticePosted,
    ParkedCallChanged,
    Ring,
    Transport,
)
from callmanager.app import AppOptions
from callmanager.testing import running
from callmanager_call_control.parking.plugin import ParkingControl
from callmanager_call_control.parking.settings import ParkingSettings
from callmanager_presence_ami.plugin import PresenceAmi
from callmanager_presence_ami.settings import AmiSettings
from callmanager_sip_engine.supervisor import EngineSupervisor
from pbx.accounts import HOLD_MUSIC_HZ, Dial
from pbx.config import PbxOptions
from plugins.sip_engine.lines import account_at, line_at
from plugins.sip_engine.phones import LOG, heard, read_wav, tone_file

pytestmark = [pytest.mark.pbx, pytest.mark.timeout(150)]

OURS, CALLER, COLLEAGUE = 850.0, 1250.0, 1650.0
_PEAK = 3000
WAYS = [pytest.param(Transport.WSS, "2001", id="wss"), pytest.param(Transport.UDP, "3001", id="udp")]


class Office:
    """Our phone without its window, a caller on 3003 and a colleague on 2003, each with a tone of its own."""

    def __init__(self, phone, account, recording, pbx, caller, colleague):
        self.phone, self.account, self.recording, self.pbx = phone, account, recording, pbx
        self.caller, self.colleague = caller, colleague
        self.calls = phone.app.calls

    async def until(self, condition, seconds=15.0):
        await self.phone.until(condition, seconds=seconds)

    async def ringing(self):
        await self.until(lambda: any(call.state is CallState.RINGING for call in self.calls.current()))
        return next(call for call in self.calls.current() if call.state is CallState.RINGING)

    async def called(self):
        """The caller calls us and we talk; our call and theirs."""
        theirs = self.caller.phone.place(self.caller.account, self.account.extension)
        call = await self.ringing()
        self.calls.answer(call.id)
        await self.caller.connected(theirs)
        await self.hear(self.caller.recording, OURS)
        await self.hear(self.recording, CALLER)
        return call.id, theirs

    async def hear(self, recording, tone):
        """From now on."""
        skip = len(read_wav(recording)) if recording.exists() else 0
        await heard(recording, tone, seconds=12, skip=skip)

    async def park(self, call_id):
        (action,) = (owned.value for owned in self.phone.app.call_actions() if owned.value.id == "parking.park")
        await action.run(self.calls.get(call_id))

    async def parked(self, call_id):
        """Park it, and wait until our leg is gone; the call as it ended."""
        await self.park(call_id)
        await self.until(lambda: self.ended(call_id) is not None, seconds=20)
        return self.ended(call_id)

    def ended(self, call_id):
        return next((event.call for event in self.phone.published(CallRemoved) if event.call.id == call_id), None)

    def slots(self):
        return {call.slot: call.caller.number for call in self.phone.app.parking.calls()}

    def told(self, call_id):
        return [event.call.parked for event in self.phone.published(ParkedCallChanged) if event.call.id == call_id]

    async def answers(self, line):
        arrived = await line.phone.wait(CallArrived)
        line.submit(Ring(call_id=arrived.call_id))
        line.submit(Answer(call_id=arrived.call_id))
        await line.connected(arrived.call_id)
        return arrived.call_id

    async def nothing_left(self):
        await self.until(lambda: not self.calls.current())
        await self.pbx.until(lambda: not self.pbx.channels(), what="the channels to go")
        await self.until(lambda: not self.slots())


@pytest.fixture
def make_office(tmp_path):
    @asynccontextmanager
    async def make(pbx, *, transport=Transport.WSS, user="2001", ami=True):
        recording = tmp_path / "ours" / "heard.wav"
        recording.parent.mkdir()
        say = tone_file(tmp_path / "ours" / "say.wav", OURS, peak=_PEAK)
        options = AppOptions(
            profile=tmp_path / "profile",
            site=tmp_path / "site",
            audio=AudioChoice(backend=AudioBackendKind.FILES, input_file=say, output_file=recording),
        )
        async with AsyncExitStack() as stack:
            lines = []
            for way, other, tone in ((Transport.UDP, "3003", CALLER), (Transport.WSS, "2003", COLLEAGUE)):
                folder = tmp_path / f"line-{other}"
                folder.mkdir()
                lines.append(await stack.enter_async_context(line_at(pbx, way, other, folder, say=tone, peak=_PEAK)))
            plugins = {"parking": ParkingControl, "presence_ami": PresenceAmi}
            phone = await stack.enter_async_context(
                running(tmp_path, plugins=plugins, engine=EngineSupervisor(LOG), options=options)
            )
            app = phone.app
            account = account_at(pbx, transport, user, ca_file=pbx.ca_file)
            app.accounts.provide(account, pbx.account(user).password)
            if ami:
                await app.settings.set_secret(AmiSettings, "secret", pbx._ami_secrets["phone"])
                app.settings.update(AmiSettings, user="phone", lots=("parking-1",))
                await phone.until(lambda: app.parking.lots() == ("parking-1",), seconds=15)
            await phone.until(
                lambda: app.accounts.registration is not None and app.accounts.registration.state.value == "registered",
                seconds=15,
            )
            yield Office(phone, account, recording, pbx, *lines)

    return make


@pytest.mark.parametrize(("transport", "user"), WAYS)
async def test_a_parked_caller_hears_music_and_talks_to_whoever_dials_the_slot(pbx, make_office, transport, user) -> None:
    async with make_office(pbx, transport=transport, user=user) as office:
        call_id, theirs = await office.called()
        ended = await office.parked(call_id)
        assert (ended.end.cause, ended.parked.slot, ended.parked.lot) == (EndCause.PARKED, "5901", "parking-1")
        (parked,) = office.phone.app.parking.calls()
        assert (parked.caller.number, parked.parked_by.number) == ("3003", office.account.extension)
        await office.hear(office.caller.recording, HOLD_MUSIC_HZ)
        fetched = await office.colleague.call("5901")
        await office.hear(office.caller.recording, COLLEAGUE)
        await office.hear(office.colleague.recording, CALLER)
        await office.until(lambda: office.told(call_id) == [None])
        await office.caller.hang_up(theirs)
        await office.colleague.ended(fetched)
        await office.nothing_left()


async def test_we_fetch_a_call_that_we_had_placed_and_parked_ourselves(pbx, make_office) -> None:
    async with make_office(pbx) as office:
        call_id = office.calls.dial("3003")
        theirs = await office.answers(office.caller)
        await office.hear(office.recording, CALLER)
        ended = await office.parked(call_id)
        assert (ended.end.cause, ended.parked.slot) == (EndCause.PARKED, "5901")
        await office.hear(office.caller.recording, HOLD_MUSIC_HZ)
        back = office.calls.dial("5901")
        await office.hear(office.recording, CALLER)
        await office.hear(office.caller.recording, OURS)
        await office.until(lambda: not office.slots())
        office.calls.hang_up(back)
        await office.caller.ended(theirs)
        await office.nothing_left()


async def test_a_call_that_nobody_fetches_rings_here_again_and_says_so(make_pbx, make_office) -> None:
    pbx = make_pbx(options=PbxOptions(parking_seconds=6))
    async with make_office(pbx) as office:
        call_id, theirs = await office.called()
        assert (await office.parked(call_id)).parked.slot == "5901"
        back = await office.ringing()
        (card,) = (owned.value for owned in office.phone.app.caller_cards())
        said = await card.look_up(back)
        assert (said.title, said.lines[0]) == ("Back from parking", ("Nobody answered in", "slot 5901"))
        office.calls.answer(back.id)
        await office.hear(office.recording, CALLER)
        await office.hear(office.caller.recording, OURS)
        await office.until(lambda: office.told(call_id) == [None])
        await office.caller.hang_up(theirs)
        await office.nothing_left()


async def test_a_caller_who_gives_up_leaves_the_slot_free(pbx, make_office) -> None:
    async with make_office(pbx) as office:
        call_id, theirs = await office.called()
        await office.parked(call_id)
        await office.caller.hang_up(theirs)
        await office.until(lambda: office.told(call_id) == [None])
        await office.nothing_left()


async def test_a_lost_manager_link_changes_nothing_about_a_parked_call(pbx, make_office) -> None:
    async with make_office(pbx) as office:
        call_id, theirs = await office.called()
        await office.parked(call_id)
        for session in re.findall(
            r"^\s*phone\s.*?\s(\d+)\s+\d+\s+\d+\s+\d+\s*$", pbx.cli("manager show connected"), re.MULTILINE
        ):
            pbx.cli(f"manager kick session {session}")
        await office.until(lambda: office.phone.app.parking.lots() == ())
        await office.until(lambda: office.slots() == {"5901": "3003"})
        assert office.told(call_id) == []
        fetched = await office.colleague.call("5901")
        await office.hear(office.caller.recording, COLLEAGUE)
        await office.until(lambda: office.told(call_id) == [None])
        await office.caller.hang_up(theirs)
        await office.colleague.ended(fetched)
        await office.nothing_left()


async def test_a_held_call_is_parked_as_well(pbx, make_office) -> None:
    async with make_office(pbx) as office:
        call_id, theirs = await office.called()
        office.calls.set_held(call_id, held=True)
        await office.until(lambda: office.calls.get(call_id).held)
        assert (await office.parked(call_id)).parked.slot == "5901"
        await office.hear(office.caller.recording, HOLD_MUSIC_HZ)
        back = office.calls.dial("5901")
        await office.hear(office.caller.recording, OURS)
        await office.hear(office.recording, CALLER)
        office.calls.hang_up(back)
        await office.caller.ended(theirs)
        await office.nothing_left()


async def test_without_ami_a_call_is_parked_all_the_same_and_its_slot_is_unknown(pbx, make_office) -> None:
    async with make_office(pbx, ami=False) as office:
        call_id, theirs = await office.called()
        ended = await office.parked(call_id)
        assert (ended.end.cause, ended.parked.slot) == (EndCause.PARKED, "")
        await office.hear(office.caller.recording, HOLD_MUSIC_HZ)
        fetched = await office.colleague.call("5901")
        await office.hear(office.colleague.recording, CALLER)
        await office.colleague.hang_up(fetched)
        await office.caller.ended(theirs)
        await office.nothing_left()


async def test_where_nothing_parks_the_caller_is_kept_and_we_are_told(pbx, make_office) -> None:
    async with make_office(pbx) as office:
        office.phone.app.settings.update(ParkingSettings, extension=Dial.UNKNOWN)
        call_id, theirs = await office.called()
        await office.park(call_id)
        await office.until(lambda: office.phone.published(NoticePosted))
        assert "was not parked" in office.phone.published(NoticePosted)[-1].notice.text
        assert office.calls.get(call_id).parked is None
        await office.hear(office.caller.recording, OURS)
        await office.hear(office.recording, CALLER)
        await office.caller.hang_up(theirs)
        await office.nothing_left()


async def test_two_callers_parked_after_each_other_have_each_its_own_slot(pbx, make_office) -> None:
    async with make_office(pbx) as office:
        first, theirs = await office.called()
        assert (await office.parked(first)).parked.slot == "5901"
        second = office.calls.dial("2003")
        asked = await office.answers(office.colleague)
        await office.hear(office.recording, COLLEAGUE)
        assert (await office.parked(second)).parked.slot == "5902"
        assert office.slots() == {"5901": "3003", "5902": "2003"}
        await office.caller.hang_up(theirs)
        await office.until(lambda: office.told(first) == [None])
        assert office.told(second) == []
        await office.colleague.hang_up(asked)
        await office.nothing_left()

"""Transfers and conferences as a person makes them, on the real PBX with the real engine: who hears whom at each step."""

import itertools
from contextlib import AsyncExitStack

import pytest
from callmanager.api import (
    Answer,
    AudioBackendKind,
    AudioChoice,
    CallArrived,
    CallRemoved,
    CallState,
    EndCause,
    FailureKind,
    Ring,
    TransferStage,
    Transport,
)
from callmanager.app import AppOptions
from callmanager.testing import running
from callmanager_call_control.conference.plugin import Conference
from callmanager_call_control.plugin import CallControl
from callmanager_call_control.targets import Target
from callmanager_call_control.transfer.plugin import Transfer
from callmanager_call_control.transfer.settings import TransferSettings
from callmanager_sip_engine.supervisor import EngineSupervisor
from pbx.accounts import HOLD_MUSIC_HZ, Dial
from plugins.sip_engine.lines import account_at, line_at
from plugins.sip_engine.phones import LOG, best_share, read_wav, share_of_tone, tone_file

pytestmark = [pytest.mark.pbx, pytest.mark.timeout(150)]

OURS, FIRST, SECOND = 850.0, 1250.0, 1650.0
_PEAK = 3000
"""Three of these stay below where pjmedia's G.722 changes its scale by two for good, because something was too loud for it."""


class Office:
    """The phone without its window, registered as 2001, with a caller on 3003 and a colleague on 2003."""

    def __init__(self, phone, recording, pbx, first, second):
        self.phone, self.recording, self.pbx, self.first, self.second = phone, recording, pbx, first, second
        self.calls = phone.app.calls
        self.transfer = phone.app.plugins._entries["transfer"].instance.desk
        self.conference = phone.app.plugins._entries["conference"].instance.desk

    def get(self, call_id):
        return self.calls.get(call_id)

    async def until(self, condition, seconds=15.0):
        await self.phone.until(condition, seconds=seconds)

    async def caller(self):
        """Somebody calls us and we talk."""
        theirs = self.first.phone.place(self.first.account, "2001")
        await self.until(lambda: any(call.state is CallState.RINGING for call in self.calls.current()))
        (call_id,) = (call.id for call in self.calls.current() if call.state is CallState.RINGING)
        self.calls.answer(call_id)
        await self.first.connected(theirs)
        await hears(self.first.recording, OURS)
        await hears(self.recording, FIRST)
        return call_id, theirs

    async def answers(self, line):
        arrived = await rings(line)
        line.submit(Answer(call_id=arrived.call_id))
        await line.connected(arrived.call_id)
        return arrived.call_id

    def ended(self, call_id):
        return next((event.call for event in self.phone.published(CallRemoved) if event.call.id == call_id), None)

    async def nothing_left(self):
        await self.until(lambda: not self.calls.current())
        await self.pbx.until(lambda: not self.pbx.channels(), what="the channels to go")


async def rings(line):
    """The colleague's phone rings."""
    arrived = await line.phone.wait(CallArrived, lambda fact: fact.call_id not in line.seen)
    line.seen.add(arrived.call_id)
    line.submit(Ring(call_id=arrived.call_id))
    return arrived


async def hears(recording, *tones, seconds=10.0):
    """All of these tones, and nothing else, are in what is heard from now on."""
    import asyncio

    skip = len(read_wav(recording)) if recording.exists() else 0
    end = asyncio.get_running_loop().time() + seconds
    shares = ()
    while asyncio.get_running_loop().time() < end:
        await asyncio.sleep(0.25)
        samples = read_wav(recording)[skip:] if recording.exists() else ()
        for start in range(0, max(1, len(samples) - 8000), 4000):
            window = samples[start : start + 8000]
            if len(window) == 8000 and max(map(abs, window)) > 200:
                shares = tuple(round(share_of_tone(window, tone), 2) for tone in tones)
                if min(shares) > 0.12 and sum(shares) > 0.75:
                    return
    raise AssertionError(f"{tones} Hz were not heard together: shares {shares}")


@pytest.fixture
async def office(pbx, tmp_path):
    recording = tmp_path / "ours" / "heard.wav"
    recording.parent.mkdir()
    say = tone_file(tmp_path / "ours" / "say.wav", OURS, peak=_PEAK)
    options = AppOptions(
        profile=tmp_path / "profile",
        site=tmp_path / "site",
        audio=AudioChoice(backend=AudioBackendKind.FILES, input_file=say, output_file=recording),
    )
    numbers = itertools.count()
    async with AsyncExitStack() as stack:
        lines = []
        for transport, user, tone in ((Transport.UDP, "3003", FIRST), (Transport.WSS, "2003", SECOND)):
            folder = tmp_path / f"line-{next(numbers)}"
            folder.mkdir()
            line = await stack.enter_async_context(line_at(pbx, transport, user, folder, say=tone, peak=_PEAK))
            line.seen = set()
            lines.append(line)
        plugins = {"call_control": CallControl, "transfer": Transfer, "conference": Conference}
        phone = await stack.enter_async_context(
            running(tmp_path, plugins=plugins, engine=EngineSupervisor(LOG), options=options)
        )
        phone.app.accounts.provide(account_at(pbx, Transport.WSS, "2001"), pbx.account("2001").password)
        await phone.until(
            lambda: phone.app.accounts.registration is not None and phone.app.accounts.registration.state.value == "registered",
            seconds=15,
        )
        yield Office(phone, recording, pbx, *lines)


MARCUS = Target(name="Marcus Hale", number="2003")


async def begin(office):
    """A watched transfer whose target rings while the caller hears the music."""
    caller, theirs = await office.caller()
    office.transfer.now(office.get(caller), MARCUS)
    arrived = await rings(office.second)
    await office.until(lambda: office.get(caller).held and office.get(caller).transfer.stage is TransferStage.RINGING)
    await hears(office.first.recording, HOLD_MUSIC_HZ)
    return caller, theirs, arrived.call_id


async def test_a_watched_transfer_connects_the_two_when_the_target_answers(office):
    caller, theirs, ringing = await begin(office)
    office.second.submit(Answer(call_id=ringing))
    await office.second.connected(ringing)
    await office.until(lambda: not office.calls.current())
    assert office.ended(caller).end.cause is EndCause.TRANSFERRED
    await hears(office.first.recording, SECOND)
    await hears(office.second.recording, FIRST)
    assert best_share(office.second.recording, OURS) < 0.2, "the target heard our microphone"
    assert best_share(office.recording, SECOND) < 0.2, "the target was heard here"
    await office.first.hang_up(theirs)
    await office.nothing_left()


async def test_a_busy_target_leaves_the_caller_on_hold_with_the_reason(office):
    caller, theirs = await office.caller()
    office.transfer.now(office.get(caller), Target(name="", number=Dial.BUSY))
    await office.until(
        lambda: office.get(caller).transfer is not None and office.get(caller).transfer.stage is TransferStage.FAILED
    )
    assert office.get(caller).transfer.failure.kind is FailureKind.BUSY
    await office.until(lambda: office.get(caller).held)
    await hears(office.first.recording, HOLD_MUSIC_HZ)
    office.calls.set_held(caller, held=False)
    await office.until(lambda: office.get(caller).talking)
    assert office.get(caller).transfer is None
    await hears(office.first.recording, OURS)
    await hears(office.recording, FIRST)
    office.calls.hang_up(caller)
    await office.first.ended(theirs)
    await office.nothing_left()


async def test_a_target_that_does_not_answer_leaves_the_caller_on_hold_with_the_reason(office):
    office.phone.app.settings.update(TransferSettings, ring_seconds=5)
    caller, _theirs = await office.caller()
    office.transfer.now(office.get(caller), Target(name="", number=Dial.NO_ANSWER))
    await office.until(
        lambda: office.get(caller).transfer is not None and office.get(caller).transfer.stage is TransferStage.FAILED
    )
    assert office.get(caller).transfer.failure.kind is FailureKind.NO_ANSWER
    await office.until(lambda: [call.id for call in office.calls.current()] == [caller])
    await hears(office.first.recording, HOLD_MUSIC_HZ)
    office.calls.set_held(caller, held=False)
    await hears(office.first.recording, OURS)
    office.calls.hang_up(caller)
    await office.nothing_left()


async def test_taken_back_while_it_rings_the_caller_talks_to_us_again(office):
    caller, _theirs, ringing = await begin(office)
    office.transfer.take_back(office.get(caller))
    assert (await office.second.ended(ringing)).end.cause is EndCause.MISSED
    await office.until(lambda: office.get(caller).talking)
    await hears(office.first.recording, OURS)
    await hears(office.recording, FIRST)
    office.calls.hang_up(caller)
    await office.nothing_left()


async def test_a_caller_who_gives_up_stops_the_ringing(office):
    caller, theirs, ringing = await begin(office)
    await office.first.hang_up(theirs)
    assert (await office.second.ended(ringing)).end.cause is EndCause.MISSED
    await office.until(lambda: office.ended(caller) is not None)
    await office.nothing_left()


async def test_an_attended_transfer_asks_first_swaps_and_connects(office):
    caller, theirs = await office.caller()
    office.transfer.ask_first(office.get(caller), MARCUS)
    asked = office.calls.current()[-1].id
    await office.answers(office.second)
    await office.until(lambda: office.get(asked).talking and office.get(caller).held)
    await hears(office.second.recording, OURS)
    await hears(office.recording, SECOND)
    await hears(office.first.recording, HOLD_MUSIC_HZ)
    office.calls.set_held(caller, held=False)
    await office.until(lambda: office.get(caller).talking and office.get(asked).held)
    await hears(office.first.recording, OURS)
    await hears(office.second.recording, HOLD_MUSIC_HZ)
    office.transfer.complete(office.get(asked))
    await office.until(lambda: not office.calls.current())
    assert office.ended(caller).end.cause is EndCause.TRANSFERRED
    await hears(office.first.recording, SECOND)
    await hears(office.second.recording, FIRST)
    await office.first.hang_up(theirs)
    await office.nothing_left()


async def test_a_conference_is_held_resumed_split_and_left_without_losing_anybody(office):
    caller, theirs = await office.caller()
    office.conference.invite(office.get(caller), MARCUS)
    second = office.calls.current()[-1].id
    await office.answers(office.second)
    await office.until(lambda: office.get(second).talking and office.get(caller).held)
    office.conference.merge(office.get(second))
    await office.until(lambda: all(call.conference and call.talking for call in office.calls.current()))
    await everybody_hears_everybody(office)
    for held in (True, False):
        for call_id in (caller, second):
            office.calls.set_held(call_id, held=held)
        await office.until(lambda held=held: all(call.held is held for call in office.calls.current()))
        if held:
            await hears(office.first.recording, HOLD_MUSIC_HZ)
            await hears(office.second.recording, HOLD_MUSIC_HZ)
    await everybody_hears_everybody(office)
    office.conference.split(office.get(second))
    await office.until(lambda: office.get(caller).held and office.get(second).talking)
    await hears(office.second.recording, OURS)
    await hears(office.first.recording, HOLD_MUSIC_HZ)
    office.conference.merge(office.get(caller))
    await office.until(lambda: all(call.conference and call.talking for call in office.calls.current()))
    await everybody_hears_everybody(office)
    office.conference.connect(*office.conference.members())
    await office.until(lambda: not office.calls.current())
    await hears(office.first.recording, SECOND)
    await hears(office.second.recording, FIRST)
    await office.first.hang_up(theirs)
    await office.nothing_left()


async def everybody_hears_everybody(office):
    await hears(office.recording, FIRST, SECOND)
    await hears(office.first.recording, OURS, SECOND)
    await hears(office.second.recording, OURS, FIRST)

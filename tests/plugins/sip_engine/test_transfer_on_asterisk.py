"""Handing calls on and joining them on the real PBX: who hears whom before and after, each with a tone of its own."""

import itertools
from contextlib import AsyncExitStack

import pytest
from callmanager.api import (
    Answer,
    CallArrived,
    CallHoldReported,
    CommandRefused,
    Conference,
    ConferenceReported,
    EndCause,
    Ring,
    SetHeld,
    Transfer,
    TransferReported,
    TransferStage,
    TransferTo,
    Transport,
)
from pbx.accounts import Dial
from plugins.sip_engine.lines import line_at
from plugins.sip_engine.phones import heard, read_wav, share_of_tone

pytestmark = [pytest.mark.pbx, pytest.mark.timeout(120)]

OURS, FIRST, SECOND = 850.0, 1250.0, 1650.0
_PEAK = 3000
"""Three of these stay below where pjmedia's G.722 changes its scale by two for good, because something was too loud for it."""
WAYS = [pytest.param(Transport.WSS, "2001", id="wss"), pytest.param(Transport.UDP, "3001", id="udp")]


@pytest.fixture
async def make_line(pbx, tmp_path):
    async with AsyncExitStack() as stack:
        numbers = itertools.count()

        async def make(transport, user, say):
            folder = tmp_path / f"line-{next(numbers)}"
            folder.mkdir()
            return await stack.enter_async_context(line_at(pbx, transport, user, folder, say=say, peak=_PEAK))

        yield make


@pytest.fixture
async def first(make_line):
    return await make_line(Transport.UDP, "3003", FIRST)


@pytest.fixture
async def second(make_line):
    return await make_line(Transport.WSS, "2003", SECOND)


async def answers(line):
    """The far end picks up."""
    since = line.phone.now - len([fact for fact in line.phone.facts if isinstance(fact, CallArrived)])
    arrived = await line.phone.wait(CallArrived, since=max(since, 0))
    line.submit(Ring(call_id=arrived.call_id))
    line.submit(Answer(call_id=arrived.call_id))
    await line.connected(arrived.call_id)
    return arrived


async def call_to(line, other):
    call = line.phone.place(line.account, other.account.extension)
    await answers(other)
    await line.connected(call)
    return call


async def hears(line, *tones, seconds=15.0):
    """All of these tones are in what the line hears from now on, at once."""
    import asyncio

    skip = len(read_wav(line.recording)) if line.recording.exists() else 0
    end = asyncio.get_running_loop().time() + seconds
    shares = ()
    while asyncio.get_running_loop().time() < end:
        await asyncio.sleep(0.25)
        samples = read_wav(line.recording)[skip:] if line.recording.exists() else []
        for start in range(0, max(1, len(samples) - 8000), 4000):
            window = samples[start : start + 8000]
            if len(window) == 8000 and max(map(abs, window)) > 200:
                shares = tuple(round(share_of_tone(window, tone), 2) for tone in tones)
                # Hold music may have doubled one of them (see `_PEAK`): each is clearly there, and nothing else is.
                if min(shares) > 0.12 and sum(shares) > 0.75:
                    return
    raise AssertionError(f"{tones} Hz were not heard together: shares {shares}")


async def nothing_left(pbx):
    await pbx.until(lambda: not pbx.channels(), what="the channels to go")


@pytest.mark.parametrize(("transport", "user"), WAYS)
async def test_a_blind_transfer_connects_the_other_two_and_leaves_us_free(make_line, first, second, pbx, transport, user):
    line = await make_line(transport, user, OURS)
    call = await call_to(line, first)
    await heard(first.recording, OURS)
    line.submit(Transfer(call_id=call, target="2003"))
    arrived = await answers(second)
    end = await line.ended(call)
    assert end.end.cause is EndCause.TRANSFERRED
    assert line.phone.of(TransferReported)[0].stage is TransferStage.ASKED
    await hears(first, SECOND)
    await hears(second, FIRST)
    await second.hang_up(arrived.call_id)
    await nothing_left(pbx)


@pytest.mark.parametrize(("transport", "user"), WAYS)
async def test_a_refused_transfer_leaves_the_call_as_it_was_and_says_why(make_line, first, pbx, transport, user):
    line = await make_line(transport, user, OURS)
    call = await call_to(line, first)
    line.submit(Transfer(call_id=call, target=Dial.UNKNOWN))
    told = await line.phone.wait(TransferReported, lambda f: f.stage is TransferStage.FAILED)
    assert told.failure.sip_code == 404
    await hears(first, OURS)
    await hears(line, FIRST)
    await line.hang_up(call)
    await nothing_left(pbx)


@pytest.mark.parametrize(("transport", "user"), WAYS)
async def test_a_caller_who_was_handed_on_and_then_ended_leaves_no_dead_call_with_us(make_line, pbx, transport, user):
    """The target takes the call, says nothing and hangs up: Asterisk tells 503 and would keep our side for a minute."""
    line = await make_line(transport, user, OURS)
    call = await line.call(Dial.BRIDGED_TONE)
    line.submit(Transfer(call_id=call, target=Dial.HANGS_UP))
    told = await line.phone.wait(TransferReported, lambda f: f.stage is TransferStage.FAILED)
    assert told.failure.sip_code == 503
    await line.ended(call)
    await nothing_left(pbx)


@pytest.mark.parametrize(("transport", "user"), WAYS)
async def test_an_attended_transfer_connects_the_two_we_talked_to(make_line, first, second, pbx, transport, user):
    line = await make_line(transport, user, OURS)
    call = await call_to(line, first)
    line.submit(SetHeld(call_id=call, held=True))
    await line.phone.wait(CallHoldReported, lambda f: f.held)
    asked = await call_to(line, second)
    await hears(second, OURS)
    line.submit(TransferTo(call_id=call, other_id=asked))
    assert (await line.ended(call)).end.cause is EndCause.TRANSFERRED
    await line.ended(asked)
    assert line.phone.of(TransferReported)[-1].stage in {TransferStage.ASKED, TransferStage.DONE}
    await hears(first, SECOND)
    await hears(second, FIRST)
    pbx.hang_up()
    await nothing_left(pbx)


@pytest.mark.parametrize(("transport", "user"), WAYS)
async def test_in_a_conference_everybody_hears_everybody_and_a_split_parts_them(make_line, first, second, pbx, transport, user):
    line = await make_line(transport, user, OURS)
    one = await call_to(line, first)
    line.submit(SetHeld(call_id=one, held=True))
    await line.phone.wait(CallHoldReported, lambda f: f.held)
    two = await call_to(line, second)
    line.submit(SetHeld(call_id=one, held=False))
    line.submit(Conference(call_ids=(one, two)))
    await line.phone.wait(ConferenceReported, lambda f: f.call_ids == (one, two))
    await hears(line, FIRST, SECOND)
    await hears(first, OURS, SECOND)
    await hears(second, OURS, FIRST)
    line.submit(Conference(call_ids=()))
    await line.phone.wait(ConferenceReported, lambda f: not f.call_ids)
    await hears(first, OURS)
    await hears(second, OURS)
    await line.hang_up(one)
    await line.hang_up(two)
    await nothing_left(pbx)


async def test_a_conference_of_two_ends_with_the_first_who_leaves(make_line, first, second, pbx):
    line = await make_line(Transport.WSS, "2001", OURS)
    one, two = await call_to(line, first), await call_to(line, second)
    line.submit(Conference(call_ids=(one, two)))
    await line.phone.wait(ConferenceReported, lambda f: f.call_ids == (one, two))
    await line.hang_up(one)
    await line.phone.wait(ConferenceReported, lambda f: not f.call_ids)
    await hears(line, SECOND)
    line.submit(Conference(call_ids=(one, two)))
    await line.phone.wait(CommandRefused, lambda f: f.command == "Conference")
    await line.hang_up(two)
    await nothing_left(pbx)

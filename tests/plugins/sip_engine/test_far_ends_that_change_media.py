"""Far ends whose offers, answers and streams come otherwise than usual: scripted with SIPp, met by the real engine."""

import pytest
from callmanager.api import (
    Answer,
    CallArrived,
    CallFinished,
    CallHoldReported,
    CallMediaReported,
    CallProgressed,
    CallState,
    CallStatisticsReported,
    CommandRefused,
    EndCause,
    SetHeld,
)
from plugins.sip_engine.misbehaving import ear_at, wilderness_in


@pytest.fixture
async def wild(tmp_path):
    async with wilderness_in(tmp_path) as made:
        yield made


async def test_a_hold_that_crosses_their_change_is_tried_again(wild):
    far = await wild.far_end("glare")
    call = await wild.talk(far)
    wild.phone.engine.submit(SetHeld(call_id=call, held=True))
    await wild.phone.wait(CallHoldReported, lambda f: f.call_id == call and f.held)
    assert not wild.phone.of(CommandRefused)
    await wild.hang_up(call)
    await far.finish()
    await wild.is_well()


async def test_a_caller_without_an_offer_gets_ours_and_is_heard(wild):
    far = await wild.far_end("late_offer")
    arrived = await wild.phone.wait(CallArrived)
    wild.phone.engine.submit(Answer(call_id=arrived.call_id))
    await wild.connected(arrived.call_id)
    await wild.heard(arrived.call_id, codec="PCMU", early=False)
    await wild.hang_up(arrived.call_id)
    await far.finish()
    await wild.is_well()


async def test_a_call_goes_on_when_the_far_end_asks_for_our_offer(wild):
    far = await wild.far_end("late_offer_in_call")
    call = await wild.talk(far)
    await wild.heard(call)
    await wild.hang_up(call)
    await far.finish()
    assert not wild.phone.of(CallHoldReported)
    await wild.is_well()


async def test_early_media_is_heard_before_the_answer_and_after_it(wild):
    far = await wild.far_end("early_media")
    call = wild.call(far)
    await wild.phone.wait(CallProgressed, lambda f: f.call_id == call and f.state is CallState.PROGRESS and f.sip_code == 183)
    await wild.heard(call, early=True)
    assert not [f for f in wild.phone.of(CallProgressed) if f.state is CallState.CONNECTED]
    await wild.connected(call)
    await wild.heard(call, early=False)
    await wild.hang_up(call)
    await far.finish()
    await wild.is_well()


async def test_a_codec_changed_in_the_call_is_told_and_heard(wild):
    far = await wild.far_end("codec_change")
    call = await wild.talk(far)
    await wild.heard(call, codec="PCMU")
    since = wild.phone.now
    await wild.heard(call, codec="PCMA", since=since)
    before = await wild.phone.wait(CallStatisticsReported, since=wild.phone.now)
    await wild.phone.wait(
        CallStatisticsReported,
        lambda f: f.statistics.packets_received > before.statistics.packets_received,
        since=wild.phone.now,
    )
    await wild.hang_up(call)
    await far.finish()
    await wild.is_well()


async def test_our_voice_follows_a_far_end_that_speaks_from_a_new_address(wild):
    async with ear_at("127.0.0.1") as first, ear_at("127.0.0.2") as second:
        far = await wild.far_end("media_elsewhere", number=str(first.port), echo=False)
        call = await wild.talk(far)
        await first.hears(5)
        await first.speak(first.sender, 10)
        await wild.heard(call)
        await second.speak(first.sender, 30)
        await second.hears(5)
        await wild.hang_up(call)
        await far.finish()
    await wild.is_well()


async def test_a_far_end_that_sends_no_sound_is_told_and_the_call_lives(wild):
    async with ear_at("127.0.0.1") as silent:
        far = await wild.far_end("media_elsewhere", number=str(silent.port), echo=False)
        call = await wild.talk(far)
        first = await wild.phone.wait(CallMediaReported, lambda f: f.call_id == call and not f.media.early)
        # Said again after five seconds: that is what the card's words are made of.
        again = await wild.phone.wait(CallMediaReported, since=wild.phone.facts.index(first) + 1)
        assert (first.media.flowing, again.media.flowing) == (False, False)
        reading = (await wild.phone.wait(CallStatisticsReported, lambda f: f.statistics.packets_sent > 50)).statistics
        assert (reading.packets_received, reading.mos) == (0, None)
        await silent.hears(5)
        since = wild.phone.now
        await silent.speak(silent.sender, 20)
        await wild.heard(call, since=since)
        end = await wild.hang_up(call)
        assert end.statistics.packets_received >= 15
        await far.finish()
    await wild.is_well()


async def test_a_far_end_that_falls_silent_is_seen_in_the_readings(wild):
    async with ear_at("127.0.0.1") as far_ear:
        far = await wild.far_end("media_elsewhere", number=str(far_ear.port), echo=False)
        call = await wild.talk(far)
        await far_ear.hears(1)
        await far_ear.speak(far_ear.sender, 30)
        # One that was read after the last packet, and the next one.
        await wild.phone.wait(CallStatisticsReported, lambda f: f.statistics.packets_received >= 30)
        since = wild.phone.now
        still = await wild.phone.wait(CallStatisticsReported, since=since)
        then = await wild.phone.wait(CallStatisticsReported, since=wild.phone.now)
        assert still.statistics.packets_received == then.statistics.packets_received == 30
        assert then.statistics.packets_sent > still.statistics.packets_sent
        assert not wild.phone.of(CallFinished)
        assert (await wild.hang_up(call)).end.cause is EndCause.LOCAL
        await far.finish()
    await wild.is_well()

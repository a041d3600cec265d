"""Far ends that refuse or forget what hands a call on or keeps it alive: scripted with SIPp, met by the real engine."""

import asyncio

import pytest
from callmanager.api import (
    CallFinished,
    CommandRefused,
    EndCause,
    FailureKind,
    Transfer,
    TransferReported,
    TransferStage,
)
from plugins.sip_engine.misbehaving import requests, wilderness_in


@pytest.fixture
async def wild(tmp_path):
    async with wilderness_in(tmp_path) as made:
        yield made


async def test_a_refused_transfer_is_told_and_the_call_is_ours_again(wild):
    far = await wild.far_end("refer_refused")
    call = await wild.talk(far)
    wild.phone.engine.submit(Transfer(call_id=call, target="2002"))
    told = await wild.phone.wait(TransferReported, lambda f: f.stage is not TransferStage.ASKED)
    assert (told.stage, told.failure.kind, told.failure.sip_code) == (TransferStage.FAILED, FailureKind.DECLINED, 603)
    await wild.heard(call)
    assert not wild.phone.of(CallFinished)
    await wild.hang_up(call)
    await far.finish()
    await wild.is_well()


async def test_a_transfer_of_which_nothing_is_heard_again_fails_and_the_call_is_ours_again(wild):
    far = await wild.far_end("refer_unnotified")
    call = await wild.talk(far)
    wild.phone.engine.submit(Transfer(call_id=call, target="2002"))
    told = await wild.phone.wait(TransferReported, lambda f: f.stage is not TransferStage.ASKED, seconds=30)
    assert (told.stage, told.failure.kind) == (TransferStage.FAILED, FailureKind.TIMEOUT)
    assert not wild.phone.of(CallFinished)
    await wild.heard(call)
    await wild.hang_up(call)
    await far.finish()
    await wild.is_well()


async def test_a_far_end_that_keeps_the_session_alive_itself_is_answered(wild):
    far = await wild.far_end("refresh_by_update")
    call = await wild.talk(far)
    await wild.heard(call)
    # UPDATE and re-INVITE follow the answer at once, and only then does it take a BYE.
    async with asyncio.timeout(15):
        while requests(far, "ACK") < 2:  # noqa: ASYNC110 - what another program writes: theirs for ours, ours for theirs
            await asyncio.sleep(0.05)
    assert far.messages().count("Session-Expires: 90;refresher=uac") >= 4
    await wild.hang_up(call)
    await far.finish()
    assert not wild.phone.of(CommandRefused)
    await wild.is_well()


@pytest.mark.slow
async def test_what_a_far_end_forgets_ends_with_its_timer_and_what_is_ours_to_keep_alive_is_kept(wild):
    """RFC 4028 knows no interval below 90 s: we refresh after half of it and give up a third before it is over.

    An unanswered BYE keeps its slot for 32 s meanwhile (timer F of RFC 3261); in the end there is room for all again.
    """
    rude = await wild.far_end("bye_unanswered")
    await wild.hang_up(await wild.talk(rude))
    await rude.finish()
    kept, forgotten = await wild.far_end("refresh_by_us"), await wild.far_end("refresh_forgotten")
    lives, dies = await wild.talk(kept), await wild.talk(forgotten)
    since = wild.phone.now
    end = await wild.ended(dies, seconds=100)
    assert (end.end.cause, end.end.failure.kind) == (EndCause.FAILED, FailureKind.LINK_LOST)
    await forgotten.finish()
    assert requests(kept, "INVITE") == 2, "the one that began it and the one that kept it alive"
    assert [fact.call_id for fact in wild.phone.facts[since:] if isinstance(fact, CallFinished)] == [dies]
    await wild.hang_up(lives)
    await kept.finish()
    await wild.is_well()

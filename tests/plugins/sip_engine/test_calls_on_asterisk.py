"""A real engine process registered with a real Asterisk 22, by every transport; audio is heard at both ends."""

import asyncio
import itertools
from contextlib import AsyncExitStack

import pytest
from callmanager.api import (
    Answer,
    CallArrived,
    CallHoldReported,
    CallMediaReported,
    CallMuteReported,
    CallProgressed,
    CallState,
    CallStatisticsReported,
    CommandRefused,
    DigitSent,
    EndCause,
    FailureKind,
    HangUp,
    RegistrationReported,
    RegistrationState,
    Reject,
    Ring,
    SendDigits,
    SetHeld,
    SetMuted,
    Transport,
)
from pbx.accounts import HOLD_MUSIC_HZ, Dial
from plugins.sip_engine.lines import TONE, account_at, line_at
from plugins.sip_engine.phones import Phone, best_share, heard, read_wav

pytestmark = [pytest.mark.pbx, pytest.mark.timeout(90)]

_names = (str(number) for number in itertools.count(100))
WAYS = [
    pytest.param(Transport.WSS, "2001", id="wss"),
    pytest.param(Transport.TLS, "3001", id="tls"),
    pytest.param(Transport.TLS, "3101", id="tls-sdes"),
    pytest.param(Transport.TCP, "3002", id="tcp"),
    pytest.param(Transport.UDP, "3003", id="udp"),
]


@pytest.fixture
async def make_line(pbx, tmp_path):
    async with AsyncExitStack() as stack:
        numbers = itertools.count()

        async def make(transport, user):
            folder = tmp_path / f"line-{next(numbers)}"
            folder.mkdir()
            return await stack.enter_async_context(line_at(pbx, transport, user, folder))

        yield make


@pytest.fixture
async def wss(make_line):
    return await make_line(Transport.WSS, "2001")


@pytest.mark.parametrize(("transport", "user"), WAYS)
async def test_a_tone_is_heard_at_both_ends_of_a_call_we_place(make_line, pbx, transport, user):
    line = await make_line(transport, user)
    name = next(_names)
    call = await line.call(f"{Dial.TONE_AND_RECORD}{name}")
    await heard(line.recording, 500)
    media = line.phone.of(CallMediaReported)[-1].media
    assert (media.codec, media.flowing, media.early) == ("G722", True, False)
    secure = transport is Transport.WSS or user == "3101"
    await line.phone.wait(CallMediaReported, lambda f: f.media.encrypted is secure and f.media.flowing)
    statistics = await line.phone.wait(CallStatisticsReported, lambda f: f.statistics.packets_received > 60)
    assert statistics.statistics.loss_percent == 0
    assert statistics.statistics.mos > 4
    end = await line.hang_up(call)
    assert (end.end.cause, end.end.failure) == (EndCause.LOCAL, None)
    assert end.statistics.packets_sent > 50
    assert best_share(pbx.recorded(name), TONE) > 0.9


@pytest.mark.parametrize(("transport", "user"), WAYS)
async def test_a_tone_is_heard_at_both_ends_of_a_call_we_answer(make_line, pbx, transport, user):
    line = await make_line(transport, user)
    name = next(_names)
    pbx.originate(user, action="tone-record", caller_name="Tess Tone", caller_number="3009", recording=name)
    arrived = await line.phone.wait(CallArrived)
    assert (arrived.remote.name, arrived.remote.number) == ("Tess Tone", "3009")
    line.submit(Ring(call_id=arrived.call_id))
    await line.phone.wait(CallProgressed, lambda f: f.state is CallState.RINGING)
    line.submit(Answer(call_id=arrived.call_id))
    await line.phone.wait(CallProgressed, lambda f: f.state is CallState.CONNECTED)
    await heard(line.recording, 500)
    await line.phone.wait(CallStatisticsReported, lambda f: f.statistics.packets_sent > 60)
    pbx.hang_up()
    end = await line.ended(arrived.call_id)
    assert end.end.cause is EndCause.REMOTE
    assert best_share(pbx.recorded(name), TONE) > 0.9


@pytest.mark.parametrize(("transport", "user"), WAYS)
async def test_the_echo_brings_our_own_voice_back(make_line, transport, user):
    line = await make_line(transport, user)
    call = await line.call(Dial.ECHO)
    await heard(line.recording, TONE)
    await line.hang_up(call)


@pytest.mark.parametrize(("transport", "user"), WAYS)
async def test_each_digit_reaches_the_ivr_exactly_once(make_line, pbx, transport, user):
    line = await make_line(transport, user)
    before = len(pbx.digits(user))
    call = await line.call(Dial.IVR)
    await asyncio.sleep(0.3)  # the IVR's own start
    line.submit(SendDigits(call_id=call, digits="1553"))
    line.submit(SendDigits(call_id=call, digits="#*0"))
    await line.phone.wait(DigitSent, lambda f: f.digit == "0")
    await pbx.until(lambda: len(pbx.digits(user)) >= before + 7, what="seven keys")
    assert pbx.digits(user)[before:] == "1553#*0"
    assert [(f.digit, f.method) for f in line.phone.of(DigitSent)] == [(d, "rfc4733") for d in "1553#*0"]
    await line.hang_up(call)


@pytest.mark.parametrize(("transport", "user"), WAYS)
async def test_hold_gives_the_far_end_music_and_resume_our_voice(make_line, pbx, transport, user):
    line = await make_line(transport, user)
    other = await make_line(Transport.UDP, "3004")
    call = line.phone.place(line.account, "3004")
    arrived = await other.phone.wait(CallArrived)
    other.submit(Answer(call_id=arrived.call_id))
    await line.phone.wait(CallProgressed, lambda f: f.state is CallState.CONNECTED)
    await other.phone.wait(CallMediaReported, lambda f: f.media.flowing)
    line.submit(SetHeld(call_id=call, held=True))
    held = await line.phone.wait(CallHoldReported)
    assert (held.held, held.remote_held) == (True, False)
    await heard(other.recording, HOLD_MUSIC_HZ)
    since = line.phone.now
    line.submit(SetHeld(call_id=call, held=False))
    resumed = await line.phone.wait(CallHoldReported, since=since)
    assert (resumed.held, resumed.remote_held) == (False, False)
    for end in (line, other):
        await heard(end.recording, TONE, skip=len(read_wav(end.recording)))
    await line.hang_up(call)
    await other.ended(arrived.call_id)
    assert not line.phone.of(CommandRefused)


async def test_a_muted_call_sends_silence_and_keeps_sending(wss, pbx):
    name = next(_names)
    call = wss.phone.place(wss.account, f"{Dial.RECORD}{name}")
    wss.submit(SetMuted(call_id=call, muted=True))
    assert (await wss.phone.wait(CallMuteReported)).muted
    await wss.phone.wait(CallStatisticsReported, lambda f: f.statistics.packets_sent > 90)
    await wss.hang_up(call)
    assert best_share(pbx.recorded(name), TONE) < 0.05


async def test_unmuted_again_we_are_heard(wss, pbx):
    name = next(_names)
    call = await wss.call(f"{Dial.RECORD}{name}")
    for muted in (True, False):
        wss.submit(SetMuted(call_id=call, muted=muted))
    await wss.phone.wait(CallStatisticsReported, lambda f: f.statistics.packets_sent > 90)
    await wss.hang_up(call)
    assert best_share(pbx.recorded(name), TONE) > 0.9


@pytest.mark.parametrize(
    ("number", "kind", "code"),
    [
        (Dial.BUSY, FailureKind.BUSY, 486),
        (Dial.REJECT, FailureKind.FORBIDDEN, 403),
        (Dial.UNKNOWN, FailureKind.NOT_FOUND, 404),
    ],
)
async def test_a_refused_call_says_why(wss, number, kind, code):
    call = wss.phone.place(wss.account, number)
    end = (await wss.ended(call)).end
    assert (end.cause, end.failure.kind, end.failure.sip_code) == (EndCause.FAILED, kind, code)


async def test_early_media_is_heard_before_any_answer(wss):
    call = wss.phone.place(wss.account, Dial.EARLY_MEDIA)
    await wss.phone.wait(CallProgressed, lambda f: f.state is CallState.PROGRESS and f.sip_code == 183)
    media = await wss.phone.wait(CallMediaReported, lambda f: f.media.flowing)
    assert media.media.early
    await heard(wss.recording, 440)
    end = (await wss.ended(call)).end
    assert end.failure.kind is FailureKind.BUSY
    assert not [f for f in wss.phone.of(CallProgressed) if f.state is CallState.CONNECTED]


async def test_a_ringing_call_can_be_given_up_and_its_ringback_was_heard(wss, pbx):
    call = wss.phone.place(wss.account, Dial.NO_ANSWER)
    await wss.phone.wait(CallProgressed, lambda f: f.sip_code == 180)
    await heard(wss.recording, 440, share=0.4)
    await heard(wss.recording, 480, share=0.4)
    assert (await wss.hang_up(call)).end.cause is EndCause.LOCAL
    await pbx.until(lambda: not pbx.channels(), what="the PBX to let go")


async def test_a_rejected_call_ends_for_the_caller(wss, pbx):
    pbx.originate("2001")
    arrived = await wss.phone.wait(CallArrived)
    wss.submit(Reject(call_id=arrived.call_id, status=486))
    assert (await wss.ended(arrived.call_id)).end.cause is EndCause.REJECTED
    await pbx.until(lambda: not pbx.channels(), what="the PBX to let go")


async def test_a_caller_who_gives_up_leaves_a_missed_call(wss, pbx):
    pbx.originate("2001")
    arrived = await wss.phone.wait(CallArrived)
    await wss.phone.wait(CallProgressed, lambda f: f.state is CallState.RINGING)
    pbx.hang_up()
    assert (await wss.ended(arrived.call_id)).end.cause is EndCause.MISSED


async def test_hanging_up_while_it_rings_here_rejects(wss, pbx):
    pbx.originate("2001")
    arrived = await wss.phone.wait(CallArrived)
    wss.submit(HangUp(call_id=arrived.call_id))
    assert (await wss.ended(arrived.call_id)).end.cause is EndCause.REJECTED
    await pbx.until(lambda: not pbx.channels(), what="the PBX to let go")


async def test_hanging_up_right_after_dialling_leaves_nothing_behind(wss, pbx):
    call = wss.phone.place(wss.account, Dial.ECHO)
    assert (await wss.hang_up(call)).end.cause is EndCause.LOCAL
    await pbx.until(lambda: not pbx.channels(), what="the PBX to let go")


async def test_a_wrong_password_is_said_at_once_and_not_retried(pbx, tmp_path):
    before = pbx.failed_registrations("2002")
    async with Phone(tmp_path) as phone:
        phone.use_nothing()
        phone.register(account_at(pbx, Transport.WSS, "2002"), "not the password")
        report = await phone.wait(RegistrationReported, lambda f: f.registration.state is RegistrationState.FAILED)
        assert report.registration.failure.kind is FailureKind.PASSWORD
        await asyncio.sleep(3)
        assert pbx.failed_registrations("2002") == before + 1
        assert len([f for f in phone.of(RegistrationReported) if f.registration.state is RegistrationState.FAILED]) == 1

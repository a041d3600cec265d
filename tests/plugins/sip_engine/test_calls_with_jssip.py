"""Calls between the engine and JsSIP in Chromium, both registered over WSS at one Asterisk; each hears the other's tone."""

import asyncio

import pytest
from callmanager.api import Answer, CallArrived, CallMediaReported, EndCause, Transport
from plugins.sip_engine.lines import TONE, line_at
from plugins.sip_engine.phones import heard

pytestmark = [pytest.mark.pbx, pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(120)]

_BROWSER_TONE = 1000


@pytest.fixture
async def browser(jssip_at, pbx):
    return await jssip_at(pbx, "2002", tone_hz=float(_BROWSER_TONE))


@pytest.fixture
async def line(pbx, tmp_path):
    async with line_at(pbx, Transport.WSS, "2001", tmp_path) as line:
        yield line


async def _each_hears_the_other(line, browser):
    await heard(line.recording, _BROWSER_TONE)
    media = line.phone.of(CallMediaReported)[-1].media
    assert (media.flowing, media.encrypted, media.early) == (True, True, False)
    share = 0.0
    async with asyncio.timeout(10):
        while share < 0.9:
            share = (await browser.heard()).share(TONE)


async def _we_call(line, browser):
    mark = len(browser.events)
    call = line.phone.place(line.account, "2002")
    incoming = await browser.wait_incoming(since=mark)
    assert (incoming["number"], incoming["name"]) == ("2001", "Alice Web")
    await browser.answer()
    await line.connected(call)
    await _each_hears_the_other(line, browser)
    return call


async def _it_calls_us(line, browser):
    await browser.call("2001", wait=False)
    arrived = await line.phone.wait(CallArrived)
    assert (arrived.remote.number, arrived.remote.name) == ("2002", "Bruno Web")
    mark = len(browser.events)
    line.submit(Answer(call_id=arrived.call_id))
    await line.connected(arrived.call_id)
    await browser.wait_event("confirmed", since=mark)
    await _each_hears_the_other(line, browser)
    return arrived.call_id


@pytest.mark.parametrize("begin", [_we_call, _it_calls_us], ids=["we call it", "it calls us"])
async def test_both_hear_each_other_until_we_hang_up(line, browser, pbx, begin):
    call = await begin(line, browser)
    mark = len(browser.events)
    end = await line.hang_up(call)
    assert (end.end.cause, end.end.failure) == (EndCause.LOCAL, None)
    ended = await browser.wait_event("ended", since=mark)
    assert (ended["originator"], ended["cause"]) == ("remote", "Terminated")
    await pbx.until(lambda: not pbx.channels(), what="the PBX to let go")


@pytest.mark.parametrize("begin", [_we_call, _it_calls_us], ids=["we call it", "it calls us"])
async def test_both_hear_each_other_until_it_hangs_up(line, browser, pbx, begin):
    call = await begin(line, browser)
    await browser.hang_up()
    end = await line.ended(call)
    assert (end.end.cause, end.end.failure) == (EndCause.REMOTE, None)
    await pbx.until(lambda: not pbx.channels(), what="the PBX to let go")

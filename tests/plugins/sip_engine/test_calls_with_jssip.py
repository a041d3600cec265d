"""JsSIP in headless Chromium, what the old product is made of, and our engine call each other through the real PBX over WSS."""

import pytest
from callmanager.api import (
    Answer,
    CallArrived,
    CallFinished,
    CallMediaReported,
    CallProgressed,
    CallState,
    EndCause,
    HangUp,
    Ring,
    Transport,
)
from plugins.sip_engine.phones import Phone, account, heard, tone_file

pytestmark = [pytest.mark.pbx, pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(120)]

OURS, THEIRS = 700, 1000


@pytest.fixture
async def phone(pbx, tmp_path):
    known = pbx.account("2001")
    ours = account("2001", pbx.host, 8089, Transport.WSS, display_name=known.display_name, ca_file=pbx.ca_file)
    async with Phone(tmp_path) as engine:
        engine.use_files(say=tone_file(tmp_path / "say.wav", OURS), hear=tmp_path / "heard.wav")
        await engine.registered(ours, known.password)
        engine.account = ours
        yield engine


async def both_hear_each_other(phone, browser, folder):
    await heard(folder / "heard.wav", THEIRS)
    sound = await browser.heard()
    assert (round(sound.frequency(), -1), sound.share(OURS) > 0.9) == (OURS, True)
    await phone.wait(CallMediaReported, lambda fact: fact.media.encrypted and fact.media.flowing)


async def test_jssip_calls_us_and_both_hear_the_other(pbx, phone, jssip_at, tmp_path):
    browser = await jssip_at(pbx, "2002", tone_hz=float(THEIRS))
    await browser.call("2001", wait=False)
    arrived = await phone.wait(CallArrived)
    assert arrived.remote.number == "2002"
    phone.engine.submit(Ring(call_id=arrived.call_id))
    phone.engine.submit(Answer(call_id=arrived.call_id))
    await browser.wait_event("media")
    await both_hear_each_other(phone, browser, tmp_path)
    await browser.hang_up()
    assert (await phone.wait(CallFinished)).end.cause is EndCause.REMOTE


async def test_we_call_jssip_and_both_hear_the_other(pbx, phone, jssip_at, tmp_path):
    browser = await jssip_at(pbx, "2002", tone_hz=float(THEIRS))
    call = phone.place(phone.account, "2002")
    assert (await browser.wait_incoming())["number"] == "2001"
    await browser.answer()
    await phone.wait(CallProgressed, lambda fact: fact.state is CallState.CONNECTED)
    await both_hear_each_other(phone, browser, tmp_path)
    mark = len(browser.events)
    phone.engine.submit(HangUp(call_id=call))
    assert (await phone.wait(CallFinished)).end.cause is EndCause.LOCAL
    await browser.wait_event("ended", since=mark)

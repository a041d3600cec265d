"""Our caller ID on the real PBX: what arrives there, what the far end sees, and which line of ours was called."""

import re

import pytest
from callmanager.api import CallAdded, CallArrived, Transport
from callmanager_call_control.caller_id.plugin import CallerId
from callmanager_call_control.caller_id.settings import CallerIdSettings
from pbx.config import PbxOptions
from plugins.call_control.office import phone_at
from plugins.sip_engine.lines import line_at

pytestmark = [pytest.mark.pbx, pytest.mark.timeout(90)]

WAYS = [pytest.param(Transport.WSS, "2001", id="wss"), pytest.param(Transport.UDP, "3001", id="udp")]
NUMBERS = ("Main office <+15550100100>", "Support <+15550100150>")


@pytest.fixture
def trusting(make_pbx):
    return make_pbx(options=PbxOptions(trust_id_inbound=True))


@pytest.fixture
async def far_end(tmp_path):
    """A desk phone of the office, made when the PBX is known."""
    from contextlib import AsyncExitStack

    async with AsyncExitStack() as stack:

        async def make(pbx):
            folder = tmp_path / "far-end"
            folder.mkdir()
            return await stack.enter_async_context(line_at(pbx, Transport.UDP, "3003", folder))

        yield make


async def seen_by(line, phone, target):
    """Whom the far end sees when we call it; the call is over then."""
    since = line.phone.now
    call_id = phone.app.calls.dial(target)
    arrived = await line.phone.wait(CallArrived, since=since)
    phone.app.calls.hang_up(call_id)
    await line.ended(arrived.call_id)
    await phone.until(lambda: not phone.app.calls.current())
    return arrived.remote


@pytest.mark.parametrize(("transport", "user"), WAYS)
async def test_where_the_pbx_trusts_us_the_far_end_sees_the_number_we_chose(trusting, far_end, tmp_path, transport, user):
    line = await far_end(trusting)
    async with phone_at(trusting, tmp_path, {"caller_id": CallerId}, transport=transport, user=user) as phone:
        ours = trusting.account(user)
        phone.app.settings.update(CallerIdSettings, numbers=NUMBERS)
        desk = phone.app.plugins._entries["caller_id"].instance.desk
        remote = await seen_by(line, phone, "3003")
        assert (remote.name, remote.number) == (ours.display_name, ours.extension)
        desk.choose("Main office")
        remote = await seen_by(line, phone, "3003")
        assert (remote.name, remote.number) == (ours.display_name, "+15550100100")
        desk.choose_next("Support")
        assert [(await seen_by(line, phone, "3003")).number for _ in range(2)] == ["+15550100150", "+15550100100"]
        phone.app.settings.update(CallerIdSettings, rules=("3003 = default",))
        assert (await seen_by(line, phone, "3003")).number == ours.extension


async def test_the_header_arrives_at_a_pbx_that_does_not_trust_it_and_harms_nothing(pbx, far_end, tmp_path):
    line = await far_end(pbx)
    async with phone_at(pbx, tmp_path, {"caller_id": CallerId}) as phone:
        phone.app.settings.update(CallerIdSettings, numbers=NUMBERS, active="Support")
        pbx.trace_sip()
        try:
            remote = await seen_by(line, phone, "3003")
            pattern = r"P-Asserted-Identity: \"Alice Web\" <sip:\+15550100150@"
            await pbx.until(lambda: re.search(pattern, pbx.logs) is not None, what="the header at the PBX")
        finally:
            pbx.trace_sip(on=False)
        assert remote.number == "2001"


async def test_the_line_that_was_called_is_known_where_the_pbx_tells_it(pbx, tmp_path):
    async with phone_at(pbx, tmp_path, {"caller_id": CallerId}) as phone:
        phone.app.settings.update(CallerIdSettings, numbers=NUMBERS)
        with pbx.ami() as ami:
            ami.action(
                "Originate", Channel="PJSIP/2001", Context="bench-answered", Exten="tone", Priority="1",
                CallerID='"Dana" <5550104477>', Timeout="20000", Async="true",
                Variable=f"PJSIP_HEADER(add,P-Called-Party-ID)=<sip:+15550100150@{pbx.host}>",
            )  # fmt: skip
        await phone.until(lambda: bool(phone.published(CallAdded)), seconds=15)
        call = phone.published(CallAdded)[0].call
        assert call.called == "+15550100150"
        (card,) = [owned.value for owned in phone.app.caller_cards()]
        assert (await card.look_up(call)).lines == (("Line", "Support"),)
        pbx.hang_up()
        await pbx.until(lambda: not pbx.channels(), what="the PBX to let go")

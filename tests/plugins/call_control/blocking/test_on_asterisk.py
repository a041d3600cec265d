"""A blocked caller on the real PBX: 603 to the caller, nothing rings here, and the message is there."""

import pytest
from callmanager.api import (
    CallAdded,
    CallScreened,
    CallState,
    EndCause,
    NoticePosted,
    RegistrationState,
    Transport,
)
from callmanager_call_control.blocking.plugin import Blocking
from callmanager_call_control.blocking.settings import BlockingSettings
from plugins.call_control.office import phone_at
from plugins.sip_engine.lines import line_at

pytestmark = [pytest.mark.pbx, pytest.mark.timeout(90)]

WAYS = [pytest.param(Transport.WSS, "2001", id="wss"), pytest.param(Transport.UDP, "3001", id="udp")]


@pytest.mark.parametrize(("transport", "user"), WAYS)
async def test_a_blocked_caller_gets_603_and_nothing_rings(pbx, tmp_path, transport, user):
    async with phone_at(pbx, tmp_path, {"blocking": Blocking}, transport=transport, user=user) as phone:
        await phone.app.plugins._entries["blocking"].instance.desk.add("+1 555 010 0199")
        declined, ringing = (pbx.logs.count(line) for line in ("SIP/2.0 603", "SIP/2.0 180"))
        pbx.trace_sip()
        try:
            pbx.originate(user, caller_name="Window Sales", caller_number="5550100199")
            await phone.until(lambda: bool(phone.published(CallScreened)), seconds=15)
            await pbx.until(lambda: pbx.logs.count("SIP/2.0 603") > declined, what="the 603 at the PBX")
        finally:
            pbx.trace_sip(on=False)
        assert pbx.logs.count("SIP/2.0 180") == ringing
        assert phone.published(CallAdded) == []
        (notice,) = (event.notice.text for event in phone.published(NoticePosted) if "Refused" in event.notice.text)
        assert notice == "Refused a blocked call from Window Sales, (555) 010-0199."
        await pbx.until(lambda: not pbx.channels(), what="the PBX to let go")
        assert phone.app.accounts.registration.state is RegistrationState.REGISTERED


async def test_the_caller_is_told_that_it_was_declined_and_rings_again_after_undo(pbx, tmp_path):
    folder = tmp_path / "caller"
    folder.mkdir()
    async with (
        phone_at(pbx, tmp_path, {"blocking": Blocking}) as phone,
        line_at(pbx, Transport.UDP, "3003", folder) as caller,
    ):
        desk = phone.app.plugins._entries["blocking"].instance.desk
        await desk.add("3003")
        call = caller.phone.place(caller.account, "2001")
        end = (await caller.ended(call)).end
        assert end.cause is EndCause.FAILED  # Asterisk says 403 or 603 to the caller for a declined call
        assert end.failure.sip_code in {403, 603}
        assert phone.published(CallAdded) == []
        await desk.unblock(desk.entries)
        caller.phone.place(caller.account, "2001")
        await phone.until(lambda: any(call.state is CallState.RINGING for call in phone.app.calls.current()), seconds=10)
        pbx.hang_up()
        await pbx.until(lambda: not pbx.channels(), what="the PBX to let go")


async def test_a_withheld_caller_is_refused_when_the_user_wants_that(pbx, tmp_path):
    async with phone_at(pbx, tmp_path, {"blocking": Blocking}) as phone:
        phone.app.settings.update(BlockingSettings, withheld=True)
        pbx.originate("2001", caller_name="Anonymous", caller_number="anonymous")
        await phone.until(lambda: bool(phone.published(CallScreened)), seconds=15)
        assert phone.published(CallScreened)[0].reason == "no number shown"
        await pbx.until(lambda: not pbx.channels(), what="the PBX to let go")

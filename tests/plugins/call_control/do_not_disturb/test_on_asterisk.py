"""Do not disturb on the real PBX: what the caller meets."""

import pytest
from callmanager.api import CallAdded, CallProgressed, CallState, FailureKind, Transport
from callmanager_call_control.do_not_disturb.plugin import DoNotDisturb
from callmanager_call_control.do_not_disturb.settings import DoNotDisturbSettings, Manner
from plugins.call_control.office import phone_at
from plugins.sip_engine.lines import line_at

pytestmark = [pytest.mark.pbx, pytest.mark.timeout(90)]


async def test_the_caller_is_busy_away_or_rings_unheard_and_can_be_answered(pbx, tmp_path):
    folder = tmp_path / "caller"
    folder.mkdir()
    async with (
        phone_at(pbx, tmp_path, {"do_not_disturb": DoNotDisturb}) as phone,
        line_at(pbx, Transport.UDP, "3003", folder) as caller,
    ):
        desk = phone.app.plugins._entries["do_not_disturb"].instance.desk
        desk.turn_on()
        end = (await caller.ended(caller.phone.place(caller.account, "2001"))).end
        assert (end.failure.kind, end.failure.sip_code) == (FailureKind.BUSY, 486)
        assert phone.published(CallAdded) == []
        assert desk.missed == ("Hugo Desk",)
        phone.app.settings.update(DoNotDisturbSettings, manner=Manner.SILENT)
        call = caller.phone.place(caller.account, "2001")
        await caller.phone.wait(CallProgressed, lambda fact: fact.call_id == call and fact.sip_code == 180)
        await phone.until(lambda: any(one.state is CallState.RINGING for one in phone.app.calls.current()))
        (waiting,) = phone.app.calls.current()
        assert waiting.silenced
        phone.app.calls.answer(waiting.id)
        await caller.connected(call)
        await caller.hang_up(call)
        await phone.until(lambda: not phone.app.calls.current())
        await pbx.until(lambda: not pbx.channels(), what="the PBX to let go")

"""Automatic answer on the real PBX: its intercom call is answered, an ordinary one rings."""

import pytest
from callmanager.api import CallState, NoticePosted, Transport
from callmanager_call_control.auto_answer.plugin import AutoAnswer
from callmanager_call_control.auto_answer.settings import AutoAnswerSettings
from plugins.call_control.office import phone_at
from plugins.sip_engine.lines import line_at

pytestmark = [pytest.mark.pbx, pytest.mark.timeout(90)]

WAYS = [pytest.param(Transport.WSS, "2001", id="wss"), pytest.param(Transport.UDP, "3001", id="udp")]


@pytest.mark.parametrize(("transport", "user"), WAYS)
async def test_an_intercom_call_is_answered_and_an_ordinary_one_rings(pbx, tmp_path, transport, user):
    folder = tmp_path / "caller"
    folder.mkdir()
    async with (
        phone_at(pbx, tmp_path, {"auto_answer": AutoAnswer}, transport=transport, user=user) as phone,
        line_at(pbx, Transport.UDP, "3003", folder) as caller,
    ):
        phone.app.settings.update(AutoAnswerSettings, by_header=True)
        call = caller.phone.place(caller.account, f"*82{user}")
        await caller.connected(call)
        await phone.until(lambda: [one.state for one in phone.app.calls.current()] == [CallState.CONNECTED])
        (answered,) = phone.app.calls.current()
        assert answered.answer_after == 0.0
        assert any("by itself" in event.notice.text for event in phone.published(NoticePosted))
        await caller.hang_up(call)
        await phone.until(lambda: not phone.app.calls.current())
        caller.phone.place(caller.account, user)
        await phone.until(lambda: [one.state for one in phone.app.calls.current()] == [CallState.RINGING], seconds=10)
        (ringing,) = phone.app.calls.current()
        assert (ringing.answer_after, phone.app.plugins._entries["auto_answer"].instance.desk.waiting) == (None, ())
        pbx.hang_up()
        await pbx.until(lambda: not pbx.channels(), what="the PBX to let go")

"""To VM on the real PBX: 302 from us, and the caller talks to the voicemail of our extension."""

import pytest
from callmanager.api import CallRemoved, CallState, EndCause, RegistrationState, Transport
from callmanager_call_control.voicemail_transfer.plugin import VoicemailTransfer
from plugins.call_control.office import phone_at
from plugins.sip_engine.lines import line_at

pytestmark = [pytest.mark.pbx, pytest.mark.timeout(90)]

WAYS = [pytest.param(Transport.WSS, "2001", id="wss"), pytest.param(Transport.UDP, "3001", id="udp")]


@pytest.mark.parametrize(("transport", "user"), WAYS)
async def test_the_caller_ends_in_the_voicemail_of_the_extension_and_leaves_a_message(pbx, tmp_path, transport, user):
    def waiting() -> int:
        with pbx.ami("phone") as ami:
            return int(ami.action("MailboxCount", Mailbox=f"{user}@vitalpbx-voicemail")[0]["NewMessages"])

    folder = tmp_path / "caller"
    folder.mkdir()
    async with (
        phone_at(pbx, tmp_path, {"voicemail_transfer": VoicemailTransfer}, transport=transport, user=user) as phone,
        line_at(pbx, Transport.UDP, "3003", folder) as caller,
    ):
        before, moved = waiting(), pbx.logs.count("SIP/2.0 302")
        pbx.trace_sip()
        try:
            call = caller.phone.place(caller.account, user)
            await phone.until(lambda: any(one.state is CallState.RINGING for one in phone.app.calls.current()), seconds=10)
            (ringing,) = phone.app.calls.current()
            (action,) = phone.app.call_actions()
            assert action.value.available(ringing)
            await action.value.run(ringing)
            await phone.until(lambda: not phone.app.calls.current())
            await pbx.until(lambda: pbx.logs.count("SIP/2.0 302") > moved, what="the 302 at the PBX")
        finally:
            pbx.trace_sip(on=False)
        end = phone.published(CallRemoved)[-1].call.end
        assert (end.cause, end.sent_to) == (EndCause.REDIRECTED, "voicemail")
        await caller.connected(call)
        await pbx.until(
            lambda: any(one.application == "VoiceMail" and one.seconds >= 3 for one in pbx.channels()),
            what="the caller's words",
        )
        await caller.hang_up(call)
        await pbx.until(lambda: waiting() == before + 1, what="the message")
        await pbx.until(lambda: not pbx.channels(), what="the PBX to let go")
        assert phone.app.accounts.registration.state is RegistrationState.REGISTERED

"""Who is free, as a real Asterisk tells it while real phones register, ring, talk and hold."""

from contextlib import AsyncExitStack

import pytest
from callmanager.api import Answer, CallArrived, CallHoldReported, Ring, SetHeld, Transport
from pbx.accounts import Dial
from plugins.sip_engine.lines import line_at

pytestmark = [pytest.mark.pbx]


@pytest.fixture
async def make_line(pbx, tmp_path):
    async with AsyncExitStack() as stack:

        async def make(user):
            folder = tmp_path / user
            folder.mkdir()
            return await stack.enter_async_context(line_at(pbx, Transport.UDP, user, folder))

        yield make


async def shown(phone, extension: str, status: str) -> None:
    await phone.until(lambda: phone.status(extension) == status)


async def test_a_colleague_registers_rings_talks_holds_and_is_free_again(pbx, make_phone, make_line) -> None:
    async with make_phone(pbx) as phone:
        await shown(phone, "3003", "unavailable")
        frank, hugo = await make_line("3001"), await make_line("3003")
        await shown(phone, "3003", "available")
        assert phone.app.presence.get("3003").since is not None
        frank.phone.place(frank.account, "3003")
        arrived = await hugo.phone.wait(CallArrived)
        hugo.submit(Ring(call_id=arrived.call_id))
        await shown(phone, "3003", "ringing")
        hugo.submit(Answer(call_id=arrived.call_id))
        await shown(phone, "3003", "on_call")
        await shown(phone, "3001", "on_call")
        hugo.submit(SetHeld(call_id=arrived.call_id, held=True))
        await hugo.phone.wait(CallHoldReported, lambda f: f.held)
        await shown(phone, "3001", "on_hold")  # Asterisk says it of the phone that hears the music
        await hugo.hang_up(arrived.call_id)
        await shown(phone, "3003", "available")
    await pbx.until(lambda: not pbx.channels(), what="the channels to go")


async def test_the_call_of_another_tenant_is_none_of_ours(pbx, make_phone, make_line) -> None:
    async with make_phone(pbx) as phone:
        desk = await make_line("T2_2002")
        call = await desk.call(Dial.ECHO)
        with pbx.ami() as ami:  # the PBX has told of it to everybody when it has told the bench
            while not any(row.get("Exten") == "2002" and row["Context"] == "T2_extension-hints" and row["Status"] == "1"
                          for row in ami.action("ExtensionStateList")):  # fmt: skip
                await phone.harness.settle()
        await shown(phone, "2002", "unavailable")
        await desk.hang_up(call)


async def test_a_tenant_sees_its_own_people(pbx, make_phone, make_line) -> None:
    async with make_phone(pbx, sip_user="T2_2001") as phone:
        desk = await make_line("T2_2002")
        await shown(phone, "2002", "available")
        call = await desk.call(Dial.ECHO)
        await shown(phone, "2002", "on_call")
        assert phone.status("3001") == "unknown"
        await desk.hang_up(call)


async def test_do_not_disturb_is_what_the_device_of_it_says(pbx, make_phone, make_line) -> None:
    async with make_phone(pbx) as phone:
        line = await make_line("3003")
        await shown(phone, "3003", "available")
        pbx.cli("devstate change Custom:DND3003 INUSE")
        await shown(phone, "3003", "do_not_disturb")
        call = await line.call(Dial.ECHO)
        await shown(phone, "3003", "on_call")
        await line.hang_up(call)
        await shown(phone, "3003", "do_not_disturb")
        pbx.cli("devstate change Custom:DND3003 NOT_INUSE")
        await shown(phone, "3003", "available")


async def test_what_somebody_says_of_himself_is_shown(pbx, make_phone, make_line) -> None:
    pbx.cli("presencestate change CustomPresence:3004 DND")
    async with make_phone(pbx) as phone:
        await make_line("3004")
        await shown(phone, "3004", "do_not_disturb")
        pbx.cli("presencestate change CustomPresence:3004 AVAILABLE")
        await shown(phone, "3004", "available")
        pbx.cli("presencestate change CustomPresence:3004 DND")
        await shown(phone, "3004", "do_not_disturb")
    pbx.cli("presencestate change CustomPresence:3004 AVAILABLE")


async def test_an_extension_without_a_hint_is_known_by_its_phone(pbx, make_phone, make_line) -> None:
    await make_line("3004")
    pbx.cli("dialplan remove extension 3004@extension-hints")
    try:
        async with make_phone(pbx) as phone:
            await shown(phone, "3004", "available")
            pbx.originate("3004", action="wait")
            await shown(phone, "3004", "ringing")
            pbx.hang_up()
            await shown(phone, "3004", "available")
    finally:
        pbx.cli("dialplan reload")


async def test_a_parking_slot_is_watched_like_a_phone(pbx, make_phone) -> None:
    async with make_phone(pbx) as phone:
        await shown(phone, "5901", "available")
        with pbx.ami() as ami:
            ami.action("Originate", Channel=f"Local/{Dial.TONE_500}@cos-all/n", Application="Park", Data="parking-1",
                       Async="true")  # fmt: skip
        await shown(phone, "5901", "on_call")
        pbx.hang_up()
        await shown(phone, "5901", "available")

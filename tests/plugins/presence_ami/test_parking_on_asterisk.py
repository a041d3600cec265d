"""The parked calls of a real Asterisk as they come, are fetched, give up and ring back."""

from datetime import timedelta

import pytest
from callmanager.api import ParkingChanged, SourceStanding
from pbx.accounts import Dial

pytestmark = [pytest.mark.pbx]

CALLER = "Maria Lindqvist <5550100199>"


def originate(pbx, name: str, **fields: str) -> None:
    with pbx.ami() as ami:
        ami.action(
            "Originate", Channel=f"Local/{Dial.TONE_500}@cos-all/n", CallerID=CALLER, ChannelId=name, Async="true", **fields
        )


def park(pbx, name: str, lot: str = "parking-1") -> None:
    """Parked when this returns."""
    before = pbx.cli(f"parking show {lot}").count("Space")
    originate(pbx, name, Application="Park", Data=lot)
    pbx.wait_until(lambda: pbx.cli(f"parking show {lot}").count("Space") > before, what="the call to be parked")


def channel_of(pbx, unique_id: str) -> str:
    pbx.wait_until(lambda: any(channel.unique_id == unique_id for channel in pbx.channels()), what=f"the channel {unique_id}")
    return next(channel.name for channel in pbx.channels() if channel.unique_id == unique_id)


async def test_who_by_whom_since_when_and_until_when(pbx, make_phone) -> None:
    async with make_phone(pbx) as phone:
        await phone.until(lambda: phone.app.parking.lots())
        originate(pbx, "waiting", Application="Wait", Data="60")
        with pbx.ami() as ami:
            ami.action("Park", Channel=channel_of(pbx, "waiting"), Parkinglot="parking-1", TimeoutChannel="PJSIP/2001")
        await phone.until(phone.slots)
        (call,) = phone.app.parking.calls()
        assert (call.slot, call.lot, call.caller.number, call.caller.name) == (
            "5901",
            "parking-1",
            "5550100199",
            "Maria Lindqvist",
        )
        assert call.parked_by.number == "2001"
        assert timedelta(seconds=43) <= call.returns_at - call.parked_at <= timedelta(seconds=46)
        assert call.channel.startswith("Local/")
        pbx.hang_up()
        await phone.until(lambda: not phone.slots())
        assert "parking-1" in phone.app.parking.lots()
    await pbx.until(lambda: not pbx.channels(), what="the channels to go")


async def test_a_call_that_is_fetched_leaves_its_slot_and_others_stay(pbx, make_phone) -> None:
    park(pbx, "first")
    park(pbx, "second")
    async with make_phone(pbx) as phone:
        await phone.until(lambda: set(phone.slots()) == {"5901", "5902"})
        with pbx.ami() as ami:
            ami.action("Originate", Channel=f"Local/{Dial.ECHO}@cos-all/n", Context="cos-all", Exten="5901", Priority="1",
                       Async="true")  # fmt: skip
        await phone.until(lambda: set(phone.slots()) == {"5902"})
        park(pbx, "third")
        await phone.until(lambda: set(phone.slots()) == {"5901", "5902"})
        pbx.hang_up(channel_of(pbx, "second"))
        await phone.until(lambda: set(phone.slots()) == {"5901"})
        pbx.hang_up()
        await phone.until(lambda: not phone.slots())


async def test_a_call_that_times_out_leaves_its_slot(pbx, make_phone) -> None:
    async with make_phone(pbx) as phone:
        await phone.until(lambda: phone.app.parking.lots())
        originate(pbx, "late", Application="Wait", Data="60")
        with pbx.ami() as ami:
            ami.action(
                "Park", Channel=channel_of(pbx, "late"), Parkinglot="parking-1", TimeoutChannel="PJSIP/2001", Timeout="1000"
            )
        await phone.until(phone.slots)
        await phone.until(lambda: not phone.slots())
        pbx.hang_up()


async def test_lots_that_are_not_ours_are_not_shown(pbx, make_phone) -> None:
    async with make_phone(pbx, lots=("parking-1",)) as phone:
        await phone.until(lambda: phone.app.parking.lots())
        park(pbx, "elsewhere", lot="default")
        park(pbx, "here")
        await phone.until(phone.slots)
        assert phone.app.parking.lots() == ("parking-1",)
        assert set(phone.slots()) == {"5901"}
        assert {event.lot for event in phone.harness.published(ParkingChanged)} == {"parking-1"}
        pbx.hang_up()
        await phone.until(lambda: not phone.slots())


async def test_a_tenant_without_a_lot_of_its_own_is_told_what_to_do(pbx, make_phone) -> None:
    async with make_phone(pbx, sip_user="T2_2001") as phone:
        await phone.until(lambda: "no parking lot of your extension" in phone.parking.detail)
        await phone.until(lambda: phone.presence.standing is SourceStanding.WORKING)

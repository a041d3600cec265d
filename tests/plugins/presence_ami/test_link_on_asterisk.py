"""Signing in at a real Asterisk, being refused, cut off and restarted."""

import pytest
from callmanager.api import SourceStanding
from callmanager_presence_ami.settings import AmiSettings
from pbx.accounts import Dial
from pbx.certificates import ServerCertificate
from plugins.presence_ami.conftest import QuickPresenceAmi

pytestmark = [pytest.mark.pbx]

WORKING = SourceStanding.WORKING


def failures(pbx) -> int:
    return sum(event.is_failure for event in pbx.security_events() if event.service == "AMI")


def logins(pbx) -> int:
    return sum(event.event == "SuccessfulAuth" for event in pbx.security_events("phone"))


def problems(phone) -> list[str]:
    return [problem.text for problem in phone.app.problems.current()]


async def working(phone) -> None:
    await phone.until(lambda: phone.presence.standing is WORKING and phone.parking.standing is WORKING)


def park_somebody(pbx, *, caller="Maria <5550100199>") -> None:
    """A call of the PBX's own, parked without a phone."""
    with pbx.ami() as ami:
        ami.action("Originate", Channel=f"Local/{Dial.TONE_500}@cos-all/n", Application="Park", Data="parking-1",
                   CallerID=caller, Async="true")  # fmt: skip


async def test_presence_and_parking_share_one_encrypted_login(pbx, make_phone) -> None:
    before = logins(pbx)
    async with make_phone(pbx) as phone:
        await working(phone)
        assert logins(pbx) == before + 1
        assert failures(pbx) == 0
        await phone.until(lambda: phone.status("2001") == "unavailable")
        assert phone.app.parking.lots() == ("default", "parking-1")
        assert problems(phone) == []
    await pbx.until(lambda: "phone" not in pbx.cli("manager show connected"), what="the AMI session to end")


async def test_without_encryption_it_works_and_a_warning_stands(pbx, make_phone) -> None:
    async with make_phone(pbx, encrypted=False) as phone:
        await working(phone)
        assert "is not encrypted" in " ".join(problems(phone))
        phone.app.settings.update(AmiSettings, encrypted=True)
        await phone.until(lambda: not problems(phone))
        await working(phone)


async def test_a_refused_login_is_tried_once_until_somebody_changes_the_secret(fresh_pbx, make_phone) -> None:
    pbx = fresh_pbx
    async with make_phone(pbx, secret="not the right one") as phone:
        await phone.until(lambda: {phone.presence.standing, phone.parking.standing} == {SourceStanding.SIGN_IN})
        assert failures(pbx) == 1
        assert "refused the AMI user phone" in problems(phone)[0]
        phone.app.settings.update(AmiSettings, lots=("parking-1",))  # nothing that the PBX would judge otherwise
        await phone.harness.settle()
        await phone.until(lambda: {phone.presence.standing, phone.parking.standing} == {SourceStanding.SIGN_IN})
        assert failures(pbx) == 1
        await phone.app.settings.set_secret(AmiSettings, "secret", pbx._ami_secrets["phone"])
        await working(phone)
        assert problems(phone) == []
        assert failures(pbx) == 1


async def test_user_and_secret_that_change_together_are_tried_together(fresh_pbx, make_phone) -> None:
    pbx = fresh_pbx
    async with make_phone(pbx, secret="of somebody else", user="") as phone:
        phone.app.settings.update(AmiSettings, user="phone")
        await phone.app.settings.set_secret(AmiSettings, "secret", pbx._ami_secrets["phone"])
        await working(phone)
        assert failures(pbx) == 0


@pytest.mark.parametrize(
    ("certificate", "words"),
    [
        (ServerCertificate.FOREIGN, "can't be trusted"),
        (ServerCertificate.EXPIRED, "expired"),
        (ServerCertificate.WRONG_NAME, "can't be trusted"),
    ],
)
async def test_a_wrong_certificate_is_refused_before_anything_is_said(make_pbx, make_phone, certificate, words) -> None:
    pbx = make_pbx(certificate=certificate)
    async with make_phone(pbx) as phone:
        await phone.until(lambda: {phone.presence.standing, phone.parking.standing} == {SourceStanding.LOST})
        assert words in phone.presence.detail
        assert "nothing was sent" in phone.presence.detail
        assert not [event for event in pbx.security_events() if event.service == "AMI"]


async def test_after_a_restart_of_the_pbx_everything_is_asked_for_again(fresh_pbx, make_phone) -> None:
    pbx = fresh_pbx
    async with make_phone(pbx) as phone:
        await working(phone)
        park_somebody(pbx)
        await phone.until(lambda: phone.slots() == {"5901": "5550100199"})
        pbx.restart()
        await phone.until(lambda: phone.presence.standing is not WORKING)
        await phone.until(lambda: phone.app.presence.all() == ())
        park_somebody(pbx, caller="Tom <5550100142>")
        await phone.until(lambda: phone.slots() == {"5901": "5550100142"}, seconds=20)
        await working(phone)
        await phone.until(lambda: phone.status("2001") == "unavailable")
        assert problems(phone) == []


async def test_a_cut_cable_is_noticed_by_the_missing_answer_and_healed(fresh_pbx, make_phone) -> None:
    pbx = fresh_pbx
    async with make_phone(pbx, plugin=QuickPresenceAmi) as phone:
        await working(phone)
        pbx.link_down()
        await phone.until(lambda: {phone.presence.standing, phone.parking.standing} == {SourceStanding.LOST})
        assert "silent" in phone.presence.detail
        assert phone.app.parking.lots() == ()
        pbx.link_up()
        await phone.until(lambda: phone.presence.standing is WORKING and phone.parking.standing is WORKING, seconds=40)


async def test_the_answered_heartbeat_keeps_a_quiet_link(pbx, make_phone) -> None:
    async with make_phone(pbx, plugin=QuickPresenceAmi) as phone:
        await working(phone)
        before = logins(pbx)
        import asyncio

        await asyncio.wait([asyncio.ensure_future(asyncio.sleep(2.5))])  # three heartbeats of nothing but heartbeats
        assert phone.presence.standing is WORKING
        assert logins(pbx) == before


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"port": 5038}, "does not speak TLS"),
        ({"port": 5039, "encrypted": False}, "perhaps that port is for encrypted connections"),
        ({"port": 5037}, "nothing listens"),
        ({"port": 5060, "encrypted": False}, "says nothing"),
    ],
)
async def test_what_is_set_up_wrong_is_said_with_its_remedy(pbx, make_phone, settings, words) -> None:
    async with make_phone(pbx, plugin=QuickPresenceAmi, **settings) as phone:
        await phone.until(lambda: phone.presence.standing is SourceStanding.LOST)
        assert words in phone.presence.detail


async def test_without_a_user_nothing_is_asked_and_nothing_is_wrong(pbx, make_phone) -> None:
    async with make_phone(pbx, user="") as phone:
        await phone.until(lambda: phone.presence.standing is SourceStanding.NOT_CONFIGURED)
        assert problems(phone) == []


async def test_without_a_secret_it_is_asked_for(pbx, make_phone) -> None:
    async with make_phone(pbx, secret="") as phone:
        await phone.until(lambda: phone.presence.standing is SourceStanding.SIGN_IN)
        assert "secret of the AMI user phone is missing" in phone.presence.detail

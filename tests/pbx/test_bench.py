"""The bench itself: that it runs, is heard, can be cut off, and leaves nothing behind."""

import asyncio
import dataclasses
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest
from far_ends.baresip import Baresip, Transport
from far_ends.fixtures import BaresipFactory, JsSipFactory, SippFactory
from far_ends.process import FarEndError
from far_ends.tones import read_wav

from pbx import instance
from pbx.accounts import HOLD_MUSIC_HZ, Dial
from pbx.ami import AmiError
from pbx.bench import AsteriskPbx
from pbx.certificates import ServerCertificate, certificate_der
from pbx.config import PbxOptions
from pbx.fixtures import PbxFactory
from pbx.network import PbxNetwork

pytestmark = pytest.mark.pbx

_COMMAND = Path(__file__).with_name("pbx.py")


def _close_to(hz: float) -> object:
    return pytest.approx(hz, abs=3)


def _tls(pbx: AsteriskPbx, port: int, name: str) -> bytes | None:
    context = ssl.create_default_context(cafile=str(pbx.ca_file))
    with (
        socket.create_connection((pbx.host, port), timeout=5) as raw,
        context.wrap_socket(raw, server_hostname=name) as secure,
    ):
        return secure.getpeercert(binary_form=True)


@pytest.mark.parametrize("port", [8089, 5061, 5039])
def test_the_certificate_holds_for_the_address_and_for_the_name(pbx: AsteriskPbx, port: int) -> None:
    for name in (pbx.host, pbx.name):
        assert _tls(pbx, port, name) == certificate_der(pbx.server_certificate_file)


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        (ServerCertificate.EXPIRED, "certificate has expired"),
        (ServerCertificate.FOREIGN, "unable to get local issuer certificate|self.signed certificate"),
        (ServerCertificate.WRONG_NAME, "not valid for"),
    ],
)
def test_each_bad_certificate_is_bad_in_its_own_way_only(
    make_pbx: PbxFactory, certificate: ServerCertificate, reason: str
) -> None:
    pbx = make_pbx(certificate=certificate)
    with pytest.raises(ssl.SSLCertVerificationError, match=reason):
        _tls(pbx, 8089, pbx.host)
    pbx.restart(certificate=ServerCertificate.VALID)
    assert _tls(pbx, 8089, pbx.host)


@pytest.mark.parametrize(
    ("user", "options"),
    [
        ("3001", {}),
        ("3002", {"transport": Transport.TCP}),
        ("3101", {"transport": Transport.TLS, "media_encryption": "srtp-mand"}),
        ("3201", {"media_encryption": "srtp"}),
        ("T2_2002", {}),
    ],
)
async def test_a_phone_hears_its_own_tone_from_the_echo(
    pbx: AsteriskPbx, baresip_at: BaresipFactory, user: str, options: dict[str, object]
) -> None:
    phone = await baresip_at(pbx, user, tone_hz=800.0, **options)
    assert [contact.user for contact in pbx.contacts(user)] == [user]
    await phone.call(Dial.ECHO)
    await pbx.until(lambda: phone.has_heard(1.5), what="the echo")
    heard = phone.heard().tail(0.8)
    assert heard.frequency() == _close_to(800)
    assert heard.share(800) > 0.95


async def test_an_endpoint_with_srtp_only_refuses_plain_media(pbx: AsteriskPbx, baresip_at: BaresipFactory) -> None:
    phone = await baresip_at(pbx, "3102", transport=Transport.TLS)
    with pytest.raises(FarEndError, match="488"):
        await phone.call(Dial.ECHO)


async def test_the_pbx_plays_and_records_in_one_call(pbx: AsteriskPbx, baresip_at: BaresipFactory) -> None:
    phone = await baresip_at(pbx, "3001", tone_hz=1234.0)
    await phone.call(f"{Dial.TONE_AND_RECORD}42")
    await pbx.until(lambda: phone.has_heard(1.5), what="the tone")
    assert phone.heard().tail(0.8).frequency() == _close_to(500)
    await phone.hang_up()
    recording = read_wav(await asyncio.to_thread(pbx.recorded, "42"))
    assert recording.seconds > 1
    assert recording.tail(0.8).frequency() == _close_to(1234)


async def test_the_pbx_calls_a_phone_with_the_caller_it_was_told(pbx: AsteriskPbx, baresip_at: BaresipFactory) -> None:
    phone = await baresip_at(pbx, "3001")
    pbx.originate("3001", action="tone", caller_name="Ada Caller", caller_number="5551234")
    event = await phone.wait_event("CALL_ESTABLISHED")
    assert (event["peerdisplayname"], event["peeruri"]) == ("Ada Caller", f"sip:5551234@{pbx.host}")
    await pbx.until(lambda: phone.has_heard(1.5), what="the tone")
    assert phone.heard().tail(0.8).frequency() == _close_to(500)


async def test_the_ivr_writes_down_each_key_once(pbx: AsteriskPbx, baresip_at: BaresipFactory) -> None:
    phone = await baresip_at(pbx, "3003")
    await phone.call(Dial.IVR)
    await phone.send_keys("1234567890*#55")
    await pbx.until(lambda: len(pbx.digits("3003")) >= 14, what="14 keys")
    assert pbx.digits("3003") == "1234567890*#55"


@pytest.mark.parametrize(
    ("number", "answer"),
    [(Dial.BUSY, "486"), (Dial.REJECT, "403"), (Dial.UNKNOWN, "404")],
)
async def test_numbers_that_refuse_answer_with_their_own_code(
    pbx: AsteriskPbx, baresip_at: BaresipFactory, number: str, answer: str
) -> None:
    phone = await baresip_at(pbx, "3001")
    with pytest.raises(FarEndError, match=answer):
        await phone.call(number)


async def test_early_media_is_heard_without_an_answer(pbx: AsteriskPbx, baresip_at: BaresipFactory) -> None:
    phone = await baresip_at(pbx, "3001")
    await phone.call(Dial.EARLY_MEDIA, wait=False)
    event = await phone.wait_event("CALL_CLOSED", within=15)
    assert "486" in event["param"]
    assert "CALL_ESTABLISHED" not in [each["type"] for each in phone.events]
    assert phone.heard().tail(0.8).frequency() == _close_to(440)


@pytest.mark.parametrize("number", [Dial.MUSIC, Dial.SPEECH, Dial.PARK, Dial.VOICEMAIL])
async def test_services_answer_and_are_heard(pbx: AsteriskPbx, baresip_at: BaresipFactory, number: str) -> None:
    phone = await baresip_at(pbx, "3001")
    await phone.call(number)
    await pbx.until(lambda: phone.has_heard(2), what="sound")
    assert phone.heard().level() > -45


async def test_a_message_left_waits_in_the_mailbox(pbx: AsteriskPbx, baresip_at: BaresipFactory) -> None:
    def waiting() -> int:
        with pbx.ami("phone") as ami:
            return int(ami.action("MailboxCount", Mailbox="3002@vitalpbx-voicemail")[0]["NewMessages"])

    before = waiting()
    phone = await baresip_at(pbx, "3001")
    await phone.call(f"{Dial.LEAVE_MESSAGE}3002")
    await pbx.until(lambda: any(c.application == "VoiceMail" and c.seconds >= 3 for c in pbx.channels()), what="speech")
    await phone.hang_up()
    await pbx.until(lambda: waiting() == before + 1, what="the message")


async def test_two_parties_of_a_conference_hear_each_other(pbx: AsteriskPbx, baresip_at: BaresipFactory) -> None:
    first = await baresip_at(pbx, "3001", tone_hz=600.0)
    second = await baresip_at(pbx, "3002", tone_hz=900.0)
    await first.call(Dial.CONFERENCE)
    await second.call(Dial.CONFERENCE)

    def hears(phone: Baresip, hz: float) -> bool:
        return phone.has_heard(1) and phone.heard().tail(0.6).share(hz) > 0.9

    await pbx.until(lambda: hears(first, 900), what="the second in the first's ear")
    await pbx.until(lambda: hears(second, 600), what="the first in the second's ear")


@pytest.mark.browser
async def test_jssip_calls_and_is_called_with_a_tone_at_both_ends(
    pbx: AsteriskPbx, jssip_at: JsSipFactory, baresip_at: BaresipFactory
) -> None:
    browser = await jssip_at(pbx, "2001", tone_hz=1000.0)
    await browser.call(f"{Dial.TONE_AND_RECORD}2001")
    await browser.wait_event("media")
    heard = await browser.heard()
    assert (heard.frequency(), heard.share(500) > 0.95) == (_close_to(500), True)
    assert 0 < browser.click_to_invite_ms() < browser.click_to_media_ms()
    await browser.hang_up()
    assert read_wav(await asyncio.to_thread(pbx.recorded, "2001")).tail(0.4).frequency() == _close_to(1000)

    desk = await baresip_at(pbx, "3001", tone_hz=800.0)
    mark = len(browser.events)
    await desk.call("2001", wait=False)
    assert (await browser.wait_incoming(since=mark))["number"] == "3001"
    await browser.answer()
    await pbx.until(lambda: desk.has_heard(1.5), what="the browser")
    assert await browser.heard_frequency() == _close_to(800)
    assert desk.heard().tail(0.6).frequency() == _close_to(1000)
    await browser.hold()
    await pbx.until(lambda: desk.heard().tail(0.4).share(HOLD_MUSIC_HZ) > 0.9, what="hold music")
    await browser.resume()
    await pbx.until(lambda: desk.heard().tail(0.4).share(1000) > 0.9, what="the browser again")
    await browser.hang_up()

    before = len(pbx.digits("2001"))
    await browser.call(Dial.IVR)
    await browser.send_keys("12#*9")
    await pbx.until(lambda: len(pbx.digits("2001")) >= before + 5, what="five keys")
    assert pbx.digits("2001")[before:] == "12#*9"


async def test_sipp_registers_calls_and_is_called(
    make_pbx: PbxFactory, sipp_at: SippFactory, baresip_at: BaresipFactory
) -> None:
    # SIPp answers what its scenario names, and nothing between two of them. A PBX whose OPTIONS it leaves unanswered takes it
    # for gone after three seconds and says 603 where 486 is awaited; a NOTIFY in place of the INVITE ends the scenario.
    pbx = make_pbx(options=PbxOptions(qualify_frequency=0, tell_of_messages=False))
    script = sipp_at(pbx, "3004")
    await script.register()
    await script.run("call", number=Dial.ECHO)
    phone = await baresip_at(pbx, "3001", tone_hz=700.0)
    await script.start("answer")
    await phone.call("3004")
    await pbx.until(lambda: phone.has_heard(1.5), what="SIPp's echo")
    assert phone.heard().tail(0.8).frequency() == _close_to(700)
    await phone.hang_up()
    await script.finish()
    await script.start("busy")
    with pytest.raises(FarEndError, match="486"):
        await phone.call("3004")
    await script.finish()
    await script.start("ring")
    mark = len(phone.events)
    await phone.call("3004", wait=False)
    await phone.wait_event("CALL_RINGING", since=mark)
    await phone.hang_up()
    await script.finish()
    await script.register(expires=0)
    assert pbx.contacts("3004") == []


async def test_a_wrong_password_is_counted_and_a_challenge_is_not(
    pbx: AsteriskPbx, sipp_at: SippFactory, baresip_at: BaresipFactory
) -> None:
    before = pbx.failed_registrations("3002")
    await baresip_at(pbx, "3002")
    assert pbx.failed_registrations("3002") == before
    wrong = sipp_at(pbx, "3002")
    wrong.account = dataclasses.replace(wrong.account, password="wrong")
    with pytest.raises(FarEndError, match=r"401|403"):
        await wrong.register()
    assert pbx.failed_registrations("3002") == before + 1


async def test_an_asked_expiry_is_brought_into_the_configured_range(make_pbx: PbxFactory, baresip_at: BaresipFactory) -> None:
    pbx = make_pbx(options=PbxOptions(minimum_expiration=5, maximum_expiration=20))
    await baresip_at(pbx, "3001", registration_seconds=3600)
    (contact,) = pbx.contacts("3001")
    assert 10 < contact.expires_at - time.time() <= 21


def test_the_softphones_ami_user_sees_presence_and_nothing_dangerous(pbx: AsteriskPbx) -> None:
    with pbx.ami("phone") as ami:
        rows = ami.action("ExtensionStateList")
        assert {row["Exten"] for row in rows if row.get("Event") == "ExtensionStatus"} >= {"2001", "3001", "5901"}
        for action, fields in (("Command", {"Command": "core show version"}), ("GetConfig", {"Filename": "pjsip.conf"})):
            with pytest.raises(AmiError, match="ermission"):
                ami.action(action, **fields)


def test_a_pulled_cable_makes_it_unreachable_until_it_is_plugged_in(fresh_pbx: AsteriskPbx) -> None:
    with socket.create_connection((fresh_pbx.host, 5060), timeout=2):
        pass
    fresh_pbx.link_down()
    with pytest.raises(TimeoutError):
        socket.create_connection((fresh_pbx.host, 5060), timeout=1)
    assert fresh_pbx.answers()  # it is the network that is gone, not the PBX
    fresh_pbx.link_up()
    with socket.create_connection((fresh_pbx.host, 5060), timeout=5):
        pass


def test_a_killed_pbx_refuses_connections_and_comes_back_with_the_same_accounts(fresh_pbx: AsteriskPbx) -> None:
    account = fresh_pbx.account("2001")
    fresh_pbx.kill()
    assert not fresh_pbx.answers()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((fresh_pbx.host, 8089), timeout=2)
    fresh_pbx.restart()
    assert fresh_pbx.account("2001") == account
    with socket.create_connection((fresh_pbx.host, 8089), timeout=2):
        pass


def test_several_instances_run_side_by_side(make_pbx: PbxFactory) -> None:
    first, second = make_pbx(), make_pbx()
    assert first.host != second.host
    assert first.answers()
    assert second.answers()


def test_stop_leaves_no_namespace_process_or_folder(make_pbx: PbxFactory) -> None:
    pbx = make_pbx()
    number, home = pbx.number, pbx.home
    assert _leftovers(number, home)
    pbx.stop()
    assert _leftovers(number, home) == []


def test_a_killed_test_run_takes_its_pbx_with_it(make_pbx: PbxFactory) -> None:
    number, home, victim = _start_in_another_process(make_pbx)
    victim.kill()
    victim.communicate()
    _wait_until_gone(number, home)


def test_a_killed_supervisor_takes_asterisk_with_it_and_the_rest_is_swept(make_pbx: PbxFactory) -> None:
    number, home, victim = _start_in_another_process(make_pbx)
    (supervisor,) = [pid for pid in _processes(home) if b"supervisor.py" in _command_line(pid)]
    victim.send_signal(signal.SIGSTOP)  # so that nothing tidies up in an orderly way
    os.kill(supervisor, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while _processes(home) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert _processes(home) == []
    assert Path("/run/netns", PbxNetwork(number=number).namespace).exists()
    instance.sweep()
    assert _leftovers(number, home) == []
    victim.kill()
    victim.communicate()


def test_the_command_starts_shows_and_stops_a_pbx_without_any_environment(make_pbx: PbxFactory) -> None:
    make_pbx()  # skips where there can be no PBX; the command must not disturb it
    python = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [python, "-I", str(_COMMAND), *arguments], capture_output=True, text=True, timeout=60, env=environment
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    shown = run("up")
    number = int(shown.removeprefix("instance ").partition(":")[0])
    try:
        assert "Asterisk 22" in shown
        assert "T2_2001" in run("status", "--instance", str(number))
        assert "5901-5909" in run("cli", "--instance", str(number), "parking", "show", "parking-1")
    finally:
        run("down", "--instance", str(number))
    assert number not in instance.running()


def _start_in_another_process(make_pbx: PbxFactory) -> tuple[int, Path, subprocess.Popen[str]]:
    make_pbx().stop()  # skips where there can be no PBX
    code = (
        "import time; from pbx.bench import AsteriskPbx\n"
        "pbx = AsteriskPbx(); pbx.start(); print(pbx.number, pbx.home, flush=True); time.sleep(60)"
    )
    victim = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).resolve().parents[1]
    )
    assert victim.stdout is not None
    number, home = victim.stdout.readline().split(" ", 1)
    return int(number), Path(home.strip()), victim


def _wait_until_gone(number: int, home: Path) -> None:
    deadline = time.monotonic() + 10
    while _leftovers(number, home) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert _leftovers(number, home) == []


def _leftovers(number: int, home: Path) -> list[str]:
    network = PbxNetwork(number=number)
    places = (
        Path("/run/netns", network.namespace),
        Path("/sys/class/net", network.host_link),
        instance.run_folder(number),
        home,
    )
    left = [str(path) for path in places if path.exists()]
    left += [f"process {pid}: {_command_line(pid)[:120]!r}" for pid in _processes(home)]
    if str(home) in Path("/proc/mounts").read_text(encoding="utf-8"):
        left.append("a mount")
    return left


def _processes(home: Path) -> list[int]:
    """Processes that belong to the instance: by its folder's name in their arguments, or by the mounts they see."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            mounts = _read(entry / "mountinfo")
            if str(home).encode() in _command_line(int(entry.name)) or home.name.encode() in mounts:
                found.append(int(entry.name))
    return found


def _command_line(pid: int) -> bytes:
    return _read(Path(f"/proc/{pid}/cmdline"))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it ended while we looked
        return b""

"""Calls to the office's numbers, with real audio."""

from __future__ import annotations

import asyncio
import math
from array import array

import pytest
from callmanager_demo.office.g711 import PCMA, PCMU, Law
from callmanager_demo.office.server import Office
from plugins.demo.hearing import level_of, share_of
from plugins.demo.raw_phone import RawPhone, wait_until


def sine(frequency: float, count: int, *, start: int = 0) -> array[int]:
    return array("h", (round(8000 * math.sin(2 * math.pi * frequency * (start + n) / 8000)) for n in range(count)))


@pytest.mark.parametrize(("law", "formats"), [(PCMU, "0 8 101"), (PCMA, "8 0 101")])
async def test_the_line_test_tone_is_heard_in_the_codec_offered_first(
    office: Office, phone: RawPhone, law: Law, formats: str
) -> None:
    await phone.call("6009", sdp=phone.sdp(formats=formats))
    await wait_until(lambda: len(phone.rtp) >= 60)
    assert {packet.payload_type for packet in phone.rtp} == {law.payload_type}
    samples = phone.heard(law.decode, skip=5)
    assert share_of(1004.0, samples) > 0.99
    assert level_of(samples) == pytest.approx(-15.0, abs=0.5)  # a sine's RMS is 3 dB below its peak of -12
    await phone.hang_up()


async def test_audio_comes_every_20_ms_without_drift_or_gap(office: Office, phone: RawPhone) -> None:
    await phone.call("6009")
    await wait_until(lambda: len(phone.rtp) >= 150)
    first, last = phone.rtp[0], phone.rtp[149]
    assert [packet.sequence - first.sequence & 0xFFFF for packet in phone.rtp[:150]] == list(range(150))
    assert (last.timestamp - first.timestamp) & 0xFFFFFFFF == 149 * 160
    assert first.marker
    assert not any(packet.marker for packet in phone.rtp[1:150])


async def test_the_echo_gives_back_what_was_said(office: Office, phone: RawPhone) -> None:
    await phone.call("6000")
    await wait_until(lambda: len(phone.rtp) >= 45)  # the greeting takes 0.8 s
    heard_before = len(phone.rtp)
    for frame in range(60):
        phone.timestamp += 160
        phone.send_rtp(PCMU.encode(sine(700.0, 160, start=160 * frame)))
        await wait_until(lambda frame=frame: len(phone.rtp) > heard_before + frame)  # type: ignore[misc]
    spoken = phone.heard(PCMU.decode, skip=heard_before + 15)[: 160 * 30]
    assert share_of(700.0, spoken) > 0.98
    await phone.hang_up()


async def test_the_music_is_music_and_never_too_loud(office: Office, phone: RawPhone) -> None:
    await phone.call("6001")
    await wait_until(lambda: len(phone.rtp) >= 50)
    samples = phone.heard(PCMU.decode, skip=2)
    assert -35 < level_of(samples) < -12
    assert max(map(abs, samples)) < 32000
    assert share_of(659.26, samples) + share_of(130.81, samples) + share_of(329.63, samples) > 0.1  # a C major chord


async def test_each_key_reaches_the_digit_reader_once_and_in_order(office: Office, phone: RawPhone) -> None:
    await phone.call("6002")
    (call,) = office.calls.values()
    for digit in "0123456789*":
        phone.press(digit)
    await wait_until(lambda: len(call.digits) >= 11)
    await phone.within("OPTIONS")  # whatever was still under way has arrived
    assert call.digits == "0123456789*"


async def test_a_key_is_heard_when_only_its_last_packet_arrives(office: Office, phone: RawPhone) -> None:
    await phone.call("6002")
    (call,) = office.calls.values()
    phone.press("7", copies=3)
    phone.press("7", copies=3)
    await wait_until(lambda: len(call.digits) >= 2)
    assert call.digits == "77"


async def test_the_digit_reader_says_what_is_pressed_and_ends_after_pound(office: Office, phone: RawPhone) -> None:
    await phone.call("6002")
    await wait_until(lambda: len(phone.rtp) >= 25)
    phone.press("5")
    phone.press("#")
    bye = await phone.incoming("BYE", seconds=15)
    phone.reply(bye, 200, "OK")
    assert level_of(phone.heard(PCMU.decode, skip=30)) > -40
    await wait_until(lambda: not office.calls)


async def test_the_reader_speaks_the_recording_of_the_key(office: Office, phone: RawPhone) -> None:
    from callmanager_demo.voices import Phrase, Voices

    await phone.call("6002")
    phone.press("9")
    nine = Voices().say(Phrase.OFFICE_9).read(100_000)
    pressed = Voices().say(Phrase.OFFICE_PRESSED).read(100_000)
    wanted = pressed + nine
    await wait_until(lambda: len(phone.rtp) * 160 > len(wanted) + 3200)
    heard = phone.heard(PCMU.decode)
    # The recordings are mu-law, so they come through unchanged, to the sample.
    assert wanted.tobytes() in heard.tobytes()


@pytest.mark.parametrize("kind", ["application/dtmf-relay", "application/dtmf"])
async def test_keys_in_info_are_taken_too(office: Office, phone: RawPhone, kind: str) -> None:
    await phone.call("6002")
    (call,) = office.calls.values()
    for signal in ("4", "*", "11"):
        body = f"Signal={signal}\r\nDuration=160\r\n" if kind.endswith("relay") else signal
        assert (await phone.within("INFO", headers=f"Content-Type: {kind}\r\n", body=body)).status == 200
    assert call.digits == "4*#"


async def test_other_info_is_refused(office: Office, phone: RawPhone) -> None:
    await phone.call("6009")
    assert (await phone.within("INFO", headers="Content-Type: text/plain\r\n", body="hi")).status == 415


async def test_hold_stops_the_audio_and_resume_brings_it_back(office: Office, phone: RawPhone) -> None:
    await phone.call("6009")
    await wait_until(lambda: len(phone.rtp) >= 5)
    kind = "Content-Type: application/sdp\r\n"
    held = await phone.within("INVITE", headers=kind, body=phone.sdp(direction="sendonly"))
    assert held.status == 200
    assert b"a=recvonly" in held.body
    await phone.within("OPTIONS")
    count = len(phone.rtp)
    await asyncio.sleep(0.1)
    assert len(phone.rtp) == count
    resumed = await phone.within("INVITE", headers=kind, body=phone.sdp())
    assert b"a=sendrecv" in resumed.body
    await wait_until(lambda: len(phone.rtp) >= count + 10)
    assert phone.rtp[count].marker
    # The version in the origin line counts up with each change (RFC 3264 section 8).
    versions = [int(body.split()[3]) for body in (held.body, resumed.body)]
    assert versions[1] == versions[0] + 1


@pytest.mark.parametrize(
    ("offered", "answered"), [("sendonly", "recvonly"), ("recvonly", "sendonly"), ("inactive", "inactive")]
)
async def test_the_direction_is_answered_reversed(office: Office, phone: RawPhone, offered: str, answered: str) -> None:
    response = await phone.call("6009", sdp=phone.sdp(direction=offered))
    assert f"a={answered}".encode() in response.body


async def test_an_update_holds_as_well(office: Office, phone: RawPhone) -> None:
    await phone.call("6009")
    response = await phone.within("UPDATE", headers="Content-Type: application/sdp\r\n", body=phone.sdp(direction="inactive"))
    assert response.status == 200
    assert b"a=inactive" in response.body


async def test_an_offer_without_a_common_codec_changes_nothing(office: Office, phone: RawPhone) -> None:
    await phone.call("6009")
    kind = "Content-Type: application/sdp\r\n"
    refused = await phone.within("INVITE", headers=kind, body=phone.sdp(formats="18"))
    assert refused.status == 488
    count = len(phone.rtp)
    await wait_until(lambda: len(phone.rtp) >= count + 10)


async def test_a_first_offer_without_a_common_codec_is_refused(office: Office, phone: RawPhone) -> None:
    assert (await phone.call("6009", sdp=phone.sdp(formats="18"))).status == 488
    await wait_until(lambda: not office.calls)


async def test_an_invite_without_an_offer_gets_one_and_the_ack_answers_it(office: Office, phone: RawPhone) -> None:
    response = await phone.ask("INVITE", "6009")
    assert b"RTP/AVP 0 8 101" in response.body
    phone.acknowledge(response, "6009", body=phone.sdp())
    await wait_until(lambda: len(phone.rtp) >= 20)
    assert share_of(1004.0, phone.heard(PCMU.decode, skip=5)) > 0.99


async def test_nobody_answers_and_then_480(phone: RawPhone, office: Office) -> None:
    from callmanager_demo.office.peers import AbsentPeer

    office.add(AbsentPeer(ring_seconds=0.05))
    assert (await phone.call("6005")).status == 480
    assert 180 in [message.status for message in phone.seen if hasattr(message, "status")]


async def test_busy_is_486_and_an_unknown_number_404(office: Office, phone: RawPhone) -> None:
    assert (await phone.call("6004")).status == 486
    assert (await phone.call("7777")).status == 404


async def test_the_announcement_is_heard_before_the_refusal(office: Office, phone: RawPhone) -> None:
    response = await phone.call("6006")
    assert response.status == 404
    progress = [message for message in phone.seen if getattr(message, "status", 0) == 183]
    assert progress[0].body
    samples = phone.heard(PCMU.decode)
    assert share_of(985.2, samples[1800:4400]) > 0.9  # the first of the three information tones
    assert len(samples) > 5 * 8000


async def test_maria_rings_first_and_says_her_name(office: Office, phone: RawPhone) -> None:
    from callmanager_demo.office.speakers import Maria
    from callmanager_demo.voices import Phrase, Voices

    office.add(Maria(Voices(), ring_seconds=0.05))
    response = await phone.call("6003")
    assert response.status == 200
    assert response.first("p-asserted-identity") == '"Maria Lindqvist" <sip:6003@127.0.0.1>'
    hello = Voices().say(Phrase.MARIA_HELLO).read(100_000)
    await wait_until(lambda: len(phone.rtp) * 160 > len(hello) + 6000)
    assert hello.tobytes() in phone.heard(PCMU.decode).tobytes()


async def test_cancel_ends_the_ringing(office: Office, phone: RawPhone) -> None:
    phone.send(phone.request("INVITE", "6005", body=""))
    challenge = await phone.final("INVITE")
    phone.acknowledge(challenge, "6005")
    signed = phone.authorization(challenge.first("www-authenticate"), "INVITE", "6005")
    phone.send(phone.request("INVITE", "6005", branch="z9hG4bKinvite", headers=signed))
    await phone.next_message(lambda m: getattr(m, "status", 0) == 180)
    phone.send(phone.request("CANCEL", "6005", branch="z9hG4bKinvite", cseq=phone.cseq))
    finals = {
        m.cseq_method: m.status for m in [await phone.next_message(lambda m: getattr(m, "status", 0) >= 200) for _ in "ab"]
    }
    assert finals == {"CANCEL": 200, "INVITE": 487}
    await wait_until(lambda: not office.calls)


async def test_a_call_whose_answer_is_never_acknowledged_ends(office: Office, phone: RawPhone) -> None:
    response = await phone.ask("INVITE", "6009", headers="Content-Type: application/sdp\r\n", body=phone.sdp())
    assert response.status == 200
    phone.reply(await phone.incoming("BYE"), 200, "OK")
    await wait_until(lambda: not office.calls)


async def test_reports_tell_the_phone_its_loss_and_round_trip(office: Office, phone: RawPhone) -> None:
    await phone.call("6009")
    for index in range(100):
        phone.timestamp += 160
        if index % 4 == 3:
            phone._sequence += 1  # one packet in four is lost
        else:
            phone.send_rtp(bytes(160))
    # A sender report whose NTP time has the middle bits 0x11223344.
    phone.send_rtcp(b"\x80\xc8\x00\x06" + (77).to_bytes(4, "big") + bytes.fromhex("0000112233440000") + bytes(12))
    await wait_until(lambda: phone.rtcp, seconds=5)
    report = phone.rtcp[0]
    assert report[1] == 200
    assert report[0] & 0x1F == 1
    block = report[28:52]
    assert int.from_bytes(block[0:4], "big") == 77
    assert block[4] == pytest.approx(64, abs=4)
    assert int.from_bytes(block[5:8], "big") == pytest.approx(25, abs=1)
    assert block[16:20] == bytes.fromhex("11223344")
    await phone.hang_up()
    await wait_until(lambda: any(b"\x81\xcb\x00\x01" in data for data in phone.rtcp))

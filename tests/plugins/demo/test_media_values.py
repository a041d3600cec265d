"""RTP, RTCP, SDP, DTMF and G.711 without sockets."""

from __future__ import annotations

import random
from array import array

import pytest
from callmanager_demo.office.digits import EventDecoder, digit_in_info
from callmanager_demo.office.echo import Echo
from callmanager_demo.office.g711 import LAWS, PCMA, PCMU, Law
from callmanager_demo.office.rtcp import RtcpReporter
from callmanager_demo.office.rtp import Receiver, RtpPacket, parse_rtp
from callmanager_demo.office.sdp import Local, MediaDirection, SdpError, parse_sdp
from callmanager_demo.office.sounds import Clip, Sequence, Silence, Tone

SDP = (
    "v=0\r\no=- 1 1 IN IP4 10.1.2.3\r\ns=-\r\nc=IN IP4 10.1.2.3\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 9 8 0 101\r\na=rtpmap:9 G722/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"
)


def packet(sequence: int, *, timestamp: int = 0, ssrc: int = 1, payload: bytes = b"") -> RtpPacket:
    return RtpPacket(payload_type=0, sequence=sequence, timestamp=timestamp, ssrc=ssrc, payload=payload)


@pytest.mark.parametrize("law", LAWS)
def test_every_code_survives_decoding_and_encoding(law: Law) -> None:
    values = law.decode(bytes(range(256)))
    assert law.decode(law.encode(values)) == values
    # Mu-law has two zeros, all others come back as the same code.
    assert sum(a != b for a, b in zip(law.encode(values), range(256), strict=True)) <= 1


def test_g711_reference_values() -> None:
    assert list(PCMU.decode(b"\x00\x80\xff\x7f")) == [-32124, 32124, 0, 0]
    assert list(PCMA.decode(b"\xd5\x55\x2a\xaa")) == [8, -8, -32256, 32256]


@pytest.mark.parametrize("law", LAWS)
def test_the_error_of_a_code_is_small_against_the_sample(law: Law) -> None:
    for sample in range(-32000, 32000, 17):
        (back,) = law.decode(law.encode([sample]))
        assert abs(back - sample) <= max(16, abs(sample) // 25)


def test_rtp_with_padding_extension_and_sources_is_read() -> None:
    data = bytes.fromhex("b1 80 0001 00000002 00000003 00000004 bede0001 aabbccdd") + b"voice" + b"\0\0\3"
    found = parse_rtp(data)
    assert found is not None
    assert (found.marker, found.payload_type, found.sequence, found.timestamp, found.ssrc) == (True, 0, 1, 2, 3)
    assert found.payload == b"voice"


@pytest.mark.parametrize(
    "data", [b"", b"\x80" * 11, b"\x40" + bytes(11), b"\x8f" + bytes(11), b"\xa0" + bytes(11), b"\x90" + bytes(14)]
)
def test_what_is_not_rtp_is_none(data: bytes) -> None:
    assert parse_rtp(data) is None


def test_random_bytes_never_raise() -> None:
    source = random.Random(7)
    decoder, reporter = EventDecoder(), RtcpReporter(1)
    for _ in range(3000):
        data = source.randbytes(source.randrange(80))
        reporter.received(data, 0.0)
        if (found := parse_rtp(data)) is not None:
            decoder.digit(found)


def test_loss_is_counted_across_the_wrap_of_sequence_numbers() -> None:
    receiver = Receiver()
    for sequence in (65533, 65534, 1, 2, 3, 4, 5, 6, 7):
        receiver.count(packet(sequence & 0xFFFF), 0.0)
    report = receiver.report()
    assert report is not None
    assert (report.lost, report.highest_sequence, report.fraction_lost) == (2, 65536 + 7, 2 * 256 // 11)
    second = receiver.report()
    assert second is not None
    assert second.fraction_lost == 0


def test_jitter_is_nothing_for_even_packets_and_grows_with_uneven_ones() -> None:
    even, uneven = Receiver(), Receiver()
    for index in range(200):
        even.count(packet(index, timestamp=160 * index), 0.02 * index)
        uneven.count(packet(index, timestamp=160 * index), 0.02 * index + (0.01 if index % 2 else 0.0))
    smooth, rough = even.report(), uneven.report()
    assert smooth is not None
    assert rough is not None
    assert smooth.jitter == 0
    assert rough.jitter == pytest.approx(80, abs=2)


def test_a_new_source_begins_afresh() -> None:
    receiver = Receiver()
    receiver.count(packet(5), 0.0)
    receiver.count(packet(900, ssrc=2), 0.0)
    report = receiver.report()
    assert report is not None
    assert (report.ssrc, report.lost) == (2, 0)


def test_a_report_holds_whole_packets() -> None:
    data = RtcpReporter(9).report(packets=3, octets=480, timestamp=1, reception=None, now=0.0)
    offset, kinds = 0, []
    while offset < len(data):
        kinds.append(data[offset + 1])
        offset += 4 * (1 + int.from_bytes(data[offset + 2 : offset + 4], "big"))
    assert (offset, kinds) == (len(data), [200, 202])


def test_the_first_codec_that_both_have_is_taken() -> None:
    remote = parse_sdp(SDP.encode())
    assert (remote.law, remote.port, remote.rtcp_port, remote.event_type) == (PCMA, 4000, 4001, 101)


def test_every_stream_offered_gets_a_line_in_the_answer() -> None:
    offer = SDP.replace("m=audio", "m=video 5000 RTP/AVP 96\r\nm=audio") + "m=application 9 UDP/BFCP *\r\n"
    answer = Local(port=2000, session=1, version=1).answer(parse_sdp(offer.encode())).decode()
    lines = [line for line in answer.splitlines() if line.startswith("m=")]
    assert lines == ["m=video 0 RTP/AVP 96", "m=audio 2000 RTP/AVP 8 101", "m=application 0 UDP/BFCP *"]


def test_our_answer_can_be_read_as_one() -> None:
    remote = parse_sdp(Local(port=2000, session=1, version=1).answer(parse_sdp(SDP.encode())))
    assert (remote.law, remote.port, remote.direction) == (PCMA, 2000, MediaDirection.SENDRECV)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("v=0", "v=1"),
        ("4000", "70000"),
        ("4000", "0"),
        ("9 8 0 101", "9 101"),
        ("RTP/AVP", "RTP/SAVP"),
        ("m=audio", "m=video"),
        ("m=audio 4000", "m=audio"),
    ],
)
def test_an_offer_that_cannot_be_served_is_an_error(old: str, new: str) -> None:
    with pytest.raises(SdpError):
        parse_sdp(SDP.replace(old, new).encode())


@pytest.mark.parametrize(
    ("line", "direction"),
    [
        ("a=sendonly", MediaDirection.SENDONLY),
        ("a=inactive", MediaDirection.INACTIVE),
        ("c=IN IP4 0.0.0.0", MediaDirection.INACTIVE),
    ],
)
def test_both_ways_of_hold_are_understood(line: str, direction: MediaDirection) -> None:
    assert parse_sdp(SDP.replace("a=sendrecv", line).encode()).direction is direction


def test_a_payload_type_given_another_meaning_is_believed() -> None:
    remote = parse_sdp((SDP + "a=rtpmap:8 speex/8000\r\n").encode())
    assert remote.law is PCMU


def test_an_event_is_one_digit_whichever_packet_comes_first() -> None:
    decoder = EventDecoder()
    events = [
        packet(n, timestamp=t, payload=bytes([5, 0x80, 0, 160])) for n, t in ((3, 100), (1, 100), (2, 100), (4, 900), (1, 100))
    ]
    assert [decoder.digit(event) for event in events] == ["5", None, None, "5", None]


@pytest.mark.parametrize("payload", [b"", b"\x05\x00", b"\x10\x80\x00\xa0", b"\xff\x80\x00\xa0"])
def test_events_that_are_no_keys_are_ignored(payload: bytes) -> None:
    assert EventDecoder().digit(packet(1, payload=payload)) is None


@pytest.mark.parametrize(
    ("kind", "body", "digit"),
    [
        ("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n", "5"),
        ("application/dtmf-relay; charset=x", b"Duration=160\nsignal= # \n", "#"),
        ("application/dtmf-relay", b"Signal= 10\n", "*"),
        ("application/dtmf-relay", b"Signal=55", None),
        ("application/dtmf-relay", b"\xff\xfe", None),
        ("application/dtmf", b"d", "D"),
        ("text/plain", b"5", None),
        ("", b"", None),
    ],
)
def test_info_bodies(kind: str, body: bytes, digit: str | None) -> None:
    assert digit_in_info(kind, body) == digit


def test_the_echo_waits_fills_gaps_and_never_grows_old() -> None:
    echo = Echo()
    voice = array("h", [1000] * 160)
    for index in (0, 1, 1, 3):  # one twice, one lost
        echo.heard(packet(index, timestamp=160 * index), voice)
    frames = [echo.read(160) for _ in range(5)]
    assert [frame[0] for frame in frames] == [1000, 1000, 0, 1000, 0]
    for index in range(4, 60):
        echo.heard(packet(index, timestamp=160 * index), voice)
    kept = 0
    while echo.read(160)[0]:
        kept += 1
    assert kept <= 10


def test_a_sequence_is_as_long_as_its_parts() -> None:
    sound = Sequence([Silence(0.1), Clip(array("h", [7] * 33)), Tone(400.0, seconds=0.05)])
    lengths = [len(sound.read(160)) for _ in range(12)]
    assert sum(lengths) == 800 + 33 + 400
    assert lengths[-1] == 0


def test_every_phrase_has_a_recording_and_they_stay_small() -> None:
    from importlib.resources import files

    from callmanager_demo.voices import Phrase, Voices, phrase_for_key

    voices = Voices()
    for phrase in Phrase:
        samples = voices.say(phrase).read(100_000)
        assert 2000 < len(samples) < 60_000, phrase
        assert 8000 < max(map(abs, samples)) < 32000, phrase
    recordings = [entry for entry in files("callmanager_demo.voices").iterdir() if entry.name.endswith(".wav")]
    assert {entry.name for entry in recordings} == {f"{phrase.name.lower()}.wav" for phrase in Phrase}
    assert sum(len(entry.read_bytes()) for entry in recordings) < 400_000
    keys = [phrase_for_key(key) for key in "0123456789*#"]
    assert len(set(keys) - {None}) == 12

from __future__ import annotations

import pytest
from callmanager_demo.office.message import (
    MalformedMessage,
    Request,
    Response,
    answer,
    parameters,
    parse,
    split_list,
    tag_of,
    uri_of,
    user_of,
)

GOOD = (
    b"INVITE sip:6000@127.0.0.1 SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKa;rport, SIP/2.0/TCP host;branch=b\r\n"
    b'f: "Doe, <Jane>; x" <sip:jane@example.org;transport=udp>;tag=1\r\n'
    b"To: <sip:6000@127.0.0.1>\r\n"
    b"i: abc\r\nCSeq:  7   INVITE\r\nSubject: a\r\n  folded\r\nl: 3\r\n\r\nabcdef"
)


def test_compact_names_folded_lines_and_lists_are_read() -> None:
    message = parse(GOOD)
    assert isinstance(message, Request)
    assert (message.method, message.uri, message.call_id, message.cseq) == ("INVITE", "sip:6000@127.0.0.1", "abc", 7)
    assert message.branch == "z9hG4bKa"
    assert message.sent_by == "127.0.0.1:5060"
    assert message.all("via")[1] == "SIP/2.0/TCP host;branch=b"
    assert message.from_tag == "1"
    assert message.first("subject") == "a folded"
    assert uri_of(message.first("from")) == "sip:jane@example.org;transport=udp"


def test_what_follows_the_announced_body_is_dropped() -> None:
    assert parse(GOOD).body == b"abc"


def test_what_is_written_is_read_back() -> None:
    request = parse(GOOD)
    assert isinstance(request, Request)
    again = parse(request.encode())
    assert isinstance(again, Request)
    assert again.body == request.body
    assert again.first("from") == request.first("from")


def test_an_answer_copies_what_it_must_and_tags_once() -> None:
    request = parse(GOOD)
    assert isinstance(request, Request)
    response = parse(answer(request, 180, "Ringing", tag="t").encode())
    assert isinstance(response, Response)
    assert response.all("via") == request.all("via")
    assert response.first("to") == "<sip:6000@127.0.0.1>;tag=t"
    assert response.first("cseq").split() == ["7", "INVITE"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"SIP/2.0\r\n", b"SIP/3.0\r\n"),
        (b"INVITE sip", b"INV ITE sip"),
        (b"INVITE sip", b"\xffINVITE sip"),
        (b"CSeq:  7   INVITE", b"CSeq: 7 BYE"),
        (b"CSeq:  7   INVITE", b"CSeq: 4294967296 INVITE"),
        (b"CSeq:  7   INVITE", b"CSeq: -1 INVITE"),
        (b"CSeq:  7   INVITE", b"CSeq: \xc2\xb2 INVITE"),
        (b"i: abc\r\n", b""),
        (b"i: abc\r\n", b"i: abc\r\nCall-ID: def\r\n"),
        (b"l: 3", b"l: 7"),
        (b"l: 3", b"l: 3\r\nContent-Length: 4"),
        (b"l: 3", b"l: -3"),
        (b"l: 3", b"l: 99999999999999999999"),
        (b"Via: SIP/2.0/UDP 127.0.0.1:5060", b"Via: ,"),
        (b"Via: SIP/2.0/UDP 127.0.0.1:5060", b"Via: HTTP/1.1/TCP x"),
        (b"Subject: a", b"Subject a"),
        (b"Subject: a", b"Sub ject: a"),
        (b"Subject: a", b"Subject: a\0"),
        (b"Subject: a", b"Subject: a\rX: b"),
        (b"\r\n\r\n", b"\r\n"),
        (b"Subject: a", b"\r\n".join(b"X: y" for _ in range(200))),
    ],
)
def test_what_is_not_well_formed_is_refused(old: bytes, new: bytes) -> None:
    assert old in GOOD
    with pytest.raises(MalformedMessage):
        parse(GOOD.replace(old, new, 1))


def test_a_message_longer_than_a_datagram_is_refused() -> None:
    with pytest.raises(MalformedMessage):
        parse(GOOD + bytes(70_000))


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("a, b", ["a", "b"]),
        ('"x, y" <sip:a,b@c>, d', ['"x, y" <sip:a,b@c>', "d"]),
        (r'"a\", b" <sip:c>', [r'"a\", b" <sip:c>']),
        (" , ", []),
        ("a > b, c", ["a > b", "c"]),
    ],
)
def test_lists_are_taken_apart_at_the_right_commas(value: str, parts: list[str]) -> None:
    assert split_list(value) == parts


def test_parameters_are_those_of_the_header_and_not_of_the_uri() -> None:
    assert parameters('"a;tag=no" <sip:b;tag=no>;Tag=yes;lr') == {"tag": "yes", "lr": ""}
    assert tag_of("sip:a@b;tag=c") == "c"


@pytest.mark.parametrize(
    ("uri", "user"),
    [("sip:6000@h", "6000"), ("sips:a:pw@h;x", "a"), ("SIP:b@h", "b"), ("sip:h", ""), ("tel:123", ""), ("sip:a>@h", "")],
)
def test_the_user_part_is_found(uri: str, user: str) -> None:
    assert user_of(uri) == user

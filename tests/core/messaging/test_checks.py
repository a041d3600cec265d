"""What comes in is cleaned and bounded; what goes out is refused in words when it can't be carried."""

from datetime import UTC, datetime

import pytest
from callmanager.errors import UserError
from callmanager.messaging.checks import MOST_ATTACHMENTS, TEXT_LIMIT, check_incoming, check_outgoing, check_peer
from callmanager.messaging.notation import Notation
from callmanager.model.messages import Attachment, IncomingMessage, TransportAbilities

AT = datetime(2026, 1, 1, tzinfo=UTC)
AMERICAN = Notation(lambda: "US")
PICTURE = Attachment(media_type="image/png", url="https://media.example.com/a/b.png", name="b.png", size=5)


def incoming(**more: object) -> IncomingMessage:
    values: dict[str, object] = {"remote_id": "1", "own": "5550100000", "peer": "2025550123", "text": "hi", "at": AT}
    return IncomingMessage(**(values | more))  # type: ignore[arg-type]


def test_numbers_are_normalised_and_text_keeps_its_lines() -> None:
    checked = check_incoming(incoming(text="one\r\ntwo\x00\u202e"), AMERICAN)
    assert (checked.own, checked.peer, checked.text) == ("+15550100000", "+12025550123", "one\ntwo")


def test_a_notation_that_refuses_a_number_leaves_it_as_it_came() -> None:
    def refuse(number: str) -> str:
        raise UserError("no such country")

    assert check_incoming(incoming(peer="A\nBank"), refuse).peer == "A Bank"
    assert check_incoming(incoming(peer="\x00"), refuse).peer == "unknown"


def test_a_long_text_is_bounded() -> None:
    checked = check_incoming(incoming(text="x" * 100_000), AMERICAN)
    assert len(checked.text) == TEXT_LIMIT
    assert checked.text.endswith("…")


@pytest.mark.parametrize(
    "url",
    [
        "http://media.example.com/a.png",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://user:password@media.example.com/",
        "https://media.example.com/a b",
        "https://media.example.com/\u202egnp.exe",
        "https:///nowhere",
        "https://media.example.com:99999/",
        "https://[::1/",
        "https://" + "x" * 3000,
        "",
        None,
    ],
)
def test_an_attachment_with_a_bad_address_is_left_out_and_told(url: object) -> None:
    bad = Attachment(media_type="image/png", url=url)  # type: ignore[arg-type]
    checked = check_incoming(incoming(attachments=(bad, PICTURE)), AMERICAN)
    assert checked.attachments == (PICTURE,)
    assert checked.left_out == "an attachment was left out"


def test_attachments_are_bounded_in_number_and_size() -> None:
    many = tuple(Attachment(media_type="image/png", url=f"https://media.example.com/{n}") for n in range(MOST_ATTACHMENTS + 3))
    checked = check_incoming(incoming(attachments=many), AMERICAN)
    assert (len(checked.attachments), checked.left_out) == (MOST_ATTACHMENTS, "3 attachments were left out")
    for size in (-1, 10**12):
        huge = Attachment(media_type="image/png", url=PICTURE.url, size=size)
        assert check_incoming(incoming(attachments=(huge,)), AMERICAN).attachments == ()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Image/PNG; charset=x", "image/png"),
        ("application/vnd.ms-excel", "application/vnd.ms-excel"),
        ("text/html\r\nX: y", "application/octet-stream"),
        ("png", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_a_media_type_has_the_shape_of_one(given: str, kept: str) -> None:
    one = Attachment(media_type=given, url=PICTURE.url, name="a\x00\nb")
    (checked,) = check_incoming(incoming(attachments=(one,)), AMERICAN).attachments
    assert (checked.media_type, checked.name) == (kept, "a b")


def test_ids_that_are_long_or_missing_still_tell_a_repetition() -> None:
    long = "x" * 500
    keys = [check_incoming(incoming(remote_id=identity), AMERICAN).key for identity in ("1", long, long + "y", "")]
    assert len(set(keys)) == 4
    assert all(len(key) <= 200 for key in keys)
    assert check_incoming(incoming(remote_id=""), AMERICAN).key == keys[3]
    assert check_incoming(incoming(remote_id="", text="ho"), AMERICAN).key != keys[3]


def test_what_is_no_message_is_the_plugins_fault() -> None:
    with pytest.raises(TypeError, match="must be texts"):
        check_incoming(incoming(text=None), AMERICAN)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("", "no number"),
        ("AMAZON", "can be texted"),
        ("911", "emergency"),
        ("12", "can be texted"),
        ("sip:a@b", "can be texted"),
    ],
)
def test_numbers_that_can_not_be_texted(number: str, words: str) -> None:
    with pytest.raises(UserError, match=words) as caught:
        check_peer(number, AMERICAN)
    assert caught.value.hint


def test_what_a_transport_can_not_carry_is_refused_in_words() -> None:
    abilities = TransportAbilities(text_limit=20)

    def refused(text: str, *attachments: Attachment) -> str:
        with pytest.raises(UserError) as caught:
            check_outgoing(text, attachments, abilities, label="Skyetel")
        return caught.value.text

    assert "nothing to send" in refused(" \n ")
    assert refused("x" * 21) == "the message has 21 characters, and Skyetel carries 20"
    assert "too long" in refused("x" * 100_000)
    assert "can't carry pictures" in refused("hi", PICTURE)
    abilities = TransportAbilities(attachments=True)
    assert "at most" in refused("hi", *[PICTURE] * 11)
    for url in ("http://media.example.com/a.png", "/etc/passwd", "data:,x", "file:"):
        assert "can't be attached" in refused("hi", Attachment(media_type="image/png", url=url))
    local = Attachment(media_type="image/png", url="file:///home/ann/a.png")
    assert check_outgoing("  hi\r\nthere ", (local,), abilities, label="") == ("hi\nthere", (local,))

"""Whatever comes, in whatever pieces: whole messages in order, or one clear error, and memory that stays small."""

import itertools

import pytest
from callmanager.api import Unreachable
from callmanager_presence_ami.framing import LONGEST_GREETING, LONGEST_MESSAGE, Framer
from hypothesis import given, settings
from hypothesis import strategies as st

GREETING = b"Asterisk Call Manager/11.0.0\r\n"
WANTED = ("ExtensionStatus",)


def event(number: int, name: str = "ExtensionStatus") -> bytes:
    return f"Event: {name}\r\nExten: {number}\r\nHint: Zoë\r\n\r\n".encode()


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[start:end] for start, end in itertools.pairwise(places)]


def fed(framer: Framer, chunks: list[bytes]) -> list[str]:
    return [text for chunk in chunks for text in framer.feed(chunk)]


@given(st.lists(st.integers(0, 5000), max_size=12))
def test_messages_are_whole_and_in_order_however_the_stream_is_cut(cuts) -> None:
    stream = GREETING + b"".join(event(number) for number in range(5))
    framer = Framer(WANTED)
    found = fed(framer, pieces(stream, cuts))
    assert [text.split("\r\n")[1] for text in found] == [f"Exten: {number}" for number in range(5)]
    assert all(text.endswith("Hint: Zoë") for text in found)
    assert framer.greeting == "Asterisk Call Manager/11.0.0"


def test_events_that_nobody_wants_are_dropped_unless_they_are_rows_of_ours() -> None:
    framer = Framer(WANTED)
    stream = (
        GREETING + event(1, "Newchannel") + b"Event: VarSet\r\nActionID: 7\r\n\r\n" + event(2) + b"Response: Success\r\n\r\n"
    )
    assert [text.split("\r\n")[0] for text in framer.feed(stream)] == [
        "Event: VarSet",
        "Event: ExtensionStatus",
        "Response: Success",
    ]


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH\r\n", b"A" * 5, b"\x15\x03\x01", b"\n"]
)
def test_who_does_not_greet_like_asterisk_is_not_listened_to(answer) -> None:
    with pytest.raises(Unreachable, match="not the manager interface"):
        Framer(WANTED).feed(answer)


def test_a_greeting_without_an_end_is_given_up() -> None:
    with pytest.raises(Unreachable):
        Framer(WANTED).feed(b"Asterisk Call Manager/" + b"1" * LONGEST_GREETING)


@pytest.mark.parametrize("tail", [b"", b"\r\n\r\n"])
def test_a_message_without_an_end_does_not_fill_the_memory(tail) -> None:
    framer = Framer(WANTED)
    framer.feed(GREETING)
    with pytest.raises(Unreachable, match="too long"):
        fed(framer, [b"Event: ExtensionStatus\r\nHint: " + b"x" * (LONGEST_MESSAGE + 1), tail])


@settings(max_examples=200)
@given(st.lists(st.binary(max_size=200), max_size=20))
def test_no_bytes_at_all_do_any_harm(chunks) -> None:
    framer = Framer(WANTED)
    try:
        for text in fed(framer, [GREETING, *chunks]):
            assert len(text) <= LONGEST_MESSAGE
    except Unreachable:
        return
    assert len(framer._rest) <= LONGEST_MESSAGE

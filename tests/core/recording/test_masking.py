"""Nothing that identifies anybody is left of a masked value, and the same thing always gets the same mask."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import attrs
import pytest
from callmanager import events
from callmanager.events import Event
from callmanager.numbers import EMERGENCY
from callmanager.recording.masking import _KINDS, Kind, Masker
from callmanager.recording.reading import read_trace
from hypothesis import given, settings
from hypothesis import strategies as st

START = datetime(2026, 1, 2, tzinfo=UTC)


def digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())


@given(st.text(alphabet="0123456789+-(). ", min_size=1, max_size=19))
def test_no_three_digits_in_a_row_of_a_number_survive_and_its_notation_does(number: str) -> None:
    masker = Masker(since=START)
    masked = masker.text(number, Kind.NUMBER)
    original, made = digits(number), digits(masked)
    if len(original) >= 3:
        body = made[1:] if len(original) == 11 and original.startswith("1") else made
        assert not {original[at : at + 3] for at in range(len(original) - 2)} & {
            body[at : at + 3] for at in range(len(body) - 2)
        }
        assert made not in EMERGENCY
    assert [c for c in masked if not c.isdigit()] == [c for c in number if not c.isdigit()]
    assert masker.text(number, Kind.NUMBER) == masked


def test_both_notations_of_a_north_american_number_get_one_mask() -> None:
    masker = Masker(since=START)
    national, international = masker.text("5550100199", Kind.NUMBER), masker.text("+1 (555) 010-0199", Kind.NUMBER)
    assert digits(international) == f"1{national}"


@given(st.text(min_size=1, max_size=40), st.sampled_from([Kind.NAME, Kind.HOST, Kind.ID, Kind.TEXT, Kind.ADDRESS, Kind.DIGITS]))
def test_no_word_of_a_text_survives(text: str, kind: Kind) -> None:
    masked = Masker(since=START).text(text, kind)
    words = {word.casefold() for word in text.split() if len(word) > 7 and not set(word.casefold()) <= {"x", "0"}}
    known = {"anonymous", "unavailable", "restricted"}
    assert not [word for word in words - known if word in masked.casefold()]


NUMBER, EVIL_WORDS = "5550100199", ("lindqvist", "customer")
"""Whatever texts a session holds, they are these; no three digits in a row of the one and none of the others may be left."""
_TEXTS = (
    NUMBER,
    f"+1{NUMBER}",
    "(555) 010-0199",
    "Maria Lindqvist",
    f"sip:{NUMBER}@pbx.customer.example;user=phone",
    "sips:maria.lindqvist@customer.example",
    f"tel:+1{NUMBER}",
    "maria.lindqvist@customer.example",
    "https://files.customer.example/5550100199/lindqvist.png?key=5550100199",
    "pbx.customer.example",
    f"Lindqvist <{NUMBER}>",
    "T2_5550100199",
    "",
)
EVENTS = [cls for cls in vars(events).values() if isinstance(cls, type) and issubclass(cls, Event) and cls is not Event]
_KEPT = {name for name, kind in _KINDS.items() if kind is Kind.KEEP}


def texts_of(masked: object) -> Iterator[str]:
    if isinstance(masked, str):
        yield masked
    elif isinstance(masked, list):
        for item in masked:
            yield from texts_of(item)
    elif isinstance(masked, dict):
        for name, item in masked.items():
            if name not in _KEPT:
                yield from texts_of(item)


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a type of the model, with the texts of that session and nothing of a context's own."""
    plain: dict[Any, st.SearchStrategy[Any]] = {
        str: st.sampled_from(_TEXTS),
        int: st.integers(0, 100_000),
        float: st.floats(0, 1000),
        bool: st.booleans(),
        datetime: st.integers(0, 10_000).map(lambda seconds: START + timedelta(seconds=seconds)),
        Path: st.sampled_from(_TEXTS).map(Path),
        type(None): st.none(),
        object: st.none(),
    }
    hint = getattr(hint, "__supertype__", hint)
    if get_origin(hint) is Callable:
        return st.just(print)
    if hint in plain:
        return plain[hint]
    if attrs.has(hint):
        return st.builds(hint, **{name: values_of(inner) for name, inner in get_type_hints(hint).items()})
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    if get_origin(hint) is tuple:
        return st.lists(values_of(get_args(hint)[0]), max_size=2).map(tuple)
    return st.one_of([values_of(inner) for inner in get_args(hint)])


@pytest.mark.parametrize("cls", EVENTS, ids=lambda cls: cls.__name__)
@settings(max_examples=20, deadline=None)  # each has dozens of texts
@given(data=st.data())
def test_no_event_carries_a_number_or_a_name_into_a_trace_and_each_is_read_back(cls: type[Event], data: st.DataObject) -> None:
    event = data.draw(values_of(cls))
    masked = Masker(since=START).value(event)
    for text in texts_of(masked):
        assert not any(word in text.casefold() for word in EVIL_WORDS)
        assert not any(NUMBER[at : at + 3] in digits(text) for at in range(len(NUMBER) - 2))
    if cls is not events.SettingsChanged:  # whose values are of classes that only its section knows
        lines = ['{"callmanager_trace": 1}', json.dumps({"t": 0, "event": cls.__name__, "data": masked})]
        trace = read_trace(lines, start=START)
        assert trace.complaints == ()
        assert type(trace.events[0].event) is cls


def test_what_is_said_instead_of_a_number_stays_and_identifies_nobody() -> None:
    masker = Masker(since=START)
    assert masker.text("anonymous", Kind.NUMBER) == "anonymous"
    assert masker.text("Anonymous", Kind.NAME) == "Anonymous"


def test_a_sip_address_becomes_another_one() -> None:
    masker = Masker(since=START)
    masked = masker.text("sip:2002@pbx.customer.example.com", Kind.ADDRESS)
    assert masked == f"sip:{masker.text('2002', Kind.NUMBER)}@host-a.example"


def test_a_field_that_nobody_foresaw_is_masked_to_its_length_and_a_secret_to_nothing() -> None:
    @attrs.frozen(kw_only=True)
    class Foreign:
        number: str
        remark: str
        token: str = attrs.field(repr=False)
        at: datetime

    masker = Masker(since=START)
    value = Foreign(number="5550100199", remark="call my mother", token="hunter2222", at=START.replace(second=9))
    masked = masker.value(value)
    assert masked["remark"] == "x" * len("call my mother")
    assert (masked["token"], masked["at"]) == ("", 9.0)
    assert masked["number"] == masker.text("5550100199", Kind.NUMBER)


@pytest.mark.parametrize("value", [b"secret", object(), {"secret name": "secret"}, {1, 2}])
def test_whatever_comes_is_written_somehow(value: object) -> None:
    assert "secret" not in str(Masker(since=START).value(value))

"""What travels between app and engine: everything survives the way, nothing broken gets through."""

import contextlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from callmanager.api import Account, AccountId, CallId, HangUp, PlaceCall, Register, RegistrationReported, Transport
from callmanager_sip_engine.link import LINE_LIMIT
from callmanager_sip_engine.wire import FromApp, FromEngine, WireError, app_codec, engine_codec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

_TEXT = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=40)
st.register_type_strategy(str, _TEXT)
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
st.register_type_strategy(Path, st.from_regex(r"[a-z0-9/]{1,20}", fullmatch=True).map(Path))
st.register_type_strategy(datetime, st.datetimes(timezones=st.just(UTC)))


@pytest.mark.parametrize("kind", FromApp.__args__, ids=lambda kind: kind.__name__)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_command_survives_the_way(kind, data):
    message = data.draw(st.from_type(kind))
    line = app_codec().encode(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert app_codec().decode(line) == message


@pytest.mark.parametrize("kind", FromEngine.__args__, ids=lambda kind: kind.__name__)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_fact_survives_the_way(kind, data):
    message = data.draw(st.from_type(kind))
    assert engine_codec().decode(engine_codec().encode(message)) == message


def _document(message):
    return json.loads(app_codec().encode(message))


PLACE = PlaceCall(call_id=CallId("c"), account_id=AccountId("a"), target="600")


@pytest.mark.parametrize(
    "change",
    [
        {"target": 600},
        {"target": None},
        {"target": ["600"]},
        {"surprise": 1},
        {"headers": "ab"},
        {"headers": {}},
        {"headers": [{"name": "X"}]},
        {"@": "Elsewhere"},
        {"@": None},
        {"@": ["PlaceCall"]},
    ],
    ids=str,
)
def test_a_field_that_does_not_fit_is_refused(change):
    with pytest.raises(WireError):
        app_codec().decode(json.dumps(_document(PLACE) | change).encode())


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{}",
        b'{"@":"HangUp"}',
        b'{"@":"SetHeld","call_id":"c","held":1}',
        b'{"@":"SetHeld","call_id":"c","held":"true"}',
        b'{"@":"ConfigureAudio","choice":{"microphone_gain":NaN}}',
        b'{"@":"ConfigureAudio","choice":{"microphone_gain":Infinity}}',
        b'{"@":"ConfigureAudio","choice":{"backend":"tape"}}',
        b'{"@":"ConfigureAudio","choice":[]}',
        b'{"@":' + b"[" * 100_000,
        b'{"@":"HangUp","call_id":"' + b"x" * LINE_LIMIT + b'"}',
        b'{"@":"Reject","call_id":"c","status":' + b"9" * 5000 + b"}",
    ],
    ids=lambda line: line[:40].decode(errors="replace"),
)
def test_a_broken_line_is_refused(line):
    with pytest.raises(WireError):
        app_codec().decode(line)


@settings(max_examples=300, deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(
    st.sampled_from(["@", "call_id", "account", "choice", "registration", "status"]), inner
)))  # fmt: skip
def test_no_json_raises_anything_but_a_refusal(document):
    for codec in (app_codec(), engine_codec()):
        with contextlib.suppress(WireError):
            codec.decode(json.dumps(document).encode())


def test_facts_are_no_commands_and_commands_no_facts():
    with pytest.raises(WireError):
        engine_codec().decode(app_codec().encode(HangUp(call_id=CallId("c"))))


def test_a_time_without_zone_is_refused():
    line = b'{"@":"RegistrationReported","registration":{"account_id":"a","state":"offline","since":"2026-01-01T00:00:00"}}'
    with pytest.raises(WireError):
        engine_codec().decode(line)
    assert isinstance(engine_codec().decode(line.replace(b':00"', b':00+00:00"')), RegistrationReported)


def test_a_refusal_does_not_quote_what_it_refused():
    account = Account(id=AccountId("a"), extension="1", server="s", port=1, transport=Transport.UDP)
    document = _document(Register(account=account, password="hunter2")) | {"extra": "hunter2"}
    with pytest.raises(WireError) as caught:
        app_codec().decode(json.dumps(document).encode())
    assert "hunter2" not in str(caught.value)


def test_what_does_not_fit_into_a_line_is_not_sent():
    with pytest.raises(WireError):
        app_codec().encode(PlaceCall(call_id=CallId("c"), account_id=AccountId("a"), target="6" * LINE_LIMIT))

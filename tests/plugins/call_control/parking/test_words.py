"""What the panel says of a parked call."""

from datetime import UTC, datetime, timedelta

import pytest
from callmanager.api import ParkedCall, Party
from callmanager_call_control.parking.settings import ParkingSettings
from callmanager_call_control.parking.words import back_words, duration, row_of

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def call(caller: Party, *, by: Party | None = None, waited: float = 65, left: float | None = 40) -> ParkedCall:
    returns = None if left is None else NOW + timedelta(seconds=left)
    return ParkedCall(
        slot="5901", lot="p", caller=caller, parked_by=by, parked_at=NOW - timedelta(seconds=waited), returns_at=returns
    )


def row(parked: ParkedCall, *, own: str = "2001"):
    return row_of(parked, now=NOW, own=own, name_of=lambda number: {"2004": "Marcus Hale"}.get(number, ""))


@pytest.mark.parametrize(
    ("caller", "name"),
    [
        (Party(number="5550104477", name="Dana Kowalski"), "Dana Kowalski"),
        (Party(number="2004", name="2004"), "Marcus Hale"),
        (Party(number="5550104477", name="(555) 010-4477"), "(555) 010-4477"),
        (Party(number="", name=""), "Unknown caller"),
    ],
)
def test_a_caller_has_the_best_name_there_is(caller, name) -> None:
    assert row(call(caller)).name == name


@pytest.mark.parametrize(
    ("by", "detail"),
    [
        (None, "1:05"),
        (Party(number="2004"), "1:05 · by Marcus Hale"),
        (Party(number="2001"), "1:05 · by you"),
        (Party(number="3001"), "1:05 · by 3001"),
        (Party(number="", name="Local/3001@somewhere"), "1:05 · by Local/3001@somewhere"),
    ],
)
def test_by_whom_and_for_how_long(by, detail) -> None:
    assert row(call(Party(number="1"), by=by)).detail == detail


@pytest.mark.parametrize(
    ("left", "words", "urgent"),
    [(40, "back in 0:40", False), (15, "back in 0:15", True), (-3, "back in 0:00", True), (None, "", False)],
)
def test_how_long_until_it_comes_back(left, words, urgent) -> None:
    shown = row(call(Party(number="1"), left=left))
    assert (shown.left, shown.urgent) == (words, urgent)


def test_what_is_spoken_does_not_change_with_every_second() -> None:
    first = row(call(Party(number="1", name="Dana"), by=Party(number="2004")))
    second = row(call(Party(number="1", name="Dana"), by=Party(number="2004"), waited=99, left=3))
    assert first.spoken == second.spoken == "Dana, parked in slot 5901, by Marcus Hale"


def test_times_and_titles() -> None:
    assert (duration(-1), duration(59.9), duration(3725)) == ("0:00", "0:59", "1:02:05")
    known, unknown = back_words("5901", waited=43.7), back_words("", waited=60)
    assert known.title == unknown.title == "Back from parking"
    assert known.lines == (("Nobody answered in", "slot 5901"), ("Waited", "0:43"))
    assert unknown.lines == (("Nobody answered", "slot unknown"), ("Waited", "1:00"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("extension", ""),
        ("extension", "59 00"),
        ("slots", "5901"),
        ("slots", "5909-5901"),
        ("slots", "1-99999"),
        ("slots", "a-b"),
    ],
)
async def test_what_can_not_be_dialled_is_refused(harness, field, value) -> None:
    import attrs
    from callmanager.api import setting_info

    info = setting_info(getattr(attrs.fields(ParkingSettings), field))
    assert info.check(value)
    assert not info.check(getattr(ParkingSettings(), field))

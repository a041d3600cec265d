"""From hints, devices and what people say of themselves to one presence for each extension."""

from datetime import UTC, datetime

import pytest
from callmanager.api import PresenceStatus
from callmanager_presence_ami.fields import Custom, Device, Hint
from callmanager_presence_ami.naming import Naming, prefix_of
from callmanager_presence_ami.table import PresenceTable

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DND = "Custom:DND{extension}"


def table(**naming: object) -> PresenceTable:
    return PresenceTable(Naming(**({"do_not_disturb": DND} | naming)), clock=lambda: NOW)


def hint(extension="2001", status=0, context="extension-hints", **more: object) -> Hint:
    return Hint(extension=extension, context=context, status=status, **more)


def statuses(known: PresenceTable) -> dict[str, str]:
    return {presence.handle: presence.status.value for presence in known.changes()}


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        (0, "available"),
        (1, "on_call"),
        (2, "on_call"),
        (4, "unavailable"),
        (8, "ringing"),
        (9, "on_call"),
        (16, "on_hold"),
        (17, "on_call"),
        (24, "ringing"),
    ],
)
def test_the_bits_of_a_hint_decide(status, shown) -> None:
    known = table()
    known.take_hint(hint(status=status))
    (presence,) = known.changes()
    assert presence.status.value == shown
    assert presence.note == ("Another call is ringing" if status == 9 else "")


def test_the_first_answer_has_no_time_and_each_change_has_one() -> None:
    known = table()
    known.take_hint(hint())
    (first,) = known.changes()
    known.take_hint(hint(status=1))
    (second,) = known.changes()
    assert (first.since, second.since) == (None, NOW)
    known.take_hint(hint(status=1))
    assert known.changes() == ()


def test_of_many_changes_between_two_questions_the_last_counts() -> None:
    known = table()
    known.take_hint(hint())
    known.changes()
    for status in (8, 1, 0):
        known.take_hint(hint(status=status))
    assert known.changes() == ()


def test_a_hint_that_is_gone_is_unknown_or_what_the_phone_says() -> None:
    known = table()
    known.take_hint(hint(status=1))
    known.take_hint(hint("2002", status=1))
    known.take_device(Device(name="PJSIP/2002", state="NOT_INUSE"))
    assert statuses(known) == {"2001": "on_call", "2002": "on_call"}
    known.take_hint(hint(status=-1))
    known.take_hint(hint("2002", status=-2))
    assert statuses(known) == {"2001": "unknown", "2002": "available"}


def test_several_phones_of_one_extension_are_one() -> None:
    known = table()
    for name, state in (("PJSIP/2001", "UNAVAILABLE"), ("PJSIP/2001_1", "NOT_INUSE")):
        known.take_device(Device(name=name, state=state))
    assert statuses(known) == {"2001": "available"}
    known.take_device(Device(name="PJSIP/2001_1", state="RINGING"))
    assert statuses(known) == {"2001": "ringing"}
    known.take_device(Device(name="PJSIP/2001_1", state="UNAVAILABLE"))
    assert statuses(known) == {"2001": "unavailable"}


def test_where_the_hint_counts_do_not_disturb_in_an_idle_phone_looks_busy_and_is_told_right() -> None:
    known = table()
    known.take_hint(hint(status=1, devices=("PJSIP/2001", "Custom:DND2001")))
    known.take_device(Device(name="Custom:DND2001", state="INUSE"))
    assert statuses(known) == {"2001": "do_not_disturb"}
    known.take_hint(hint(status=9, devices=("PJSIP/2001", "Custom:DND2001")))
    known.take_device(Device(name="Custom:DND2001", state="NOT_INUSE"))
    assert statuses(known) == {"2001": "on_call"}


def test_what_somebody_says_of_himself_is_taken_whether_it_comes_before_the_hint_or_after() -> None:
    known = table()
    known.take_custom(Custom(presentity="CustomPresence:2001", status="dnd", message="in a workshop"))
    known.take_hint(hint(presentity="CustomPresence:2001"))
    (presence,) = known.changes()
    assert (presence.status, presence.note) == (PresenceStatus.DO_NOT_DISTURB, "in a workshop")
    known.take_custom(Custom(presentity="CustomPresence:2001", status="available"))
    assert statuses(known) == {"2001": "available"}


def test_of_two_contexts_the_one_of_vitalpbx_is_believed_then_the_bigger_one() -> None:
    known = table()
    known.take_hint(hint(status=1, context="park-hints"))
    known.take_hint(hint(status=0, context="extension-hints"))
    assert statuses(known) == {"2001": "available"}
    other = table()
    other.take_hint(hint(status=1, context="ext-local"))
    other.take_hint(hint("2002", context="ext-local"))
    other.take_hint(hint(status=0, context="another"))
    assert statuses(other) == {"2001": "on_call", "2002": "available"}


@pytest.mark.parametrize(
    ("naming", "shown"),
    [
        ({}, {"2001": "available"}),
        ({"prefix": "T2_"}, {"2001": "on_call"}),
        ({"hint_context": "T3_extension-hints"}, {"2001": "ringing"}),
    ],
)
def test_of_several_tenants_only_the_own_is_seen(naming, shown) -> None:
    known = table(**naming)
    known.take_hint(hint(status=0, context="extension-hints"))
    known.take_hint(hint(status=1, context="T2_extension-hints"))
    known.take_hint(hint(status=8, context="T3_extension-hints"))
    assert statuses(known) == shown


@pytest.mark.parametrize("extension", ["_20XX", "", "20 01", "2001&2002", "x" * 65])
def test_what_nobody_can_dial_is_left_out(extension) -> None:
    known = table()
    known.take_hint(hint(extension))
    assert known.changes() == ()


@pytest.mark.parametrize(
    ("prefix", "device", "extension"),
    [
        ("", "PJSIP/2001", "2001"),
        ("", "PJSIP/2001_1", "2001"),
        ("", "SIP/2001", "2001"),
        ("", "PJSIP/T2_2001", ""),
        ("T2_", "PJSIP/T2_2001_1", "2001"),
        ("T2_", "PJSIP/T3_2001", ""),
        ("T2_", "PJSIP/2001", ""),
        ("", "Queue:sales", ""),
        ("", "PJSIP/trunk", "trunk"),
    ],
)
def test_a_device_belongs_to_an_extension_of_the_same_tenant(prefix, device, extension) -> None:
    assert Naming(prefix=prefix).extension_of(device) == extension


@pytest.mark.parametrize(
    ("naming", "lots"),
    [
        (Naming(), ("default", "parking-1")),
        (Naming(prefix="T2_"), ("parking-2",)),
        (Naming(prefix="T4_"), ()),
        (Naming(lots=("parking-3", "nowhere")), ("parking-3",)),
    ],
)
def test_a_lot_belongs_to_a_tenant(naming, lots) -> None:
    assert naming.our_lots(["default", "parking-1", "parking-2", "parking-3"]) == lots


def test_a_tenant_is_known_by_its_sip_user() -> None:
    assert (prefix_of("T2_2001"), prefix_of("2001"), prefix_of("T2x"), prefix_of("")) == ("T2_", "", "", "")

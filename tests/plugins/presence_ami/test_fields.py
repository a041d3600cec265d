"""Headers of any kind become values that are bounded and plain, or nothing."""

import math

import attrs
import pytest
from callmanager.api import Party
from callmanager_presence_ami.fields import (
    LONGEST_NAME,
    Hint,
    Parked,
    number,
    read_custom,
    read_device,
    read_hint,
    read_parked,
    text,
)
from callmanager_presence_ami.framing import Framer
from callmanager_presence_ami.naming import Naming
from callmanager_presence_ami.slots import SlotTable
from callmanager_presence_ami.table import PresenceTable
from hypothesis import given, settings
from hypothesis import strategies as st
from panoramisk.message import Message

NAMES = (
    "Event", "Response", "ActionID", "Exten", "Context", "Hint", "Status", "Device", "State", "Presentity", "Message",
    "Subtype", "Parkinglot", "ParkingSpace", "ParkingTimeout", "ParkingDuration", "ParkeeChannel", "ParkeeUniqueid",
    "ParkeeCallerIDNum", "ParkeeCallerIDName", "ParkerDialString",
)  # fmt: skip
LIKELY = (
    "PJSIP/2001", "PJSIP/T2_2001_1", "Custom:DND2001", "CustomPresence:2001", "park:5901@parkedcalls", "INUSE", "dnd", "-1",
    "PJSIP/2001&Custom:DND2001,CustomPresence:2001", "5901", "<unknown>", "extension-hints", "T2_extension-hints",
)  # fmt: skip
VALUES = st.one_of(st.text(max_size=60), st.integers().map(str), st.sampled_from(LIKELY))
BLOCKS = st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=20)


def test_a_hint_is_read_with_its_devices_and_its_presentity() -> None:
    headers = Message(
        {"Event": "ExtensionStatus", "Exten": "2001", "Context": "c", "Hint": "PJSIP/2001&Custom:DND2001,CustomPresence:2001",
         "Status": "9"}
    )  # fmt: skip
    assert read_hint(headers) == Hint(
        extension="2001",
        context="c",
        status=9,
        devices=("PJSIP/2001", "Custom:DND2001"),
        presentity="CustomPresence:2001",
    )


def test_a_parked_call_is_read_and_unknown_callers_have_no_name() -> None:
    headers = Message(
        {"ParkingSpace": "5901", "Parkinglot": "parking-1", "ParkeeChannel": "PJSIP/3003-1", "ParkeeUniqueid": "1.2",
         "ParkeeCallerIDNum": "3003", "ParkeeCallerIDName": "<unknown>", "ParkerDialString": "PJSIP/2001",
         "ParkingTimeout": "45", "ParkingDuration": "0"}
    )  # fmt: skip
    assert read_parked(headers) == Parked(
        lot="parking-1",
        slot="5901",
        channel="PJSIP/3003-1",
        unique_id="1.2",
        caller=Party(number="3003"),
        parker="PJSIP/2001",
        seconds=0,
        left=45,
    )


@pytest.mark.parametrize(("value", "found"), [("7", 7), ("-2", -2), ("", None), ("1e9", None), ("9" * 30, None), ("٣", None)])
def test_a_number_is_a_number_or_nothing(value, found) -> None:
    assert number({"N": value}, "N") == found


def test_a_header_that_came_twice_is_read_once() -> None:
    assert text({"Exten": ["2001", "2002"]}, "Exten") == "2001"
    assert text({"Exten": []}, "Exten") == ""
    assert text({"Exten": None}, "Exten") == ""


@settings(max_examples=300)
@given(st.lists(BLOCKS, max_size=15))
def test_whatever_a_server_sends_is_bounded_and_raises_nothing(blocks) -> None:
    """From bytes to what the core is given, with panoramisk's parser between."""
    wire = "".join("\r\n".join(f"{name}: {value}" for name, value in block) + "\r\n\r\n" for block in blocks)
    table = PresenceTable(Naming(do_not_disturb="Custom:DND{extension}"))
    slots = SlotTable(Naming())
    for block in Framer(("ExtensionStatus",)).feed(b"Asterisk Call Manager/11\r\n" + wire.encode("utf-8", "replace")):
        message = Message.from_line(block)
        if message is None:
            continue
        for read, take in (
            (read_hint, table.take_hint),
            (read_device, table.take_device),
            (read_custom, table.take_custom),
            (read_parked, slots.take),
            (read_parked, slots.swap),
            (read_parked, slots.leave),
        ):
            value = read(message)
            if value is None:
                continue
            for field in attrs.asdict(value, recurse=False).values():
                assert not isinstance(field, str) or (len(field) <= LONGEST_NAME and field.isprintable())
                assert not isinstance(field, int) or math.fabs(field) < 10**9
            take(value)
        for presence in table.changes():
            assert 0 < len(presence.handle) <= 64
        for lot in slots.lots():
            assert all(call.parked_at.tzinfo for call in slots.calls(lot))

"""One person's messages come into one conversation, however the number is written, and it is the number of their contact."""

import subprocess
import sys

import pytest
from callmanager.contacts.phone_numbers import NumberReader
from callmanager.messaging.notation import Notation, can_be_texted


@pytest.mark.parametrize(
    ("country", "number", "normal"),
    [
        ("US", "2025550123", "+12025550123"),
        ("US", "12025550123", "+12025550123"),
        ("US", "+12025550123", "+12025550123"),
        ("US", "(202) 555-0123", "+12025550123"),
        ("US", "+1 202.555.0123", "+12025550123"),
        ("US", "２０２５５５０１２３", "+12025550123"),
        ("US", "+44 20 7946 0000", "+442079460000"),
        ("US", "011 44 20 7946 0000", "+442079460000"),
        ("US", "+2125550123", "+2125550123"),  # Morocco, not New York
        ("US", "0151 23456789", "015123456789"),  # of some other country
        ("US", "62626", "62626"),
        ("DE", "0151 23456789", "+4915123456789"),
        ("DE", "0049 151 / 23456789", "+4915123456789"),
        ("DE", "+49 (0)151 23456789", "+4915123456789"),
        ("DE", "+1 202 555 0123", "+12025550123"),
        ("DE", "62626", "62626"),
        ("GB", "07700 900123", "+447700900123"),
        ("IT", "06 6982 1234", "+390669821234"),
        ("DE", "TELEKOM", "TELEKOM"),
        ("DE", "INFO24", "INFO24"),
        ("US", "AMAZON", "AMAZON"),
        ("US", "1-800-FLOWERS", "1-800-FLOWERS"),
        ("US", "601@192.0.2.7", "601@192.0.2.7"),
        ("US", "*97", "*97"),
        ("US", "12", "12"),
        ("US", "\u202e321\u202c", "321"),
        ("US", "()", "()"),
        ("US", "", ""),
    ],
)
def test_numbers_in_one_notation(country: str, number: str, normal: str) -> None:
    notation = Notation(lambda: country)
    assert notation(number) == normal
    assert notation(normal) == normal


@pytest.mark.parametrize("country", ["US", "DE", "FR", "IT", "MX", "XX"])
@pytest.mark.parametrize(
    "number", ["2025550123", "+12025550123", "0151 23456789", "01 23 45 67 89", "06 6982 1234", "55 1234 5678", "442079460018"]
)
def test_a_number_is_the_one_that_contacts_read(country: str, number: str) -> None:
    key = NumberReader(country).read(number)
    assert key is not None
    assert Notation(lambda: country)(number) == key.text


async def test_another_country_counts_from_the_next_number_on() -> None:
    country = "US"
    notation = Notation(lambda: country)
    await notation.load()
    assert notation("0151 23456789") == "015123456789"
    country = "DE"
    assert notation("0151 23456789") == "+4915123456789"
    country = "US"
    assert notation("2025550123") == "+12025550123"


def test_the_loop_does_not_wait_for_the_import() -> None:
    code = """
import asyncio, sys, threading
from callmanager.messaging.notation import Notation

threads = []

class Spy:
    def find_spec(self, name, *_):
        if name == "phonenumbers":
            threads.append(threading.current_thread().name)

async def main():
    notation = Notation(lambda: "US")
    await notation.load()
    await notation.load()
    assert notation("2025550123") == "+12025550123"
    print(threads, [thread.name for thread in threading.enumerate()])

sys.meta_path.insert(0, Spy())
asyncio.run(main())
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.strip() == "['callmanager-numbers'] ['MainThread']"


@pytest.mark.parametrize(
    ("number", "can"), [("+12025550123", True), ("62626", True), ("AMAZON", False), ("", False), ("12", False)]
)
def test_a_name_has_no_way_back(number: str, can: bool) -> None:
    assert can_be_texted(number) is can

"""One person's messages come into one conversation, however the number is written."""

import pytest
from callmanager.messaging.notation import can_be_texted, simple_notation


@pytest.mark.parametrize(
    ("number", "normal"),
    [
        ("2025550123", "+12025550123"),
        ("12025550123", "+12025550123"),
        ("+12025550123", "+12025550123"),
        ("(202) 555-0123", "+12025550123"),
        ("+1 202.555.0123", "+12025550123"),
        ("+44 20 7946 0000", "+442079460000"),
        ("+2125550123", "+2125550123"),  # Morocco, not New York
        ("0151 23456789", "015123456789"),  # some country: the one who knows it decides
        ("62626", "62626"),
        ("1025550123", "1025550123"),  # no area code begins with 0
        ("AMAZON", "AMAZON"),
        ("\u202e321\u202c", "321"),
        ("", ""),
    ],
)
def test_numbers_in_one_notation(number: str, normal: str) -> None:
    assert simple_notation(number) == normal
    assert simple_notation(normal) == normal


@pytest.mark.parametrize(
    ("number", "can"), [("+12025550123", True), ("62626", True), ("AMAZON", False), ("", False), ("12", False)]
)
def test_a_name_has_no_way_back(number: str, can: bool) -> None:
    assert can_be_texted(number) is can

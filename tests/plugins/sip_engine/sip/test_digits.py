"""DTMF digits leave in order, once each, with pauses between them."""

import pytest
from callmanager_sip_engine.sip.digits import DIGIT_MS, GAP_MS, DigitError, DigitQueue


class FakeLine:
    """Sends nowhere and keeps a clock that the test turns."""

    def __init__(self):
        self.sent, self.failed, self.timers, self.fails_at = [], [], [], None

    def send_digit(self, digit, milliseconds):
        assert milliseconds == DIGIT_MS
        if digit == self.fails_at:
            raise DigitError("no way")
        self.sent.append(digit)
        return "rfc4733"

    def digit_sent(self, digit, method):
        assert (self.sent[-1], method) == (digit, "rfc4733")

    def digit_failed(self, digit, reason):
        self.failed.append((digit, reason))

    def call_later(self, seconds, job):
        assert seconds == pytest.approx((DIGIT_MS + GAP_MS) / 1000)
        self.timers.append(job)
        return self.timers.clear

    def turn(self):
        job = self.timers.pop()
        job()


@pytest.fixture
def line():
    return FakeLine()


@pytest.fixture
def queue(line):
    return DigitQueue(line, line.call_later)


def test_digits_leave_one_at_a_time_in_order(line, queue):
    queue.send("12")
    queue.send("3")
    assert line.sent == ["1"]
    for _ in range(3):
        line.turn()
    assert line.sent == ["1", "2", "3"]
    assert not line.timers
    queue.send("4")
    assert line.sent[-1] == "4"


def test_after_a_lost_digit_the_rest_is_not_sent(line, queue):
    line.fails_at = "2"
    queue.send("123")
    line.turn()
    assert (line.sent, line.failed) == (["1"], [("2", "no way")])
    assert not line.timers


@pytest.mark.parametrize("digits", ["", "12x", "1 2", "E", "1" * 300, "١"])
def test_what_is_no_digit_is_refused_as_a_whole(line, queue, digits):
    with pytest.raises(DigitError):
        queue.send(digits)
    assert not line.sent


def test_letters_are_taken_in_lower_case_too(line, queue):
    queue.send("d")
    assert line.sent == ["D"]


def test_a_call_that_ends_takes_its_digits_along(line, queue):
    queue.send("12")
    queue.clear()
    assert (line.sent, line.timers) == (["1"], [])

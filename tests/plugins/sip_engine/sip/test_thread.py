"""The SIP thread runs jobs and timers in order, wakes at once, and loses no exception."""

import contextlib
import socket
import threading
import time

import pytest
from callmanager_sip_engine.sip.thread import SipThread


class SocketPump:
    """A pump that waits on a loopback socket, as pjsua2 does."""

    def __init__(self, *, fails=False):
        self.fails, self.turns, self.closed = fails, 0, False

    def open(self):
        if self.fails:
            raise OSError("no library")
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        return self.socket.getsockname()[1]

    def turn(self, milliseconds):
        self.turns += 1
        self.socket.settimeout(milliseconds / 1000 or 0.0001)
        with contextlib.suppress(TimeoutError):
            self.socket.recv(10)

    def close(self):
        self.closed = True
        self.socket.close()


@pytest.fixture
def faults():
    return []


@pytest.fixture
def thread(faults):
    made = SipThread(SocketPump(), fault=faults.append)
    made.start()
    made.wait_opened()
    yield made
    assert made.stop(timeout=5)


def test_jobs_run_on_the_thread_in_order(thread):
    seen, done = [], threading.Event()
    for number in range(50):
        thread.submit(lambda n=number: seen.append((n, thread.is_current)))
    thread.submit(done.set)
    assert done.wait(5)
    assert seen == [(n, True) for n in range(50)]


def test_a_job_wakes_a_sleeping_thread(thread):
    """The thread sleeps a second at a time; twenty jobs one after another would take twenty without the bell."""
    began = time.monotonic()
    for _ in range(20):
        done = threading.Event()
        thread.submit(done.set)
        assert done.wait(5)
    print(f"{(time.monotonic() - began) / 20 * 1000:.2f} ms a job")
    assert thread._pump.turns < 200


def test_timers_run_in_the_order_of_their_times_and_can_be_called_off(thread):
    seen, done = [], threading.Event()

    def arrange():
        thread.call_later(0.03, lambda: (seen.append("late"), done.set()))
        thread.call_later(0.01, lambda: seen.append("early"))
        cancel = thread.call_later(0.02, lambda: seen.append("never"))
        cancel()
        cancel()

    thread.submit(arrange)
    assert done.wait(5)
    assert seen == ["early", "late"]


def test_a_job_that_raises_is_reported_and_the_next_one_runs(thread, faults, caplog):
    done = threading.Event()
    thread.submit(lambda: 1 / 0)
    thread.submit(done.set)
    assert done.wait(5)
    assert [type(fault) for fault in faults] == [ZeroDivisionError]
    assert "a job of the SIP thread failed" in caplog.text
    caplog.clear()


def test_what_was_submitted_before_the_end_still_runs(faults):
    thread, seen = SipThread(SocketPump(), fault=faults.append), []
    thread.start()
    thread.wait_opened()
    for number in range(5):
        thread.submit(lambda n=number: seen.append(n))
    assert thread.stop(timeout=5)
    assert seen == [0, 1, 2, 3, 4]
    assert thread._pump.closed


def test_a_library_that_does_not_open_is_told_to_who_waits(faults):
    thread = SipThread(SocketPump(fails=True), fault=faults.append)
    thread.start()
    with pytest.raises(OSError, match="no library"):
        thread.wait_opened()
    assert thread.stop(timeout=5)

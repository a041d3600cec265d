"""What goes wrong outside: one clear message each, nothing hangs, and the phone heals by itself when the cause is gone."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from desktop.desktop import Desktop
from desktop.phone import Phone, registered
from desktop.setting_up import set_up_by_keyboard
from pbx.bench import AsteriskPbx
from pbx.certificates import ServerCertificate

TITLE = "^PC CallManager [0-9]"
HEAL_SECONDS = 3.0
"""From the moment the cause is gone until the phone is registered again (issue of the first call, design section 8)."""

pytestmark = [pytest.mark.pbx, pytest.mark.slow]


@contextmanager
def phone_with(desktop: Desktop, profile: Path, pbx: AsteriskPbx, **changes) -> Iterator[Phone]:
    """A phone whose first page was filled in; `changes` are what the person got wrong."""
    with Phone(profile, "--audio", "none", environment=desktop.environment()) as phone:
        desktop.activate(desktop.wait_for_window(TITLE))
        phone.wait_for("there", bool)
        set_up_by_keyboard(desktop, **{"host": pbx.host, "account": pbx.account("2001"), "ca_file": pbx.ca_file} | changes)
        yield phone


def the_problem(phone: Phone, problem_id: str = "registration") -> dict:
    """The one problem of that name, once it is there; there is no second one about the connection."""
    status = phone.wait_for(
        f"problem {problem_id}", lambda status: any(problem["id"] == problem_id for problem in status["problems"])
    )
    found = [problem for problem in status["problems"] if problem["id"] != "no-key-store"]
    assert [problem["id"] for problem in found] == [problem_id], found
    assert found[0]["text"]
    assert found[0]["hint"]
    return found[0]


def wait_healed(phone: Phone, pbx: AsteriskPbx, what: str) -> None:
    began = time.monotonic()
    phone.wait_registered(seconds=30)
    pbx.wait_until(lambda: pbx.contacts("2001"), what="the contact on the PBX")
    took = time.monotonic() - began
    assert took < HEAL_SECONDS, f"registered {took:.1f} s after {what}"


def test_a_wrong_password_is_said_at_once_and_never_retried(desktop: Desktop, fresh_pbx: AsteriskPbx, tmp_path: Path):
    with phone_with(desktop, tmp_path / "profile", fresh_pbx, password="not-it") as phone:
        problem = the_problem(phone)
        assert "password" in problem["text"].lower()
        assert phone.status()["registration"]["state"] == "failed"
        fresh_pbx.link_down()  # what makes other causes try again must not make this one
        fresh_pbx.link_up()
        phone.cli("status")
        assert fresh_pbx.failed_registrations() == 1


def test_an_unknown_host_is_said(desktop: Desktop, pbx: AsteriskPbx, tmp_path: Path):
    with phone_with(desktop, tmp_path / "profile", pbx, host="no-such-host.invalid") as phone:
        assert "address" in the_problem(phone)["text"].lower()
        assert phone.status()["registration"]["failure"]["kind"] == "name"


def test_a_refused_port_is_said(desktop: Desktop, pbx: AsteriskPbx, tmp_path: Path):
    with phone_with(desktop, tmp_path / "profile", pbx, port=8090) as phone:
        the_problem(phone)
        assert phone.status()["registration"]["failure"]["kind"] == "refused"


@pytest.mark.parametrize(
    ("shown", "word"),
    [
        (ServerCertificate.EXPIRED, "expired"),
        (ServerCertificate.FOREIGN, "issuer"),
        (ServerCertificate.WRONG_NAME, "mismatch"),
    ],
)
def test_a_bad_certificate_is_shown_with_fingerprint_and_issuer(
    desktop: Desktop, make_pbx, tmp_path: Path, pictures: Path, shown: ServerCertificate, word: str
):
    pbx = make_pbx(certificate=shown)
    with phone_with(desktop, tmp_path / "profile", pbx) as phone:
        problem = the_problem(phone)
        assert "certificate" in problem["text"].lower()
        certificate = phone.status()["registration"]["failure"]["certificate"]
        assert word in certificate["problem"]
        assert certificate["sha256"] in problem["details"]
        assert certificate["issuer"] in problem["details"]
        desktop.picture(pictures / f"certificate-{shown.value}.png", desktop.wait_for_window(TITLE))
        assert not pbx.contacts("2001")


def test_a_pbx_killed_in_a_call_and_back_is_registered_with_again(desktop: Desktop, fresh_pbx: AsteriskPbx, tmp_path: Path):
    with phone_with(desktop, tmp_path / "profile", fresh_pbx) as phone:
        phone.wait_registered()
        phone.cli("dial", "602")
        phone.wait_for("talking", lambda status: status["calls"] and status["calls"][0]["call"]["state"] == "connected")
        fresh_pbx.kill()
        the_problem(phone)
        fresh_pbx.restart()
        wait_healed(phone, fresh_pbx, "the PBX was back")
        phone.wait_for("the dead call has ended", lambda status: not status["calls"], seconds=40)
        phone.wait_for("no problem is left", lambda status: [p["id"] for p in status["problems"]] in ([], ["no-key-store"]))


def test_a_cut_network_and_back_is_registered_with_again(desktop: Desktop, fresh_pbx: AsteriskPbx, tmp_path: Path):
    with phone_with(desktop, tmp_path / "profile", fresh_pbx) as phone:
        phone.wait_registered()
        fresh_pbx.link_down()
        phone.wait_for("not registered", lambda status: not registered(status), seconds=20)
        the_problem(phone)
        fresh_pbx.link_up()
        wait_healed(phone, fresh_pbx, "the network was back")


def test_a_killed_engine_is_replaced_and_registers_again(desktop: Desktop, fresh_pbx: AsteriskPbx, tmp_path: Path):
    with phone_with(desktop, tmp_path / "profile", fresh_pbx) as phone:
        phone.wait_registered()
        phone.cli("dial", "602")
        phone.wait_for("talking", lambda status: status["calls"] and status["calls"][0]["call"]["state"] == "connected")
        phone.kill_engine()
        phone.wait_for("the call is gone", lambda status: not status["calls"])
        wait_healed(phone, fresh_pbx, "the engine was killed")
        phone.cli("dial", "602")
        phone.wait_for("talking again", lambda status: status["calls"] and status["calls"][0]["call"]["state"] == "connected")

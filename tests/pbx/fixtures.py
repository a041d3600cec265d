"""Fixtures that hand the PBX to tests; loaded as a pytest plugin under the name `pbx.fixtures`."""

import os
from collections.abc import Callable, Generator, Iterator

import pytest

from pbx.bench import AsteriskPbx
from pbx.certificates import ServerCertificate
from pbx.config import PbxOptions
from pbx.places import PbxUnavailable

PbxFactory = Callable[..., AsteriskPbx]


def start_or_skip(pbx: AsteriskPbx) -> AsteriskPbx:
    """Start it; where it cannot run, skip the test with the reason, or fail it where `CI` is set."""
    try:
        pbx.start()
    except PbxUnavailable as error:
        if os.environ.get("CI"):
            pytest.fail(f"no PBX, and CI is set: {error}", pytrace=False)
        pytest.skip(f"no PBX: {error}")
    return pbx


@pytest.fixture(scope="session")
def shared_pbx() -> Iterator[AsteriskPbx]:
    """One PBX for the whole run; use `pbx`, which leaves it clean."""
    pbx = start_or_skip(AsteriskPbx())
    try:
        yield pbx
    finally:
        pbx.stop()


@pytest.fixture
def pbx(shared_pbx: AsteriskPbx, request: pytest.FixtureRequest) -> Iterator[AsteriskPbx]:
    """The run's PBX, up and linked, without calls. Tests that kill, cut or re-certify it take `fresh_pbx`."""
    start = len(shared_pbx.logs)
    yield shared_pbx
    shared_pbx.hang_up()
    _attach_log(request, shared_pbx, start)


@pytest.fixture
def make_pbx(request: pytest.FixtureRequest) -> Iterator[PbxFactory]:
    """Return a factory for PBXes of the test's own: ``make_pbx(certificate=..., options=...)``; stopped after it."""
    started: list[AsteriskPbx] = []

    def make(*, certificate: ServerCertificate = ServerCertificate.VALID, options: PbxOptions | None = None) -> AsteriskPbx:
        pbx = AsteriskPbx(certificate=certificate, options=options)
        started.append(pbx)
        return start_or_skip(pbx)

    try:
        yield make
    finally:
        for pbx in started:
            if pbx.is_up:
                _attach_log(request, pbx, 0)
            pbx.stop()


@pytest.fixture
def fresh_pbx(make_pbx: PbxFactory) -> AsteriskPbx:
    """A PBX of this test's own, to be killed, cut off and restarted at will (0.6 s to start)."""
    return make_pbx()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """Skip what this machine's PBX cannot do, such as cutting the cable of an Asterisk on the machine itself."""
    try:
        return (yield)
    except PbxUnavailable as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


def _attach_log(request: pytest.FixtureRequest, pbx: AsteriskPbx, start: int) -> None:
    # pytest shows these sections only for a test that failed.
    if text := pbx.logs[start:]:
        request.node.add_report_section("teardown", "asterisk", text[-20_000:])
